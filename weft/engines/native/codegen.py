"""LLVM IR text to machine code in memory.

For graphs the pipeline is SROA alone: what the usual one does beyond it (vectorising, unrolling, moving code out of
loops) is done before, where the loops are still known, and costs more time here than the rest of compilation.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import llvmlite.binding as llvm

from weft.base.locks import Lock
from weft.engines.native.target import Target

_lock = Lock()  # LLVM's contexts are not for several threads at once


@cache
def _machine(target: Target) -> Any:
    chosen = llvm.Target.from_triple(target.triple)
    return chosen.create_target_machine(cpu=target.cpu, features=target.features, opt=2, jit=True)


def attributes(target: Target) -> str:
    """The function attributes that a module needs, as text."""
    width = target.vector_bytes * 8
    # without it, processors that lower their clock for wide vectors are given narrow ones
    widths = f'"prefer-vector-width"="{width}" "min-legal-vector-width"="{width}"'
    return f'attributes #0 = {{ {widths} "denormal-fp-math"="preserve-sign,preserve-sign" }}'  # as denormals.py sets it


def to_object(text: str, target: Target, optimise: bool = False) -> bytes:
    """Compiles a module to an object file.

    Args:
        text: The module.
        target: The machine.
        optimise: Whether LLVM's whole pipeline is worth its time: for code that is the same for all graphs.

    Raises:
        RuntimeError: Where LLVM refuses the text.
    """
    with _lock:
        emitted: bytes = _machine(target).emit_object(_module(text, target, optimise))
        return emitted


def to_assembly(text: str, target: Target) -> str:
    """Compiles a module to assembly, for people."""
    with _lock:
        assembly: str = _machine(target).emit_assembly(_module(text, target))
        return assembly


def _module(text: str, target: Target, optimise: bool = False) -> Any:
    module = llvm.parse_assembly(f'target triple = "{target.triple}"\n{text}\n{attributes(target)}\n')
    module.verify()
    if optimise:
        options = llvm.create_pipeline_tuning_options(speed_level=3)
        options.loop_vectorization = options.slp_vectorization = True
        builder = llvm.create_pass_builder(_machine(target), options)
        builder.getModulePassManager().run(module, builder)
        return module
    options = llvm.create_pipeline_tuning_options(speed_level=0)
    builder = llvm.create_pass_builder(_machine(target), options)
    passes = llvm.create_new_function_pass_manager()
    passes.add_sroa_pass()
    for function in module.functions:
        if not function.is_declaration:
            passes.run(function, builder)
    return module


class Code:
    """Machine code in memory, which stays there for as long as this object lives."""

    def __init__(self, image: bytes, target: Target) -> None:
        with _lock:
            machine = llvm.Target.from_triple(target.triple).create_target_machine(
                cpu=target.cpu, features=target.features, opt=2, jit=True
            )
            empty = llvm.parse_assembly(f'target triple = "{target.triple}"\n')
            self._engine = llvm.create_mcjit_compiler(empty, machine)
            self._engine.add_object_file(llvm.ObjectFileRef.from_data(image))
            self._engine.finalize_object()

    def __del__(self) -> None:
        engine = getattr(self, "_engine", None)
        if engine is not None and _lock is not None:  # at the end of the process there may be no lock any more
            with _lock:
                engine.close()

    def address(self, name: str) -> int:
        """The address of a function.

        Raises:
            KeyError: Where there is none of that name.
        """
        with _lock:
            found = int(self._engine.get_function_address(name))
        if not found:
            raise KeyError(name)
        return found


def _hold() -> None:
    _lock.__enter__()


def _release() -> None:
    _lock.__exit__(None, None, None)


if hasattr(os, "register_at_fork"):
    # no thread is within LLVM when the process is copied: what it holds there would never be free in the child
    os.register_at_fork(before=_hold, after_in_parent=_release, after_in_child=_release)
