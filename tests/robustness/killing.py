"""Ends a save at a chosen call of the system, as a killed process would."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any


class Killed(BaseException):
    """The process ends here."""


def kill_after(monkeypatch: Any, calls: int, names: tuple[str, ...]) -> None:
    """Lets some calls of functions of `os` pass; those that follow raise `Killed` in place of being made.

    Args:
        monkeypatch: Pytest's; its `undo` gives the functions back.
        calls: How many pass, in all.
        names: The functions.
    """
    left = calls

    def wrap(function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return function(*args, **kwargs)

        return call

    for name in names:
        monkeypatch.setattr(os, name, wrap(getattr(os, name)))


def save_and_die(save: Callable[[], Any], steps: int, *calls: tuple[Any, str]) -> bool:
    """Runs `save` in a process that ends before its step number `steps` that changes the disk.

    Args:
        save: What saves.
        steps: How many of its steps are made.
        *calls: The functions that are steps, each as its module and its name.

    Returns:
        Whether it came to the end.
    """
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    left = steps

    def counted(call: Any) -> Any:
        def step(*arguments: Any, **keywords: Any) -> Any:
            nonlocal left
            if left == 0:
                os._exit(9)
            left -= 1
            return call(*arguments, **keywords)

        return step

    try:
        for module, name in calls:
            setattr(module, name, counted(getattr(module, name)))
        save()
        os._exit(0)
    finally:
        os._exit(1)
