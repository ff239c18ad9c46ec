"""Takes the picture of docs/tensorboard.md: TensorBoard's pages of a run logged by Weft, photographed in Chromium.

    pip install tensorboard
    python tools/tensorboard_pictures.py

runs `examples/tf2/tensorboard_logging.py` with `weft run`, lets TensorBoard serve what that wrote on 127.0.0.1, opens
the pages of scalars, images, histograms and the graph in a headless Chromium, and puts them on one sheet.
`--logdir` photographs a folder of logs that there already is; `--tensorboard` and `--chromium` name the two programs
where they are not on the path. Look at the picture before it is committed: a page without data is a page, too.
"""

import argparse
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("scalars", "images", "histograms", "graphs")
WINDOW = (1100, 720)
WIDTH = 720  # of a page on the sheet
COLOURS = 64
# Nothing of a browser's own may be fetched, and nothing of its user's be read.
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync --hide-scrollbars""".split()


def logged(folder: str) -> str:
    """A folder of the run that the example writes by hand, with every kind of summary, and of no other.

    TensorBoard's page of graphs shows the first run's, and cannot be told another's by its address.
    """
    program = ROOT / "examples" / "tf2" / "tensorboard_logging.py"
    command = [sys.executable, "-m", "weft", "run", str(program), "--logdir", folder]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": path})
    shutil.rmtree(os.path.join(folder, "by_fit"))
    return folder


@contextlib.contextmanager
def served(program: str, logdir: str, patience: float = 60) -> Iterator[str]:
    """TensorBoard's address while it serves `logdir`, on a free port of this machine only."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [program, "--logdir", logdir, "--host", "127.0.0.1", "--port", str(port), "--load_fast=false"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            address = f"http://127.0.0.1:{port}/"
            wait_for_runs(address, server, patience)
            yield address
        finally:
            server.terminate()


def wait_for_runs(address: str, server: subprocess.Popen[bytes], patience: float) -> None:
    """Returns once TensorBoard answers and has read the logs (it lists no run before).

    Raises:
        RuntimeError: If it ends, or lists no run within `patience` seconds.
    """
    end = time.monotonic() + patience
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            with urllib.request.urlopen(address + "data/runs", timeout=5) as answer:
                if answer.read().strip() not in (b"", b"[]"):
                    return
        time.sleep(0.5)
    raise RuntimeError(
        "tensorboard ended before it answered"
        if server.poll() is not None
        else f"tensorboard listed no run within {patience:g} s; does the folder hold event files?"
    )


def photographed(program: str, address: str, to: Path) -> Image.Image:
    """The page at an address, after its scripts have had half a minute of the browser's own clock."""
    with tempfile.TemporaryDirectory() as profile:
        width, height = WINDOW
        command = [program, *FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"]
        command += ["--virtual-time-budget=30000", f"--screenshot={to}", address]
        subprocess.run(command, check=True, timeout=180, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with Image.open(to) as picture:
        return picture.convert("RGB")


def sheet(pages: list[Image.Image], width: int = WIDTH, gap: int = 8) -> Image.Image:
    """Pages of one size, shrunk to `width` and laid in two columns, in few colours."""
    height = round(pages[0].height * width / pages[0].width)
    rows = -(-len(pages) // 2)
    whole = Image.new("RGB", (2 * width + gap, rows * height + (rows - 1) * gap), "white")
    for number, page in enumerate(pages):
        place = (number % 2 * (width + gap), number // 2 * (height + gap))
        whole.paste(page.resize((width, height), Image.Resampling.LANCZOS), place)
    return whole.quantize(COLOURS, dither=Image.Dither.NONE)


def main(arguments: list[str] | None = None) -> None:
    """Takes the pictures and says where they lie."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logdir", help="logs to photograph in place of the example's")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "pictures" / "tensorboard.png")
    parser.add_argument("--tensorboard", default="tensorboard", help="the program")
    parser.add_argument("--chromium", default="chromium", help="the program")
    parser.add_argument("--pages", nargs="+", default=list(PAGES), help="names of TensorBoard's pages")
    options = parser.parse_args(arguments)
    for program in (options.tensorboard, options.chromium):
        if shutil.which(program) is None:
            parser.error(f"there is no program {program!r} here: install it, or say where it is")
    with tempfile.TemporaryDirectory() as folder:
        logdir = options.logdir or logged(os.path.join(folder, "logs"))
        with served(options.tensorboard, logdir) as address:
            pages = [photographed(options.chromium, f"{address}#{page}", Path(folder, f"{page}.png"))
                     for page in options.pages]  # fmt: skip
    options.to.parent.mkdir(parents=True, exist_ok=True)
    sheet(pages).save(options.to, optimize=True)
    print(f"{options.to}: {', '.join(options.pages)}; {options.to.stat().st_size} bytes")


if __name__ == "__main__":
    main()
