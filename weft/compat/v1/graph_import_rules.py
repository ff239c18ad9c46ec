"""What TensorFlow's operations are made of here; see `weft.compat.v1.graph_import`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import weft
from weft.base import dtypes
from weft.base.dims import Dim
from weft.base.shapes import TensorShape, refreshed
from weft.compat.v1.checkpoints import merge_checkpoints, read_tensors, write_tensors
from weft.compat.v1.flow import Assert
from weft.compat.v1.graph_import import Importer, NotKnown, Source, handles
from weft.compat.v1.io import read_file
from weft.formats.messages.meta_graph import SaverDef
from weft.ir.types import TensorType
from weft.ops import opdef
from weft.runtime import dispatch, graph_export_draws, graph_export_rules, graph_ops
from weft.runtime import graph as graphs
from weft.runtime import random as streams
from weft.runtime.host_call import host_call
from weft.runtime.sizes import known
from weft.runtime.tensor import Handle, SymbolicTensor
from weft.runtime.variable import Template


def apply(op: str, *inputs: Any, **attrs: Any) -> list[Any]:
    """An op of Weft's own, with attributes that have no default."""
    record = opdef.get(op)
    return list(dispatch.apply(record, inputs, record.complete(attrs)))


def _alike(op: str) -> Callable[[Importer, Source], list[Any]]:
    def make(x: Importer, source: Source) -> list[Any]:
        return apply(op, *x.values(source))

    return make


for _op in (*graph_export_rules._SAME, *graph_export_rules._BARE):
    handles(graph_ops.shown(_op).type)(_alike(_op))
handles("BiasAddV1")(_alike("add"))
handles("BatchMatMulV1")(_alike("matmul"))


@handles("Identity")
def _identity(x: Importer, source: Source) -> Any:
    value = x.value(source.inputs[0])
    return apply("identity", value) if isinstance(value, SymbolicTensor) else [value]


handles("StopGradient", "PreventGradient")(_alike("stop_gradient"))
handles("Snapshot", "DebugGradientIdentity", "PlaceholderWithDefault", "GuaranteeConst", "HostConst", "DeepCopy",
        "RefIdentity", "CopyHost", "Copy", "DebugIdentity")(_alike("identity"))  # fmt: skip
handles("Inv")(_alike("reciprocal"))


@handles("Add", "AddV2")
def _add(x: Importer, source: Source) -> Any:
    values = x.values(source)
    return apply("string_add" if values[0].dtype == dtypes.string else "add", *values)


# Graph --------------------------------------------------------------------------------------------------------------


@handles("Placeholder", "PlaceholderV2")
def _placeholder(x: Importer, source: Source) -> Any:
    return graphs.placeholder(source.attrs["dtype"], source.attrs.get("shape"))


@handles("Const")
def _const(x: Importer, source: Source) -> Any:
    array = source.attrs["value"]
    return weft.constant(array, dtype=source.attrs["dtype"])


@handles("NoOp")
def _no_op(x: Importer, source: Source) -> Any:
    return []


@handles("IdentityN")
def _identities(x: Importer, source: Source) -> Any:
    return list(dispatch.apply(opdef.get("identity_n"), tuple(x.values(source)), {}))


@handles("Switch", "RefSwitch")
def _switch(x: Importer, source: Source) -> Any:
    value = x.value(source.inputs[0])
    return [value, value]


@handles("Merge", "RefMerge")
def _merge(x: Importer, source: Source) -> Any:
    """Takes one of two values, both of which are computed."""
    sides = []
    for name, output in source.inputs:
        own = set(x.branches.get(name, ())) | (x._side(name, output) if name in x.sources else set())
        sides.append(own)
    if len(sides) != 2:
        raise NotKnown("a merge of other than two branches")
    common = next(((r, side) for r, side in sorted(sides[0]) if (r, 1 - side) in sides[1]), None)
    if common is None:
        raise NotKnown("a merge whose branches have no common condition")
    reference, side = common
    found = x.chosen(reference, source)
    if found is not None:
        x.branches[source.name] = frozenset(sides[0] & sides[1])
        return [found, weft.cast(x.value(reference), dtypes.int32)]
    otherwise, taken = x.values(source) if side == 0 else reversed(x.values(source))
    predicate = x.value(reference)
    x.branches[source.name] = frozenset(sides[0] & sides[1])
    found = weft.cond(predicate, lambda: weft.identity(taken), lambda: weft.identity(otherwise))
    return [found, weft.cast(predicate, dtypes.int32)]


@handles("Enter", "RefEnter")
def _enter(x: Importer, source: Source) -> Any:
    inner, outer = x.environment, x.environment.outer
    x.environment = outer if outer is not None else inner
    try:
        return [x.value(source.inputs[0])]
    finally:
        x.environment = inner


@handles("Exit", "RefExit")
def _exit(x: Importer, source: Source) -> Any:
    return [x.exit(source)]


@handles("LoopCond")
def _loop_condition(x: Importer, source: Source) -> Any:
    return [x.value(source.inputs[0])]


@handles("Assert")
def _assert(x: Importer, source: Source) -> Any:
    condition, *data = x.values(source)
    return [graphs.group(Assert(condition, data))]


# Variables ----------------------------------------------------------------------------------------------------------


@handles("VariableV2", "Variable", "VarHandleOp")
def _variable(x: Importer, source: Source) -> Any:
    shape = source.attrs.get("shape")
    template = Template(source.name, True)
    handle = Handle(template, TensorType(refreshed(TensorShape(shape).symbolic), source.attrs["dtype"]))
    x.handles[source.name] = handle
    (read,) = apply("read_variable", handle)
    read._value.node.metadata["handle"] = handle
    return read


def _handle(x: Importer, source: Source) -> Any:
    found = x.handle(source)
    if found is None:
        raise NotKnown("its variable is not a node of the graph")
    return found


@handles("ReadVariableOp")
def _read(x: Importer, source: Source) -> Any:
    return apply("read_variable", _handle(x, source))


@handles("IsVariableInitialized", "VarIsInitializedOp")
def _initialized(x: Importer, source: Source) -> Any:
    return apply("is_variable_initialized", _handle(x, source))


_WRITES = {"Assign": "assign_variable", "AssignVariableOp": "assign_variable", "AssignAdd": "assign_add_variable",
           "AssignAddVariableOp": "assign_add_variable", "AssignSub": "assign_sub_variable",
           "AssignSubVariableOp": "assign_sub_variable"}  # fmt: skip


def _written(x: Importer, source: Source, op: str, handle: Any, value: Any) -> Any:
    """A write; within a branch, one that changes nothing unless the branch is taken."""
    holds = x.holds(source)
    if holds is not None:
        if op == "assign_variable":
            (now,) = apply("read_variable", handle)
            other: Any = now
        else:
            other = weft.zeros_like(value)
        value = weft.cond(holds, lambda: weft.identity(value), lambda: weft.identity(other))
    return apply(op, handle, value)[0]


@handles(*_WRITES)
def _write(x: Importer, source: Source) -> Any:
    return _written(x, source, _WRITES[source.op], _handle(x, source), x.value(source.inputs[1]))


@handles("ScatterUpdate", "ScatterAdd", "ScatterSub", "ResourceScatterUpdate", "ResourceScatterAdd")
def _scatter(x: Importer, source: Source) -> Any:
    handle = _handle(x, source)
    indices, updates = (x.value(reference) for reference in source.inputs[1:3])
    (now,) = apply("read_variable", handle)
    kind = {"Update": "update", "dd": "add", "ub": "sub"}["Update" if "Update" in source.op else source.op[-2:]]
    (after,) = apply(f"tensor_scatter_{kind}", now, weft.expand_dims(indices, -1), updates)
    return _written(x, source, "assign_variable", handle, after)


@handles("ApplyGradientDescent", "ResourceApplyGradientDescent")
def _descend(x: Importer, source: Source) -> Any:
    rate, delta = (x.value(reference) for reference in source.inputs[1:3])
    return _written(x, source, "assign_sub_variable", _handle(x, source), rate * delta)


def _slots(x: Importer, source: Source, count: int) -> tuple[list[Any], list[Any], list[Any]]:
    """The handles of an optimizer's variables, their values, and its numbers."""
    held = [_handle(x, _Reads(source, position)) for position in range(count)]
    return held, [apply("read_variable", h)[0] for h in held], [x.value(r) for r in source.inputs[count:]]


class _Reads(Source):
    """A node as one that has one of its operands first."""

    def __init__(self, source: Source, position: int) -> None:
        self.inputs = source.inputs[position:]


@handles("ApplyMomentum", "ResourceApplyMomentum")
def _momentum(x: Importer, source: Source) -> Any:
    (var, slot), (_, accumulated), (rate, gradient, momentum) = _slots(x, source, 2)
    now = _written(x, source, "assign_variable", slot, accumulated * momentum + gradient)
    step = gradient * rate + now * momentum * rate if source.attrs.get("use_nesterov") else now * rate
    return _written(x, source, "assign_sub_variable", var, step)


@handles("ApplyAdam", "ResourceApplyAdam")
def _adam(x: Importer, source: Source) -> Any:
    (var, m, v), (_, first, second), rest = _slots(x, source, 3)
    power1, power2, rate, beta1, beta2, epsilon, gradient = rest
    rate = rate * weft.sqrt(1 - power2) / (1 - power1)
    first = _written(x, source, "assign_variable", m, first + (gradient - first) * (1 - beta1))
    second = _written(x, source, "assign_variable", v, second + (weft.square(gradient) - second) * (1 - beta2))
    step = first if not source.attrs.get("use_nesterov") else first * beta1 + (1 - beta1) * gradient
    return _written(x, source, "assign_sub_variable", var, rate * step / (weft.sqrt(second) + epsilon))


@handles("ApplyAdagrad", "ResourceApplyAdagrad")
def _adagrad(x: Importer, source: Source) -> Any:
    (var, slot), (_, accumulated), (rate, gradient) = _slots(x, source, 2)
    now = _written(x, source, "assign_variable", slot, accumulated + weft.square(gradient))
    return _written(x, source, "assign_sub_variable", var, gradient * rate * weft.math.rsqrt(now))


@handles("ApplyRMSProp", "ResourceApplyRMSProp")
def _rms(x: Importer, source: Source) -> Any:
    (var, ms, mom), (_, mean, moment), (rate, rho, momentum, epsilon, gradient) = _slots(x, source, 3)
    mean = _written(x, source, "assign_variable", ms, mean + (weft.square(gradient) - mean) * (1 - rho))
    step = moment * momentum + gradient * rate * weft.math.rsqrt(mean + epsilon)
    return _written(x, source, "assign_sub_variable", var, _written(x, source, "assign_variable", mom, step))


# Files --------------------------------------------------------------------------------------------------------------


def _texts(x: Importer, source: Source, position: int) -> list[str]:
    """The strings of a constant operand."""
    return [text.decode() for text in np.ravel(x.static(source, position)).tolist()]


@handles("SaveV2", "SaveSlices", "Save")
def _save(x: Importer, source: Source) -> Any:
    labels = _texts(x, source, 1)
    specs = [""] * len(labels) if source.op == "Save" else _texts(x, source, 2)
    prefix, *tensors = x.values(source)
    tensors = tensors[1 if source.op == "Save" else 2 :]
    version = SaverDef.V2 if source.op == "SaveV2" else SaverDef.V1

    def write(path: Any, *arrays: Any) -> list[Any]:
        write_tensors(path, labels, specs, arrays, version)
        return []

    return host_call(write, [prefix, *tensors], [], source.op, "save")[0]


@handles("RestoreV2", "RestoreSlice", "Restore")
def _restore(x: Importer, source: Source) -> Any:
    labels = _texts(x, source, 1)
    specs = [""] if source.op == "Restore" else _texts(x, source, 2)
    kinds = source.attrs["dtypes"] if source.op == "RestoreV2" else [source.attrs["dt"]]
    return host_call(lambda path: read_tensors(path, labels, specs), [x.value(source.inputs[0])],
                     [TensorType(None, kind) for kind in kinds], source.op, "restore")  # fmt: skip


@handles("ShardedFilename")
def _sharded(x: Importer, source: Source) -> Any:
    name, shard, count = x.values(source)

    def join(name: Any, shard: Any, count: Any) -> list[Any]:
        return [np.array(b"%s-%05d-of-%05d" % (name[()], int(shard), int(count)), object)]

    return host_call(join, [name, shard, count], [TensorType((), dtypes.string)], "ShardedFilename", "name")


@handles("MergeV2Checkpoints")
def _merge_files(x: Importer, source: Source) -> Any:
    def merge(parts: Any, whole: Any) -> list[Any]:
        merge_checkpoints([p.decode() for p in np.ravel(parts).tolist()], whole[()].decode())
        return []

    return host_call(merge, x.values(source), [], "MergeV2Checkpoints", "merge")[0]


@handles("ReadFile")
def _read_file(x: Importer, source: Source) -> Any:
    return read_file(x.value(source.inputs[0]))


@handles("ParseExample", "ParseExampleV2", "ParseSingleExample")
def _parse(x: Importer, source: Source) -> Any:
    if source.op != "ParseExample" or source.attrs.get("Nsparse"):
        raise NotKnown("sparse features, or another version of it")
    count = source.attrs["Ndense"]
    keys = [np.ravel(x.static(source, 2 + i))[0].decode() for i in range(count)]
    defaults = [weft.get_static_value(t) for t in x.values(source)[2 + count :]]
    kinds, shapes = source.attrs["Tdense"], source.attrs["dense_shapes"]
    features = {key: weft.io.FixedLenFeature(shape, kind, default if default is not None and np.size(default) else None)
                for key, kind, shape, default in zip(keys, kinds, shapes, defaults, strict=True)}  # fmt: skip
    found = weft.io.parse_example(x.value(source.inputs[0]), features)
    return [found[key] for key in keys]


# Chance -------------------------------------------------------------------------------------------------------------


def _stream(source: Source, op: str, shape: Sequence[Any], kind: Any) -> Any:
    """The stream of an operation's two seeds, so that it draws TensorFlow's numbers."""
    seed, second = int(source.attrs.get("seed") or 0), int(source.attrs.get("seed2") or 0)
    state = streams._unpredictable() if seed == second == 0 else streams.state_of(seed, second << 64)
    handle = Handle(Template("generator", False, state), streams._STATE)
    return streams.take(op, tuple(shape), kind, handle=handle)


def sizes_at(x: Importer, source: Source, position: int = 0) -> tuple[Any, ...]:
    """The sizes that an operand holds."""
    found = known(x.value(source.inputs[position]))
    if not isinstance(found, tuple):
        raise NotKnown("its shape is told by data")
    return tuple(found)


def _draw(op: str) -> Callable[[Importer, Source], list[Any]]:
    def make(x: Importer, source: Source) -> list[Any]:
        shape, kind = sizes_at(x, source), source.attrs["dtype"]
        return apply(op, *_stream(source, op, shape, kind), shape=shape, dtype=kind)

    return make


for _op, _name in graph_export_draws.DRAWS.items():
    handles(_name)(_draw(_op))


@handles("RandomUniformInt")
def _integers(x: Importer, source: Source) -> Any:
    shape, kind = sizes_at(x, source), source.attrs["Tout"]
    bounds = [x.value(reference) for reference in source.inputs[1:3]]
    return apply("random_integers", *_stream(source, "random_integers", shape, kind), *bounds, shape=shape)


@handles("RandomShuffle")
def _shuffle(x: Importer, source: Source) -> Any:
    value = x.value(source.inputs[0])
    size = (value.shape.symbolic or (None,))[0]
    if size is None:
        raise NotKnown("of unknown rank")
    order = apply("random_shuffle_order", *_stream(source, "random_shuffle_order", (size,), dtypes.int64), size=size)
    return weft.gather(value, order[0])


@handles("Multinomial")
def _multinomial(x: Importer, source: Source) -> Any:
    logits, count = x.value(source.inputs[0]), int(x.static(source, 1))
    kind = source.attrs.get("output_dtype") or dtypes.int64
    shape = (*logits.shape.symbolic[:-1], count)
    return apply("random_categorical", *_stream(source, "random_categorical", shape, kind), logits, num_samples=count,
                  dtype=kind)  # fmt: skip


# Shapes -------------------------------------------------------------------------------------------------------------


def _as_known(tensor: Any) -> Any:
    """An integer operand as an array, where it is known before the graph runs."""
    found = weft.get_static_value(tensor) if tensor.dtype.is_integer else None
    return tensor if found is None else found


def of(function: Callable[..., Any], *names: str, **renamed: str) -> Callable[[Importer, Source], Any]:
    """A function of the operands, with attributes as arguments: those of `names`, and those of other names."""

    def make(x: Importer, source: Source) -> Any:
        given = {name: source.attrs[name] for name in names if name in source.attrs}
        given.update({ours: source.attrs[theirs] for ours, theirs in renamed.items() if theirs in source.attrs})
        first, *rest = x.values(source)
        return function(first, *(_as_known(t) for t in rest), **given)

    return make




@handles("Reshape")
def _reshape(x: Importer, source: Source) -> Any:
    value, shape = x.values(source)
    if value.shape.rank is None:
        return apply("reshape_dynamic", value, shape)
    return weft.reshape(value, shape)


handles("Fill")(of(weft.fill))
handles("BroadcastTo")(of(weft.broadcast_to))
handles("Tile")(of(weft.tile))
handles("ZerosLike")(of(weft.zeros_like))
handles("OnesLike")(of(weft.ones_like))
handles("Shape")(of(weft.shape, "out_type"))
handles("Size")(of(weft.size, "out_type"))
handles("ShapeN")(lambda x, s: [weft.shape(t, s.attrs.get("out_type") or dtypes.int32) for t in x.values(s)])
handles("Rank")(of(weft.rank))
handles("Transpose")(of(weft.transpose))
handles("Range")(of(weft.range))
handles("LinSpace")(of(weft.linspace))
handles("Slice")(of(weft.slice))
handles("StridedSlice")(of(weft.strided_slice, "begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask",
                            "shrink_axis_mask"))  # fmt: skip
handles("Squeeze")(of(lambda v, axis=None: weft.squeeze(v, axis or None), axis="squeeze_dims"))
handles("GatherNd")(of(weft.gather_nd))
handles("ScatterNd")(of(weft.scatter_nd))
handles("TensorScatterAdd")(of(weft.tensor_scatter_nd_add))
handles("TensorScatterSub")(of(weft.tensor_scatter_nd_sub))
handles("TensorScatterUpdate")(of(weft.tensor_scatter_nd_update))
handles("ReverseSequence")(of(weft.reverse_sequence, seq_axis="seq_dim", batch_axis="batch_dim"))
handles("EnsureShape")(of(weft.ensure_shape, "shape"))
handles("Where")(of(weft.where))
handles("InvertPermutation")(of(weft.math.invert_permutation))
handles("Unique")(of(weft.unique, "out_idx"))
handles("BroadcastArgs")(of(weft.broadcast_dynamic_shape))
handles("SpaceToDepth")(of(weft.nn.space_to_depth, "block_size"))
handles("DepthToSpace")(of(weft.nn.depth_to_space, "block_size"))
handles("SpaceToBatchND")(of(weft.space_to_batch_nd))
handles("BatchToSpaceND")(of(weft.batch_to_space))


@handles("ExpandDims")
def _expand(x: Importer, source: Source) -> Any:
    return weft.expand_dims(x.value(source.inputs[0]), int(x.static(source, 1).item()))


@handles("Pack")
def _pack(x: Importer, source: Source) -> Any:
    return weft.stack(x.values(source), axis=source.attrs.get("axis") or 0)


@handles("Unpack")
def _unpack(x: Importer, source: Source) -> Any:
    return weft.unstack(x.value(source.inputs[0]), source.attrs["num"], source.attrs.get("axis") or 0)


@handles("ConcatV2", "Concat")
def _concat(x: Importer, source: Source) -> Any:
    place = len(source.inputs) - 1 if source.op == "ConcatV2" else 0
    values = x.values(source)
    axis = int(x.static(source, place))
    del values[place]
    return weft.concat(values, axis)


@handles("Split", "SplitV")
def _split(x: Importer, source: Source) -> Any:
    if source.op == "Split":
        return weft.split(x.value(source.inputs[1]), source.attrs["num_split"], int(x.static(source, 0)))
    return weft.split(x.value(source.inputs[0]), x.static(source, 1).tolist(), int(x.static(source, 2)))


@handles("Pad", "PadV2", "MirrorPad")
def _pad(x: Importer, source: Source) -> Any:
    value, paddings, *filling = x.values(source)
    known = weft.get_static_value(paddings)
    paddings = paddings if known is None else known
    if source.op == "MirrorPad":
        return weft.pad(value, paddings, source.attrs["mode"].decode())
    return weft.pad(value, paddings, constant_values=x.static(source, 2) if filling else 0)


@handles("ReverseV2")
def _reverse(x: Importer, source: Source) -> Any:
    return weft.reverse(x.value(source.inputs[0]), np.ravel(x.static(source, 1)).tolist())


@handles("StridedSliceGrad")
def _slice_gradient(x: Importer, source: Source) -> Any:
    masks = {k: source.attrs[k] for k in ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask",
                                          "shrink_axis_mask")
             if k in source.attrs}  # fmt: skip
    shape, *bounds, gradient = x.values(source)
    whole = weft.zeros(shape, gradient.dtype)
    with weft.GradientTape() as tape:
        tape.watch(whole)
        part = weft.strided_slice(whole, *bounds, **masks)
    return tape.gradient(part, whole, output_gradients=gradient)


# Numbers ------------------------------------------------------------------------------------------------------------

handles("Cast")(of(weft.cast, dtype="DstT"))
handles("Bitcast")(of(weft.bitcast, "type"))
handles("Complex")(of(weft.complex))
handles("Real")(of(weft.math.real))
handles("Imag")(of(weft.math.imag))
handles("Conj")(of(weft.math.conj))
handles("Rint")(of(weft.math.rint))
handles("SelectV2")(_alike("select"))


@handles("Select")
def _select(x: Importer, source: Source) -> Any:
    """As `select`, except that a list of conditions takes whole rows."""
    condition, yes, no = x.values(source)
    if condition.shape.rank == 1 and (yes.shape.rank or 0) > 1:
        condition = weft.reshape(condition, [-1] + [1] * (yes.shape.rank - 1))
    return apply("select", condition, yes, no)


handles("AddN")(lambda x, source: weft.add_n(x.values(source)))
handles("CheckNumerics")(of(weft.debugging.check_numerics, "message"))
handles("Softmax")(of(weft.nn.softmax))
handles("LogSoftmax")(of(weft.nn.log_softmax))
handles("LeakyRelu")(of(weft.nn.leaky_relu, "alpha"))
handles("Elu")(of(weft.nn.elu))
handles("SigmoidGrad")(lambda x, s: _gradient_of(x, s, lambda y, dy: dy * y * (1 - y)))
handles("TanhGrad")(lambda x, s: _gradient_of(x, s, lambda y, dy: dy * (1 - y * y)))
handles("ReluGrad")(lambda x, s: _gradient_of(x, s, lambda dy, y: weft.where(y > 0, dy, weft.zeros_like(dy))))
handles("Relu6Grad")(lambda x, s: _gradient_of(
    x, s, lambda dy, y: weft.where(weft.logical_and(y > 0, y < 6), dy, weft.zeros_like(dy))))  # fmt: skip
handles("SqrtGrad")(lambda x, s: _gradient_of(x, s, lambda y, dy: dy * 0.5 / y))
handles("RsqrtGrad")(lambda x, s: _gradient_of(x, s, lambda y, dy: dy * -0.5 * y * y * y))
handles("ReciprocalGrad", "InvGrad")(lambda x, s: _gradient_of(x, s, lambda y, dy: -dy * y * y))
handles("SoftplusGrad")(lambda x, s: _gradient_of(x, s, lambda dy, y: dy * weft.sigmoid(y)))
handles("EluGrad")(lambda x, s: _gradient_of(x, s, lambda dy, y: weft.where(y > 0, dy, dy * (y + 1))))


def _gradient_of(x: Importer, source: Source, function: Callable[[Any, Any], Any]) -> Any:
    return function(*x.values(source))


@handles("BroadcastGradientArgs")
def _broadcast_axes(x: Importer, source: Source) -> Any:
    """The axes along which two shapes' gradients are summed."""

    tensors = x.values(source)
    if any(tensor.shape.rank != 1 or tensor.shape[0] is None for tensor in tensors):
        raise NotKnown("shapes of unknown rank")
    rank = max(tensor.shape[0] for tensor in tensors)
    shapes = [known(tensor) for tensor in tensors]
    if all(isinstance(shape, tuple) for shape in shapes):
        first, second = ((1,) * (rank - len(shape)) + shape for shape in shapes)
        pairs = [*zip(first, second, strict=True), *zip(second, first, strict=True)]
        if all(not isinstance(own, Dim) or other in (own, 1) for own, other in pairs):
            return [weft.constant(np.asarray([i for i, size in enumerate(own) if size == 1], np.int32))
                    for own in (first, second)]  # fmt: skip
    # only a run tells which sizes are 1
    wide = [weft.concat([weft.ones([rank - int(t.shape[0])], t.dtype), t], 0) for t in tensors]
    return [weft.cast(weft.where(weft.equal(own, 1))[:, 0], dtypes.int32) for own in wide]


@handles("Div")
def _div(x: Importer, source: Source) -> Any:
    kind = source.attrs["T"]
    return apply("truncatediv" if kind.is_integer else "divide", *x.values(source))


@handles(*graph_export_rules._REDUCTIONS.values(), "EuclideanNorm")
def _reduce(x: Importer, source: Source) -> Any:
    functions = {"Sum": weft.reduce_sum, "Mean": weft.reduce_mean, "Max": weft.reduce_max, "Min": weft.reduce_min,
                 "Prod": weft.reduce_prod, "All": weft.reduce_all, "Any": weft.reduce_any,
                 "EuclideanNorm": weft.math.reduce_euclidean_norm}  # fmt: skip
    value = x.value(source.inputs[0])
    name, output = source.inputs[1]
    if name in x.sources and x.sources[name].op == "BroadcastGradientArgs" and weft.get_static_value(
        x.value(source.inputs[1])) is None:  # fmt: skip
        return apply("sum_to_shape_dynamic", value, x.value(x.sources[name].inputs[output]))
    axes = np.ravel(x.static(source, 1)).tolist()
    keep = bool(source.attrs.get("keep_dims"))
    return functions[source.op](value, axis=axes, keepdims=keep)


@handles("ArgMax", "ArgMin")
def _arg(x: Importer, source: Source) -> Any:
    function = weft.argmax if source.op == "ArgMax" else weft.argmin
    kind = source.attrs.get("output_type") or dtypes.int64
    return function(x.value(source.inputs[0]), int(x.static(source, 1)), output_type=kind)


@handles("Cumsum", "Cumprod")
def _cumulative(x: Importer, source: Source) -> Any:
    function = weft.cumsum if source.op == "Cumsum" else weft.math.cumprod
    return function(x.value(source.inputs[0]), int(x.static(source, 1)), bool(source.attrs.get("exclusive")),
                    bool(source.attrs.get("reverse")))  # fmt: skip


@handles("MatMul", "BatchMatMul", "BatchMatMulV2")
def _matmul(x: Importer, source: Source) -> Any:
    a, b = x.values(source)
    if source.op == "MatMul":
        return weft.matmul(a, b, bool(source.attrs.get("transpose_a")), bool(source.attrs.get("transpose_b")))
    return weft.matmul(a, b, adjoint_a=bool(source.attrs.get("adj_x")), adjoint_b=bool(source.attrs.get("adj_y")))


@handles("Einsum")
def _einsum(x: Importer, source: Source) -> Any:
    return weft.einsum(source.attrs["equation"].decode(), *x.values(source))


@handles("L2Loss")
def _l2(x: Importer, source: Source) -> Any:
    return weft.nn.l2_loss(x.value(source.inputs[0]))


@handles("MatrixBandPart")
def _band(x: Importer, source: Source) -> Any:
    return weft.linalg.band_part(x.value(source.inputs[0]), int(x.static(source, 1)), int(x.static(source, 2)))


@handles("MatrixInverse")
def _inverse(x: Importer, source: Source) -> Any:
    return weft.linalg.inv(x.value(source.inputs[0]), bool(source.attrs.get("adjoint")))


handles("MatrixDiag")(of(weft.linalg.diag))
handles("MatrixDiagPart")(of(weft.linalg.diag_part))
handles("MatrixSolve")(of(weft.linalg.solve, "adjoint"))


# Rows, places, classes ----------------------------------------------------------------------------------------------


@handles("GatherV2", "Gather", "ResourceGather")
def _gather(x: Importer, source: Source) -> Any:
    values = x.values(source)
    axis = int(x.static(source, 2)) if source.op == "GatherV2" else 0
    if source.op == "ResourceGather":
        values[0] = apply("read_variable", _handle(x, source))[0]
    return weft.gather(values[0], values[1], axis=axis, batch_dims=source.attrs.get("batch_dims") or 0)


@handles("OneHot")
def _one_hot(x: Importer, source: Source) -> Any:
    indices, _, on, _ = x.values(source)
    return weft.one_hot(indices, int(x.static(source, 1)), x.static(source, 2), x.static(source, 3),
                        source.attrs.get("axis", -1), on.dtype)  # fmt: skip


@handles("TopKV2", "TopK")
def _top_k(x: Importer, source: Source) -> Any:
    count = int(x.static(source, 1)) if source.op == "TopKV2" else source.attrs["k"]
    return list(weft.math.top_k(x.value(source.inputs[0]), count, bool(source.attrs.get("sorted", True))))


@handles("InTopKV2", "InTopK")
def _in_top_k(x: Importer, source: Source) -> Any:
    predictions, targets, *_ = x.values(source)
    count = int(x.static(source, 2)) if source.op == "InTopKV2" else source.attrs["k"]
    return weft.math.in_top_k(targets, predictions, count)


for _kind in ("sum", "mean", "max", "min", "prod"):
    handles(f"Segment{_kind.capitalize()}")(of(getattr(weft.math, f"segment_{_kind}")))
    if _kind != "mean":
        handles(f"UnsortedSegment{_kind.capitalize()}")(of(getattr(weft.math, f"unsorted_segment_{_kind}")))


@handles("DynamicPartition")
def _partition(x: Importer, source: Source) -> Any:
    return apply("dynamic_partition", *x.values(source), num_partitions=source.attrs["num_partitions"])


@handles("DynamicStitch", "ParallelDynamicStitch")
def _stitch(x: Importer, source: Source) -> Any:
    values = x.values(source)
    half = len(values) // 2
    indices, data = values[:half], values[half:]
    flat = [weft.reshape(d, weft.concat([[-1], weft.shape(d)[i.shape.rank :]], 0)) if i.shape.rank != 1 else d
            for i, d in zip(indices, data, strict=True)]  # fmt: skip
    return apply("dynamic_stitch", weft.concat([weft.reshape(i, [-1]) for i in indices], 0), weft.concat(flat, 0))


@handles("SoftmaxCrossEntropyWithLogits")
def _entropy(x: Importer, source: Source) -> Any:
    logits, labels = x.values(source)
    loss = weft.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return [loss, weft.nn.softmax(logits) - labels]


@handles("SparseSoftmaxCrossEntropyWithLogits")
def _sparse_entropy(x: Importer, source: Source) -> Any:
    logits, labels = x.values(source)
    loss = weft.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    if x._used.get(source.name, 0) == 0:
        return [loss]
    return [loss, weft.nn.softmax(logits) - weft.one_hot(labels, logits.shape[-1], dtype=logits.dtype)]
