"""Runs uses in Weft, in this process."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from conformance import store, worker
from conformance.uses import Use
from weft.compat import hook
from weft.runtime import dispatch


@contextmanager
def named_tensorflow(dialect: str) -> Iterator[None]:
    """Within the block `import tensorflow` gives Weft, behaving as version 1, as for a script of `weft run`."""
    if dialect != "tf1":
        yield
        return
    before = hook.installed()
    hook.install_as_tensorflow("v1")
    try:
        importlib.import_module("tensorflow")  # from here on the process builds graphs
        yield
    finally:
        hook.uninstall_as_tensorflow()
        if before is not None:
            hook.install(before.binding)


def run(uses: list[Use]) -> list[dict[str, Any]]:
    """What Weft gives for uses of one dialect, in their order."""
    if not uses:
        return []
    dialect = uses[0].dialect
    found = []
    with named_tensorflow(dialect):
        for record in worker.run_file([use.request() for use in uses], store.OURS[dialect]):
            found.append(record)
            if dispatch.chosen():  # a use of devices goes over to another engine, which no other use has asked for
                dispatch.use_engine(None)
    return found
