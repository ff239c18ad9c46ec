"""Shows an uncaught error at the user's own lines, without the frames inside Weft. `WEFT_DEBUG=1` shows all."""

import os
import sys
import threading
import traceback
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from weft.base import flags
from weft.compat.dialect import is_library
from weft.compat.reading import note_python_2

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
# Frames that tell nobody anything, not even under WEFT_DEBUG: an import, and the runner itself.
_MACHINERY = (os.path.dirname(os.path.abspath(__file__)) + os.sep, os.path.join(_PACKAGE, "cli") + os.sep, "<frozen ")


def format_error(error: BaseException) -> str:
    """Word an error for its user.

    Args:
        error: With its traceback.

    Returns:
        What Python prints, but for frames inside Weft and inside the libraries that Weft calls.
    """
    if isinstance(error, SyntaxError):
        note_python_2(error)
    report = traceback.TracebackException.from_exception(error, compact=True)
    hidden = 0 if flags.debug() else _trim_chain(report)
    text = "".join(report.format()) + _advice(error)
    if hidden:
        text += f"({hidden} frame{'s' if hidden > 1 else ''} inside Weft not shown; WEFT_DEBUG=1 shows them)\n"
    return text


def _advice(error: BaseException) -> str:
    """The next step after an error that Weft did not raise itself, and which TensorFlow's habits lead to."""
    if isinstance(error, AttributeError) and getattr(error, "name", None) == "numpy":
        if type(getattr(error, "obj", None)).__module__ == "numpy":
            line = last_user_line(error.__traceback__)
            where = f" in {line}" if line else ""
            problem = "this is a numpy array already, as `predict` returns it"
            return f"  next: {problem}: write it without `.numpy()`{where}\n"
    return ""


def user_frames(filenames: Iterable[str]) -> list[bool]:
    """Tell which frames of a stack, outermost first, are the user's business.

    Everything is that but Weft's own frames and what Weft calls in installed libraries. A function of the user's that
    Weft calls back is shown.
    """
    shown = []
    inside = False
    for name in filenames:
        if name.startswith((_PACKAGE, "<frozen ")):
            inside = True
        elif not (inside and is_library(name)):
            inside = False
        shown.append(not inside)
    return shown


def last_user_line(trace: TracebackType | None) -> str | None:
    """Give ``file:line`` of the innermost frame that is the user's, None where there is none."""
    frames = list(traceback.walk_tb(trace))
    flags_shown = user_frames(frame.f_code.co_filename for frame, _ in frames)
    lines = [(frame.f_code.co_filename, line) for (frame, line), shown in zip(frames, flags_shown) if shown]
    return f"{os.path.basename(lines[-1][0])}:{lines[-1][1]}" if lines else None


def _trim_chain(report: traceback.TracebackException) -> int:
    """Trim an error and those that led to it; give the number of frames left out."""
    hidden = _trim(report)
    if report.__cause__ is not None:
        hidden += _trim_chain(report.__cause__)
    context = report.__context__
    if context is not None and not report.__suppress_context__:
        if any(user_frames(frame.filename for frame in context.stack or ())):
            hidden += _trim_chain(context)
        else:  # an error inside Weft that Weft itself turned into the one at hand
            hidden += _count(context.stack or ())
            report.__suppress_context__ = True
    for part in getattr(report, "exceptions", None) or ():
        hidden += _trim_chain(part)
    return hidden


def _trim(report: traceback.TracebackException) -> int:
    frames = list(report.stack or ())
    kept = [frame for frame, shown in zip(frames, user_frames(frame.filename for frame in frames)) if shown]
    if not kept and not _is_syntax_error(report):
        return 0  # nothing of the user's: then the whole is what can be told
    report.stack = traceback.StackSummary.from_list(kept)
    if not kept:
        report.stack = None  # type: ignore[assignment]
    return _count(frames) - _count(kept)


def _count(frames: Iterable[traceback.FrameSummary]) -> int:
    return sum(not frame.filename.startswith(_MACHINERY) for frame in frames)


def _is_syntax_error(report: traceback.TracebackException) -> bool:
    return getattr(report, "filename", None) is not None and hasattr(report, "offset")


def show(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Print an uncaught error; fits `sys.excepthook`."""
    if error is None:
        error = kind()
    if error.__traceback__ is not trace:
        error = error.with_traceback(trace)
    print(format_error(error), end="", file=sys.stderr)


def show_in_thread(details: Any) -> None:
    """Print an uncaught error of a thread; fits `threading.excepthook`."""
    if details.exc_type is SystemExit:
        return
    name = details.thread.name if details.thread is not None else threading.get_ident()
    print(f"Exception in thread {name}:", file=sys.stderr)
    trace = details.exc_traceback
    while trace is not None and trace.tb_next is not None and trace.tb_frame.f_code.co_filename == threading.__file__:
        trace = trace.tb_next
    show(details.exc_type, details.exc_value, trace)
