"""The progress bar: live on a terminal, a line at the end in a log, HTML in a notebook."""

from __future__ import annotations

import html
import shutil
import sys
import time
from collections.abc import Iterable
from typing import Any, TextIO

from weft.keras.utils.notebook import Shown

#: seconds between two updates of a live bar
INTERVAL = 0.1
#: the most rows that one display of a notebook holds; each update sends them all
NOTEBOOK_ROWS = 50
#: the shortest bar that is worth its room, in characters
_SHORTEST = 5
_UNICODE = ("━", "╸", "─")
_ASCII = ("=", ">", ".")


class Progbar:
    """Shows how far a loop is.

    Args:
        target: The number of steps; None where nobody knows.
        width: The bar's width in characters.
        verbose: 0 shows nothing, 1 a live bar (in a log: a line at the end), 2 a line at the end.
        interval: Least time between two updates in seconds.
        stateful_metrics: Names of values that are shown as they are; others are averaged over steps.
        stateless_metrics: The other way round: names of values that are averaged.
        unit_name: What a step is called.

    Raises:
        ValueError: For both kinds of names at once.

    Example:
        >>> from weft import keras
        >>> bar = keras.utils.Progbar(2, verbose=0)
        >>> bar.update(1, [("loss", 0.5)])
        >>> bar.update(2, [("loss", 0.3)])
    """

    def __init__(
        self, target: int | None, width: int = 20, verbose: int = 1, interval: float = INTERVAL,
        stateful_metrics: Iterable[str] | None = None, stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:  # fmt: skip
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("Progbar: Only one of `stateful_metrics` and `stateless_metrics` can be given.")
        self.stateful_metrics = set(stateful_metrics or ())
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self._values: dict[str, Any] = {}
        self._seen = 0
        self._start = time.perf_counter()
        self._last = -1.0
        self._shown = 0
        self._notebook = notebook_display() if verbose == 1 else None
        self._title = ""
        self.finalized = False

    def continue_on(self, page: NotebookDisplay, title: str) -> None:
        """Shows the bar below those that a notebook's display shows already.

        Args:
            page: The display.
            title: What stands before the bar.
        """
        self._notebook, self._title = page, title

    @property
    def live(self) -> bool:
        """Whether there is a bar that changes in place."""
        return self.verbose == 1 and (self._notebook is not None or _is_terminal(sys.stdout))

    def due(self, now: float | None = None) -> bool:
        """Whether enough time has passed since the last update for another one to be shown."""
        return self.live and (time.perf_counter() if now is None else now) - self._last >= self.interval

    def update(self, current: int, values: Any = None, finalize: bool | None = None) -> None:
        """Shows a step.

        Args:
            current: Its number, from 1.
            values: Pairs of name and value.
            finalize: Whether it is the last; where None, it is when `current` reaches the target.
        """
        last = finalize if finalize is not None else (self.target is not None and current >= self.target)
        self._take(current, values, last)
        if self.verbose not in (1, 2) or self.finalized:
            return
        now = time.perf_counter()
        if not last and (not self.live or now - self._last < self.interval):
            return
        self._last = now
        if self.live:
            self._draw(current, now, last)
        elif last:
            print(self._line(current, now), flush=True)
        self.finalized = last

    def add(self, n: int, values: Any = None) -> None:
        """Shows `n` more steps."""
        self.update(self._seen + n, values)

    def _take(self, current: int, values: Any, last: bool) -> None:
        steps = max(current - self._seen, 1)
        for name, value in values or ():
            if self._is_shown_as_it_is(name) or isinstance(value, list):
                self._values[name] = value
            elif last:  # counts alone, as in Keras
                self._values[name] = (value, 1)
            else:
                total, count = self._values.get(name, (0.0, 0))
                self._values[name] = (total + value * steps, count + steps)
        self._seen = current

    def _is_shown_as_it_is(self, name: str) -> bool:
        if self.stateless_metrics is not None:
            return name not in self.stateless_metrics
        return name in self.stateful_metrics

    def _numbers(self) -> list[tuple[str, float]]:
        found = []
        for name, value in self._values.items():
            try:
                number = value[0] / max(value[1], 1) if isinstance(value, tuple) else float(value)
            except (TypeError, ValueError):
                continue  # an array: there is no room for it
            found.append((name, number))
        return found

    def _metrics(self) -> str:
        return "".join(f" - {name}: {_number(value)}" for name, value in self._numbers())

    def _pace(self, current: int, now: float) -> str:
        each = (now - self._start) / max(current, 1)
        return f"{_duration(each)}/{self.unit_name}"

    def _line(self, current: int, now: float) -> str:
        of = f"{current}/{self.target if self.target is not None else current}"
        return f"{of} - {_clock(now - self._start)} - {self._pace(current, now)}{self._metrics()}"

    def _times(self, current: int, now: float, last: bool) -> str:
        if last or self.target is None or current == 0:
            return f"{_clock(now - self._start)} {self._pace(current, now)}"
        left = (now - self._start) / current * (self.target - current)
        return f"{_clock(left)} left {self._pace(current, now)}"

    def _bar(self, current: int, width: int) -> str:
        full, edge, empty = _UNICODE if _encodes(sys.stdout, "".join(_UNICODE)) else _ASCII
        done = min(int(width * current / max(self.target or 0, 1)), width)
        return full * done + (edge if done < width else "") + empty * (width - done - 1)

    def _draw(self, current: int, now: float, last: bool) -> None:
        tail = f" {self._times(current, now, last)}{self._metrics()}"
        if self._notebook is not None:
            of = f"{self._title} {current}/{self.target or '?'}".strip()
            self._notebook.show(_html_bar(of, current, self.target, tail, last), of + tail, last)
            return
        columns = shutil.get_terminal_size((100, 20)).columns - 1
        if self.target is None:
            text = f"{current}/?{tail}"
        else:
            count = f"{current:>{len(str(self.target))}}/{self.target}"
            room = columns - len(count) - len(tail) - 1
            # On a narrow terminal the numbers matter more than the bar.
            bar = self._bar(current, min(self.width, room)) if room >= _SHORTEST else ""
            text = f"{count} {bar}{tail}" if bar else count + tail
        if not last:  # a line in the making must not wrap, or it could not be drawn over; the last one keeps all
            text = text[: max(columns, 20)]
        sys.stdout.write("\r" + text + " " * max(self._shown - len(text), 0) + ("\n" if last else ""))
        sys.stdout.flush()
        self._shown = len(text)


def _number(value: float) -> str:
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e5 else f"{value:.4e}"


def _duration(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.0f}s"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    if whole >= 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}" if whole >= 60 else f"{whole}s"


def _is_terminal(stream: TextIO) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def _encodes(stream: TextIO, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


class NotebookDisplay:
    """One place in a notebook's output that changes: rows that are done, and the one that is not."""

    def __init__(self, display: Any) -> None:
        self._display = display
        self._handle: Any = None
        self._rows: list[tuple[str, str]] = []
        self._left_out = 0

    def show(self, row: str, text: str, last: bool) -> None:
        """Shows a row in place of the one before, or below it where that was done.

        Args:
            row: HTML.
            text: The same as text.
            last: Whether the row is done.
        """
        rows = [*self._rows, (row, text)]
        if self._left_out:
            more = f"… {self._left_out} more above"
            rows.insert(0, (f"<div>{more}</div>", more))
        joined = "".join(each for each, _ in rows)
        shown = Shown(f'<div style="font-family:monospace">{joined}</div>', "\n".join(each for _, each in rows))
        if self._handle is None:
            self._handle = self._display(shown, display_id=True)
        else:
            self._handle.update(shown)
        if last:
            self._rows.append((row, text))
            if len(self._rows) > NOTEBOOK_ROWS:
                self._left_out += 1
                del self._rows[0]


def notebook_display() -> NotebookDisplay | None:
    """A display where this runs in a notebook's kernel, else None."""
    shell = sys.modules.get("IPython")
    if shell is None:
        return None
    running = shell.get_ipython()
    if running is None or not hasattr(running, "kernel"):
        return None
    from IPython.display import display

    return NotebookDisplay(display)


def _html_bar(of: str, current: int, target: int | None, tail: str, last: bool) -> str:
    share = 100 if last or not target else round(100 * current / target)
    return (
        f"<div>{html.escape(of)} "
        f'<progress value="{share}" max="100" style="width:12em"></progress>{html.escape(tail)}</div>'
    )
