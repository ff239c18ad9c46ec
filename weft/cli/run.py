"""`weft run`: run an unmodified program that says `import tensorflow` or `import keras`, as `python` would run it."""

import argparse
import builtins
import importlib
import importlib.machinery
import importlib.util
import io
import os
import sys
import threading
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from weft.cli import CommandError
from weft.compat import removed, tracebacks
from weft.compat.binding import Binding
from weft.compat.dialect import NEUTRAL, Verdict, judge_file, judge_source
from weft.compat.hook import install

INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended


class Program(NamedTuple):
    """What to run: its code, the file that says what it is, and what `__main__` is told about it.

    Args:
        code: None for a module, which is compiled after the packages above it have been imported.
        file: What `__file__` is; None for a program from standard input.
        folder: What comes first on `sys.path`.
        spec: What becomes `__main__.__spec__`; None for scripts, as under `python`.
        verdict: Its dialect.
    """

    code: CodeType | None
    file: str | None
    folder: str
    spec: importlib.machinery.ModuleSpec | None
    verdict: Verdict


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `weft run`."""
    parser.usage = "weft run [options] SCRIPT [arguments]\n       weft run [options] -m MODULE [arguments]"
    parser.description = (
        "Run a Python program with `tensorflow` and `keras` meaning Weft. Options of weft run come before the program; "
        "everything after it is the program's own."
    )
    parser.add_argument(
        "--dialect",
        choices=("auto", "v1", "v2"),
        default="auto",
        help="which TensorFlow `import tensorflow` is: 1 or 2, or as each file's source tells (auto, the default)",
    )
    parser.add_argument("--engine", choices=("reference", "native", "xla"), help="the engine to compute with")
    parser.add_argument("-m", dest="module", action="store_true", help="the program is a module, as for python -m")
    parser.add_argument("program", nargs=argparse.REMAINDER, help="the script (- for standard input) and its arguments")


def main(args: argparse.Namespace) -> int:
    """Run the program; the status is the program's."""
    del args.program[: args.program[:1] == ["--"]]
    if not args.program:
        raise CommandError("there is nothing to run. Name a script: weft run train.py")
    if args.engine:
        choose_engine(args.engine)
    target, *rest = args.program
    sys.argv = ["-m" if args.module else target, *rest]
    try:
        program = _find_module(target) if args.module else _find_script(target)
    except SyntaxError as error:
        tracebacks.show(type(error), error.with_traceback(None), None)
        return 1
    _enter(program.folder)
    name = program.file or os.path.join(program.folder, target)
    binding = Binding(args.dialect, program.verdict, name, override="--dialect v2")
    install(binding)
    if binding.verdict.dialect == "v1":
        removed.print_as_then()
    return _execute(program, target)


def choose_engine(name: str) -> None:
    """Make an engine the one of this process and of those that it starts."""
    os.environ["WEFT_ENGINE"] = name  # in the environment, so that child processes see it too


# --- finding ---------------------------------------------------------------------------------------------------------


def _find_script(target: str) -> Program:
    """Compile a script, a folder or archive with a `__main__.py`, or what comes from standard input."""
    if target == "-":
        source = sys.stdin.read()
        code = compile(source, "<stdin>", "exec", dont_inherit=True)
        return Program(code, None, os.getcwd(), None, judge_source(source, os.getcwd(), "<stdin>"))
    if target.endswith(".ipynb"):
        raise CommandError(
            f"{target} is a notebook. Run it in Jupyter, with weft.install_as_tensorflow() in a first cell"
        )
    if os.path.isdir(target) or target.endswith((".zip", ".pyz")):
        return _find_main_inside(target)
    path = os.path.abspath(target)
    try:
        with io.open_code(path) as file:
            source_bytes = file.read()
    except OSError as error:
        raise CommandError(f"can't open file {target!r}: {error.strerror}") from None
    code = compile(source_bytes, path, "exec", dont_inherit=True)
    return Program(code, path, os.path.dirname(os.path.realpath(path)), None, judge_file(path))


def _find_main_inside(target: str) -> Program:
    """Find the `__main__` of a folder or an archive."""
    importlib.invalidate_caches()
    spec = importlib.machinery.PathFinder.find_spec("__main__", [os.path.abspath(target)])
    if spec is None or spec.loader is None:
        raise CommandError(f"can't find '__main__' module in {target!r}")
    get_code: Any = spec.loader.get_code  # type: ignore[attr-defined]
    verdict = judge_file(spec.origin) if spec.origin and os.path.isfile(spec.origin) else NEUTRAL
    return Program(get_code("__main__"), spec.origin, os.path.abspath(target), spec, verdict)


def _find_module(name: str) -> Program:
    """Find a module without running any code of it or of the packages above it."""
    folder = os.getcwd()
    _enter(folder)
    spec = _locate(name)
    if spec is None:
        raise CommandError(f"there is no module named {name!r}")
    if spec.submodule_search_locations is not None:
        spec = _locate(f"{name}.__main__")
        if spec is None:
            raise CommandError(f"{name!r} is a package without a __main__ module, so it cannot be run directly")
    is_source = spec.origin is not None and spec.origin.endswith(".py")
    return Program(None, spec.origin, folder, spec, judge_file(spec.origin) if spec.origin and is_source else NEUTRAL)


def _locate(name: str) -> importlib.machinery.ModuleSpec | None:
    """Find a module's spec. Unlike `importlib.util.find_spec`, this imports no package on the way."""
    find = importlib.machinery.PathFinder.find_spec
    places: list[str] | None = None
    *packages, last = name.split(".")
    for package in packages:
        # By its last name: a namespace inside a package would ask for that package in sys.modules.
        spec = find(package, places)
        if spec is None or spec.submodule_search_locations is None:
            return None
        places = list(spec.submodule_search_locations)
    spec = find(last, places)
    is_package = spec is None or spec.submodule_search_locations is not None
    return spec if is_package else find(name, places)


# --- running ---------------------------------------------------------------------------------------------------------


def _enter(folder: str) -> None:
    """Put a folder first on the path, in the place where Python has put that of `weft` itself."""
    if not sys.flags.safe_path:
        sys.path[0] = folder


def _execute(program: Program, target: str) -> int:
    """Run the code as `__main__`, and show what it raises as Python would, without Weft's frames."""
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = tracebacks.show
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = tracebacks.show_in_thread
    removed.supply_python_names()
    removed.supply_numpy_names()
    try:
        code, module = _make_main(program, target)
        exec(code, module.__dict__)
    except SystemExit:
        raise
    except KeyboardInterrupt as error:
        line = tracebacks.last_user_line(error.__traceback__)
        print(f"\nweft: interrupted{f' at {line}' if line else ''}", file=sys.stderr)
        return INTERRUPTED
    except BaseException as error:
        error = error.with_traceback(_outside_runner(error))
        removed.advise(error)
        sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    return 0


def _make_main(program: Program, target: str) -> tuple[CodeType, ModuleType]:
    """Make the `__main__` module; the one that started `weft` goes on living in the caller's frames."""
    code, spec = program.code, program.spec
    if code is None:
        assert spec is not None and spec.loader is not None
        if spec.parent:
            importlib.import_module(spec.parent)
        code = spec.loader.get_code(spec.name)  # type: ignore[attr-defined]
        if code is None:
            raise ImportError(f"No code object available for {spec.name}", name=spec.name)
        sys.argv[0] = spec.origin or target
    module = ModuleType("__main__")
    details = {
        "__file__": program.file,
        "__builtins__": builtins,
        "__spec__": spec,
        "__package__": spec.parent if spec is not None else None,
        "__loader__": spec.loader if spec is not None else _loader(program.file),
        "__cached__": spec.cached if spec is not None else None,
    }
    if program.file is None:
        del details["__file__"]
    module.__dict__.update(details)
    sys.modules["__main__"] = module
    return code, module


def _loader(file: str | None) -> Any:
    """Give what `inspect` and `linecache` read a script through."""
    return importlib.machinery.SourceFileLoader("__main__", file) if file is not None else None


def _outside_runner(error: BaseException) -> Any:
    """Give the traceback from the program's first frame on; all of it where the program has none."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace or error.__traceback__
