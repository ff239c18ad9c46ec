"""Pictures of boxes with text and arrows between them, as SVG and as PNG."""

from __future__ import annotations

import html
import itertools
from typing import NamedTuple

import numpy as np

from weft.extend import encode_png

#: the size of a letter with what is around it
LETTER, LINE = 6.0, 10.0
Colour = tuple[int, int, int]
WHITE, BLACK, DARK, GREY = (255, 255, 255), (0, 0, 0), (38, 38, 38), (150, 150, 150)
GREEN, RED = (34, 139, 34), (178, 34, 34)


class Rectangle(NamedTuple):
    """A box with a line of text in its middle."""

    left: float
    top: float
    width: float
    height: float
    text: str
    fill: Colour | None
    ink: Colour
    border: Colour


class Picture(NamedTuple):
    """Boxes, arrows, and the size of all."""

    rectangles: list[Rectangle]
    arrows: list[list[tuple[float, float]]]
    width: float
    height: float


def _text_start(box: Rectangle) -> tuple[float, float]:
    """Where the text begins, and the height of its middle; a frame has it in its corner."""
    if box.fill is None:
        return box.left + 4, box.top + 8
    return box.left + (box.width - len(box.text) * LETTER) / 2, box.top + box.height / 2


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def as_svg(picture: Picture, dpi: int = 96) -> str:
    """The picture as SVG."""
    scale = dpi / 96
    lines = [
        (f'<svg xmlns="http://www.w3.org/2000/svg" width="{picture.width * scale:.0f}" '
        f'height="{picture.height * scale:.0f}" viewBox="0 0 {picture.width:.1f} {picture.height:.1f}">'),
        ('<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
        'orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>'),
        f'<rect width="100%" height="100%" fill="{_hex(WHITE)}"/>',
    ]
    for box in picture.rectangles:
        fill = "none" if box.fill is None else _hex(box.fill)
        dashes = ' stroke-dasharray="4 3"' if box.fill is None else ""
        lines.append(
            f'<rect x="{box.left:.1f}" y="{box.top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" '
            f'fill="{fill}" stroke="{_hex(box.border)}"{dashes}/>'
        )
        if box.text:
            x, y = _text_start(box)
            lines.append(
                f'<text x="{x:.1f}" y="{y:.1f}" fill="{_hex(box.ink)}" font-family="monospace" font-size="{LINE:.0f}" '
                f'dominant-baseline="central" textLength="{len(box.text) * LETTER:.0f}">{html.escape(box.text)}</text>'
            )
    for points in picture.arrows:
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        lines.append(f'<path d="{path}" fill="none" stroke="{_hex(BLACK)}" marker-end="url(#arrow)"/>')
    return "\n".join([*lines, "</svg>", ""])


def as_png(picture: Picture, dpi: int = 200) -> bytes:
    """The picture as PNG; a unit of the picture is `dpi / 96` pixels, rounded to a whole number of them."""
    scale = max(1, round(dpi / 96))
    canvas = np.full((int(picture.height * scale) + 1, int(picture.width * scale) + 1, 3), 255, np.uint8)
    for box in picture.rectangles:
        _draw_box(canvas, box, scale)
    for points in picture.arrows:
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            _draw_line(canvas, x0 * scale, y0 * scale, x1 * scale, y1 * scale, max(1, scale // 2))
        _draw_head(canvas, points[-2], points[-1], scale)
    return encode_png(canvas)


def _draw_box(canvas: np.ndarray, box: Rectangle, scale: int) -> None:
    left, top = round(box.left * scale), round(box.top * scale)
    right, bottom = round((box.left + box.width) * scale), round((box.top + box.height) * scale)
    if box.fill is not None:
        canvas[top : bottom + 1, left : right + 1] = box.fill
    for line in (canvas[top, left : right + 1], canvas[bottom, left : right + 1],
                 canvas[top : bottom + 1, left], canvas[top : bottom + 1, right]):  # fmt: skip
        line[:] = box.border
    start, middle = _text_start(box)
    for n, character in enumerate(box.text):
        x, y = round((start + n * LETTER) * scale), round((middle - 3.5) * scale)
        _draw_letter(canvas, character, x, y, scale, box.ink)


def _draw_letter(canvas: np.ndarray, character: str, left: int, top: int, scale: int, ink: Colour) -> None:
    rows = _GLYPHS.get(character, _GLYPHS["?"])
    top += 2 * scale if character in "gpqy" else 0
    for y, row in enumerate(rows):
        bits = int(row, 32)
        for x in range(5):
            if bits >> (4 - x) & 1:
                canvas[top + y * scale : top + (y + 1) * scale, left + x * scale : left + (x + 1) * scale] = ink


def _draw_line(canvas: np.ndarray, x0: float, y0: float, x1: float, y1: float, wide: int) -> None:
    steps = int(max(abs(x1 - x0), abs(y1 - y0))) + 1
    xs = np.rint(np.linspace(x0, x1, steps)).astype(int)
    ys = np.rint(np.linspace(y0, y1, steps)).astype(int)
    for dy in range(wide):
        for dx in range(wide):
            inside = (ys + dy < canvas.shape[0]) & (xs + dx < canvas.shape[1]) & (ys + dy >= 0) & (xs + dx >= 0)
            canvas[ys[inside] + dy, xs[inside] + dx] = BLACK


def _draw_head(canvas: np.ndarray, before: tuple[float, float], tip: tuple[float, float], scale: int) -> None:
    way = np.array(tip) - np.array(before)
    way = way / max(float(np.hypot(*way)), 1e-9)
    side = np.array([-way[1], way[0]])
    back = np.array(tip) - way * 8
    for share in np.linspace(-1, 1, 8 * scale):
        x, y = back + side * (share * 4)
        _draw_line(canvas, x * scale, y * scale, tip[0] * scale, tip[1] * scale, max(1, scale // 2))


#: letters of five by seven dots: a digit to base 32 for each row
_GLYPHS = dict(zip(
    map(chr, range(32, 127)),
    "0000000 4444404 aa00000 aavavaa 4fke5u4 op248j3 cik8lid 4400000 2488842 8422248 04lel40 044v440 0000448 000v000 "
    "00000cc 01248g0 ehjlphe 4c4444e eh1248v v2421he 26aiv22 vgu11he 68guhhe v124888 ehhehhe ehhf12c 0cc0cc0 0cc0c48 "
    "248g842 00v0v00 8421248 eh12404 eh1dlle ehhvhhh uhhuhhu ehggghe sihhhis vgguggv vgguggg ehgnhhf hhhvhhh e44444e "
    "72222ic hikokih ggggggv hrllhhh hhpljhh ehhhhhe uhhuggg ehhhlid uhhukih fgge11u v444444 hhhhhhe hhhhha4 hhhllla "
    "hha4ahh hhha444 v1248gv e88888e 0g84210 e22222e 4ah0000 000000v 8420000 00e1fhf ggmphhu 00egghe 11djhhf 00ehvge "
    "698s888 fhhhf1e ggmphhh 40c444e 20622ic ggikoki c44444e 00qllhh 00mphhh 00ehhhe uhhhugg fhhhf11 00mpggg 00ege1u "
    "88s8896 00hhhjd 00hhha4 00hhlla 00ha4ah hhhhf1e 00v248v 2448442 4444444 8442448 008l200".split(),
    strict=True,
))  # fmt: skip
