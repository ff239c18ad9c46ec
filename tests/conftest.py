"""What every test shares: a home of its own, and the real data sets where there are any."""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

DATA_VARIABLE = "WEFT_DATA_DIR"
REQUIRE_VARIABLE = "WEFT_REQUIRE_DATA"
HOME_VARIABLE = "WEFT_HOME"

# Names of the data files that tests asked for in vain, with the number of tests skipped for each.
_MISSING = "missing data"


def pytest_configure(config: pytest.Config) -> None:
    # What a script's shell starts with `&` begins with Ctrl-C ignored, and would hand that on to the tests' processes.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "nightly" in config.getoption("markexpr"):
        return
    left_out = [item for item in items if item.get_closest_marker("nightly")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session", autouse=True)
def weft_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the test session, and every process it starts, out of the user's own cache and datasets."""
    home = tmp_path_factory.mktemp("weft_home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME_VARIABLE, str(home))
        patch.delenv("WEFT_CACHE", raising=False)
        yield home


def data_folders() -> list[Path]:
    """List the folders that WEFT_DATA_DIR names."""
    return [Path(part) for part in os.environ.get(DATA_VARIABLE, "").split(os.pathsep) if part]


def find_data(name: str) -> Path | None:
    """Find a file or folder in the data folders; the first one wins."""
    return next((folder / name for folder in data_folders() if (folder / name).exists()), None)


@pytest.fixture
def data_dir() -> list[Path]:
    """The folders with real data; empty where WEFT_DATA_DIR is not set."""
    return data_folders()


@pytest.fixture
def require_data(request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """Give a function from a data file's name to its path, which skips the test loudly where there is none.

    With WEFT_REQUIRE_DATA=1 the test fails instead.

    Example:
        def test_digits(require_data):
            path = require_data("mnist.npz")
    """

    def require(name: str) -> Path:
        path = find_data(name)
        if path is not None:
            return path
        where = ", ".join(map(str, data_folders())) or f"nowhere, {DATA_VARIABLE} is not set"
        reason = f"needs the data file {name!r} (looked in: {where}); set {DATA_VARIABLE} to the folder that holds it"
        if os.environ.get(REQUIRE_VARIABLE, "") not in ("", "0"):
            pytest.fail(f"{reason}. {REQUIRE_VARIABLE} makes this a failure.", pytrace=False)
        request.node.user_properties.append((_MISSING, name))  # which reports carry between processes
        pytest.skip(reason)

    return require


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    missing = Counter(name for report in skipped for kind, name in report.user_properties if kind == _MISSING)
    if not missing:
        return
    total = missing.total()
    files = ", ".join(f"{name} ({count})" for name, count in sorted(missing.items()))
    terminalreporter.section("real data is missing", yellow=True)
    terminalreporter.write_line(f"{total} test{'s' if total > 1 else ''} skipped for lack of data: {files}")
    terminalreporter.write_line(f"Set {DATA_VARIABLE} to the folders that hold it; {REQUIRE_VARIABLE}=1 fails instead.")
