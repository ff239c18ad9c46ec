"""Waits for the first `import tensorflow` or `import keras` of a process, and puts Weft's import names in place then.

Python loads this at every start, by the `.pth` file, so it does nothing until such an import comes and loads nothing
but itself.
"""

import builtins
import sys

NAMES = ("tensorflow", "keras")

# Distributions that bring the real `tensorflow` or `keras` modules.
REAL = (
    "tensorflow tensorflow-cpu tensorflow-gpu tensorflow-intel tensorflow-macos tensorflow-rocm tensorflow-aarch64 "
    "intel-tensorflow tf-nightly tf-nightly-cpu tf-nightly-gpu keras keras-nightly"
).split()

_plain_import = builtins.__import__
_waiting = False


def _import(name, globals=None, locals=None, fromlist=(), level=0):
    """Stand in front of ``__import__`` until one of the names comes."""
    if _waiting and level == 0 and name.partition(".")[0] in NAMES:
        activate()
        importer = sys._getframe(1).f_globals if globals is None else globals
        return builtins.__import__(name, importer, locals, fromlist, level)
    return _plain_import(name, globals, locals, fromlist, level)


class Finder:
    """Answers imports that come without an import statement, such as those of importlib."""

    @staticmethod
    def find_spec(fullname, path=None, target=None):
        """Find one of the names, by putting Weft's own finder in place and asking that."""
        if not _waiting or fullname.partition(".")[0] not in NAMES:
            return None
        return activate().finder.find_spec(fullname, path, target)


def wait():
    """Begin to wait."""
    global _waiting
    _waiting = True
    builtins.__import__ = _import
    sys.meta_path.insert(0, Finder)


def stop():
    """Wait no longer; Weft calls this when its names are put in place by other means."""
    global _waiting
    _waiting = False
    if Finder in sys.meta_path:
        sys.meta_path.remove(Finder)
    if builtins.__import__ is _import:
        builtins.__import__ = _plain_import


def activate(replacing=(), importer=None):
    """Put Weft's import names in place, unless the real ones are installed.

    Raises:
        ImportError: Because they are, or because Weft is not.
    """
    real = installed_real_ones()
    if real:
        raise ImportError(
            f"{' and '.join(real)} and weft-as-tensorflow are installed side by side, and both mean to be `tensorflow` "
            f"and `keras`. Uninstall one of them: `pip uninstall {' '.join(real)}` to use Weft, "
            "`pip uninstall weft-as-tensorflow` to go back to TensorFlow. pip may need the command twice, because both "
            "have the metadata."
        )
    try:
        from weft.compat.hook import install_for_environment
    except ModuleNotFoundError as error:
        if error.name != "weft":
            raise
        raise ImportError("weft-as-tensorflow needs weft, which is not installed: pip install weft") from None
    return install_for_environment(replacing, importer)


def installed_real_ones():
    """Name the installed distributions of the real ones."""
    from importlib.metadata import distributions

    return [
        name
        for name in REAL
        if any(each.metadata["Keywords"] != "weft-as-tensorflow" for each in distributions(name=name))
    ]


def take_over(name):
    """Replace one of the modules beside this one, found in the ordinary way because no `.pth` file was read."""
    frame = sys._getframe(2)
    while frame is not None and "importlib" in frame.f_code.co_filename:
        frame = frame.f_back
    activate((name,), frame.f_globals if frame is not None else None)
