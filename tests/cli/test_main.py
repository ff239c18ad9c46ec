"""The dispatcher: commands, help, and what a wrong call is told."""

import argparse
import importlib
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from weft.cli import CommandError
from weft.cli import main as cli
from weft.version import __version__


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch):
    """Install a command named ``fake`` whose body the test provides."""

    def install(body):
        def add_arguments(parser: argparse.ArgumentParser) -> None:
            parser.add_argument("--times", type=int, default=1)
            parser.add_argument("rest", nargs=argparse.REMAINDER)

        monkeypatch.setitem(sys.modules, "fake_command", SimpleNamespace(add_arguments=add_arguments, main=body))
        monkeypatch.setitem(cli.COMMANDS, "fake", cli.Command("fake_command", "pretend to work"))

    return install


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_its_two_functions(name: str):
    module = importlib.import_module(cli.COMMANDS[name].module)
    module.add_arguments(argparse.ArgumentParser())
    assert callable(module.main)


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"weft {__version__}\n"


@pytest.mark.parametrize(("arguments", "status"), [(["--help"], 0), (["-h"], 0), ([], 2)])
def test_help_lists_the_commands(arguments, status, capsys):
    assert cli.main(arguments) == status
    out = capsys.readouterr().out
    assert all(f"  {name} " in out and command.help in out for name, command in cli.COMMANDS.items())


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["docter"], "Did you mean weft doctor?"),
        (["train.py", "--epochs", "3"], "To run a script: weft run train.py"),
        (["xyzzy"], "See weft --help."),
        (["--verbose", "run"], "come after its name"),
    ],
)
def test_an_unknown_command_is_one_clear_line(arguments, hint, capsys):
    assert cli.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert hint in captured.err
    assert repr(arguments[0]) in captured.err


def test_arguments_and_status_pass_through(fake):
    seen = []
    fake(lambda options: seen.append(options) or 7)
    assert cli.main(["fake", "--times", "3", "script.py", "--epochs", "2", "-v"]) == 7
    assert seen[0].times == 3
    assert seen[0].rest == ["script.py", "--epochs", "2", "-v"]


def test_a_wrong_option_exits_2(fake, capsys):
    fake(lambda options: 0)
    assert cli.main(["fake", "--times", "many"]) == 2
    assert "usage: weft fake" in capsys.readouterr().err


def test_a_commands_own_help(fake, capsys):
    fake(lambda options: 0)
    assert cli.main(["fake", "--help"]) == 0
    out = capsys.readouterr().out
    assert "Pretend to work." in out
    assert "--times" in out


def test_an_expected_failure_is_one_line(fake, capsys):
    def refuse(options):
        raise CommandError("there is no file script.py")

    fake(refuse)
    assert cli.main(["fake"]) == 2
    assert capsys.readouterr().err == "weft: there is no file script.py\n"


def test_ctrl_c_is_quiet(fake, capsys):
    def interrupt(options):
        raise KeyboardInterrupt

    fake(interrupt)
    assert cli.main(["fake"]) == 130
    assert capsys.readouterr().err == ""


@pytest.mark.subprocess
def test_python_m_weft():
    done = subprocess.run(
        [sys.executable, "-m", "weft", "--version"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"weft {__version__}\n", "")


THREADS = ("WEFT_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


@pytest.mark.parametrize(
    ("command", "given", "expected"),
    [
        ("demo", {}, "1"),
        ("demo", {"WEFT_NUM_THREADS": "3"}, "3"),
        ("run", {"WEFT_NUM_THREADS": "3"}, "3"),
        ("run", {}, None),
        ("demo", {"OMP_NUM_THREADS": "2"}, None),
        ("demo", {"OPENBLAS_NUM_THREADS": "5"}, "5"),
    ],
)
def test_how_many_threads_numpy_takes(command, given, expected, monkeypatch):
    for variable in THREADS:
        monkeypatch.setenv(variable, "")  # so that what is set below is taken back afterwards
        monkeypatch.delenv(variable)
    for variable, count in given.items():
        monkeypatch.setenv(variable, count)
    monkeypatch.delitem(sys.modules, "numpy", raising=False)
    cli._limit_threads(command)
    assert os.environ.get("OPENBLAS_NUM_THREADS") == expected
