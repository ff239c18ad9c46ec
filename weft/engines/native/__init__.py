"""The native engine: whole graphs compiled through LLVM for this processor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from weft.engines.base import Distribution, Executable, only_the_processor
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops import direct, interpreter, opdef
from weft.ops.direct import Ready
from weft.ops.opdef import OpDef

#: ops whose references call BLAS or LAPACK, whose sums are in another order with another number of threads
_PRODUCTS = frozenset((
    "matmul", "einsum", "tensordot", "conv", "conv_input_gradient", "conv_kernel_gradient", "depthwise_conv",
    "inverse", "solve", "triangular_solve", "pinv", "lstsq", "det", "slogdet", "expm", "sqrtm", "logm", "cholesky",
    "lu", "qr", "svd", "eigh", "eigvalsh", "eig", "eigvals",
))  # fmt: skip
#: products of matrices with fewer elements and at most so many multiplications BLAS leaves to one thread anyway
_FEW_ELEMENTS, _FEW_MULTIPLICATIONS = 1000, 1 << 16


def _shared(op: str, inputs: Sequence[Any]) -> bool:
    """Whether several threads of BLAS might share the work of an op on arrays of these shapes."""
    if op != "matmul":
        return op in _PRODUCTS
    a, b = inputs
    return bool(max(a.size, b.size) >= _FEW_ELEMENTS or a.size * max(b.shape[-2:]) > _FEW_MULTIPLICATIONS)


class NativeEngine:
    """Compiles graphs to machine code; what has no native form runs by its reference."""

    name = "native"

    def supports(self, op: str, types: Sequence[TensorType], attrs: Mapping[str, Any]) -> bool:
        """Whether there is a lowering rule for the op."""
        from weft.engines.native import rules
        from weft.engines.native.lower import RULES

        assert rules
        return op in RULES

    def compile(self, graph: Graph) -> Executable:
        """The graph as machine code, or in pieces where it has ops without a native form."""
        from weft.engines.native.pieces import compile_graph

        return compile_graph(graph)

    def compile_traced(self, graph: Graph) -> Executable:
        """The same for a graph as it was traced: where its code is kept, it need not go through the passes."""
        from weft.engines.native.pieces import compile_traced

        return compile_traced(graph)

    def execute(self, op: str, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...]:
        """One op at once, by its reference: for small arrays numpy is quick enough."""
        if op in _PRODUCTS and _shared(op, inputs):
            from weft.engines.native import blas

            with blas.one_thread():
                return interpreter.evaluate(opdef.get(op), inputs, attrs)
        return interpreter.evaluate(opdef.get(op), inputs, attrs)

    def prepare(self, record: OpDef, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Ready | None:
        """The op's reference, made ready; products that BLAS could share among threads are not."""
        return None if _shared(record.name, inputs) else direct.prepare(record, inputs, attrs)

    def profile(self) -> Any:
        """A context in which the kernels that run are timed."""
        from weft.engines.native.profile import Profile

        return Profile()

    def tune(self) -> Any:
        """A context in which ways to cut products are tried out on the programs that run."""
        from weft.engines.native.tuning import Tuning

        return Tuning()

    def devices(self) -> list[str]:
        """The processor."""
        return ["cpu:0"]

    def distribute(self, distribution: Distribution | None) -> None:
        """Takes the processor alone."""
        only_the_processor(self.name, distribution)

    def tfrecords(self, block: bytes) -> tuple[list[bytes], int, bool]:
        """The whole records at the start of a block of a TFRecord file, the bytes that they take up, and whether the
        next one is damaged."""
        from weft.engines.native.bytewise import reading

        return reading.tfrecords(block)

    def to_numpy(self, array: Any) -> Any:
        """The array itself."""
        return array

    def from_numpy(self, array: Any) -> Any:
        """The array itself."""
        return array


def create() -> NativeEngine:
    """The engine."""
    return NativeEngine()
