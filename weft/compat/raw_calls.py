"""What `tf.raw_ops` does: TensorFlow's operations one by one, made of Weft's ops as those of graphs in files are.

`operations.txt` says what each takes and gives; what it does is its handler's (`weft.compat.v1.graph_import`).
"""

from __future__ import annotations

import functools
from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any

from weft.base import dtypes
from weft.base.errors import UnimplementedError, explain
from weft.base.shapes import TensorShape
from weft.compat.operations import Argument, Record, record

# A call -------------------------------------------------------------------------------------------------------------


def _python(value: Any, kind: str) -> Any:
    """An attribute's value as handlers know it."""
    if kind.startswith("list("):
        return [_python(item, kind[5:-1]) for item in value]
    if kind == "type":
        return dtypes.as_dtype(value)
    if kind == "string":
        return value.encode() if isinstance(value, str) else value
    if kind == "shape":
        return TensorShape(value)
    if kind == "tensor":
        import weft

        return weft.make_ndarray(value) if hasattr(value, "tensor_shape") else value
    return {"int": int, "float": float, "bool": bool}.get(kind, lambda given: given)(value)


def _handle_of(value: Any) -> Any:
    """The handle of a variable, or what stands for one; None for anything else."""
    from weft.runtime.tensor import Handle

    found = getattr(value, "handle", value)
    return found if isinstance(found, Handle) else None


class _Call:
    """One call: its operands as tensors, and the attributes that they tell."""

    def __init__(self, record: Record, given: Mapping[str, Any]) -> None:
        self.record, self.given = record, given
        self.attrs: dict[str, Any] = {}
        self.tensors: list[Any] = []
        self.handles: dict[int, Any] = {}
        for attribute in record.attributes:
            value = given.get(attribute.name, attribute.default)
            if value is not None or attribute.kind == "shape":
                self.attrs[attribute.key] = _python(value, attribute.kind)
        kinds = self._kinds()
        for argument in record.inputs:
            self._take(argument, given[argument.name], kinds)

    def _kinds(self) -> dict[str, Any]:
        """Type attribute -> dtype, from the operands that have one."""
        found: dict[str, Any] = {}
        for argument in self.record.inputs:
            value = self.given[argument.name]
            members = value if argument.many and isinstance(value, (list, tuple)) else [value]
            for member in members:
                if argument.kind in self.record.told and hasattr(member, "dtype"):
                    found.setdefault(argument.kind, dtypes.as_dtype(member.dtype))
        return found

    def _take(self, argument: Argument, value: Any, kinds: dict[str, Any]) -> None:
        import weft

        def tensor(member: Any) -> Any:
            wanted = kinds.get(argument.kind)
            if wanted is None and argument.kind and argument.kind not in self.record.told:
                wanted = dtypes.as_dtype(argument.kind)
            if wanted is None and isinstance(self.record.told.get(argument.kind), str) and _plain(member):
                with_default = _fitting(member, dtypes.as_dtype(self.record.told[argument.kind]))
                return weft.convert_to_tensor(member) if with_default is None else with_default
            return weft.convert_to_tensor(member, None if hasattr(member, "dtype") else wanted)

        handle = _handle_of(value) if argument.kind == "resource" or argument.kind in self.record.told else None
        if handle is not None and argument.kind == "resource":
            self.handles[len(self.tensors)] = handle
            self.tensors.append(value)
            return
        if argument.many or argument.kinds:
            members = [tensor(member) for member in value]
            if argument.many:
                self.attrs.setdefault(argument.many, len(members))
            if argument.kinds:
                self.attrs.setdefault(argument.kinds, [member.dtype for member in members])
            elif members and argument.kind in self.record.told:
                self.attrs.setdefault(argument.kind, members[0].dtype)
            self.tensors += members
            return
        found = tensor(value)
        if argument.kind in self.record.told:
            self.attrs.setdefault(argument.kind, found.dtype)
            kinds.setdefault(argument.kind, found.dtype)
        self.tensors.append(found)

    def run(self) -> list[Any]:
        """The results in a row."""
        from weft.compat.v1.graph_import import HANDLERS, Importer, NotKnown, Source

        source = Source.__new__(Source)
        name = self.record.name
        references = [(f"{name}/{place}", 0) for place in range(len(self.tensors))]
        source.__dict__.update(name=name, op=name, device="", control=[], attrs=self.attrs, inputs=references)
        importer = Importer([], dict(zip(references, self.tensors, strict=True)), "")
        importer.handles.update({references[place][0]: handle for place, handle in self.handles.items()})
        importer.branches[name] = frozenset()
        importer._used[name] = sum(int(self.attrs[o.many]) if o.many else len(self.attrs[o.kinds]) if o.kinds else 1
                                   for o in self.record.outputs) - 1  # fmt: skip
        try:
            found = HANDLERS[name](importer, source)
        except NotKnown as problem:
            raise UnimplementedError(explain(f"Weft has no tf.raw_ops.{name} in this form: {problem}.",
                                             hint="use the function of tf that does the same")) from None  # fmt: skip
        return list(found) if isinstance(found, (list, tuple)) else [found]


def _plain(value: Any) -> bool:
    return not hasattr(value, "dtype")


def _fitting(value: Any, wanted: Any) -> Any:
    """A Python value as a tensor of a default dtype; None where it is of another kind."""
    import weft

    try:
        return weft.convert_to_tensor(value, wanted)
    except (TypeError, ValueError):
        return None


def _grouped(record: Record, attrs: Mapping[str, Any], found: list[Any]) -> Any:
    """Results as TensorFlow gives them: a tensor, a list of them, or a tuple with names."""
    if not record.outputs:
        return None
    made: list[Any] = []
    for output in record.outputs:
        if output.many or output.kinds:
            count = int(attrs[output.many]) if output.many else len(attrs[output.kinds])
            made.append(found[:count])
            found = found[count:]
        else:
            made.append(found[0] if found else None)  # a handler may leave out what belongs to another use of it
            found = found[1:]
    return made[0] if len(made) == 1 else _results(record.name, tuple(o.name for o in record.outputs))(*made)


@functools.cache
def _results(name: str, fields: tuple[str, ...]) -> Any:
    return namedtuple(name, fields)  # type: ignore[misc]


def _wording(name: str) -> str:
    """TensorFlow's name of the function in messages: `conv2d` for Conv2D."""
    return "".join(f"_{c.lower()}" if c.isupper() and i and not name[i - 1].isupper() and not name[i - 1].isdigit()
                   else c.lower() for i, c in enumerate(name))  # fmt: skip


def _called(record: Record, given: dict[str, Any]) -> Any:
    import weft

    name = given.pop("name", None)
    names = [argument.name for argument in record.inputs] + [attribute.name for attribute in record.attributes]
    for key in given:
        if key not in names:
            raise TypeError(f"{_wording(record.name)}() got an unexpected keyword argument '{key}'")
    needed = [a.name for a in record.inputs] + [a.name for a in record.attributes if a.needed]
    missing = [f"'{key}'" for key in needed if key not in given]
    if missing:
        raise TypeError(f"{_wording(record.name)}() missing {len(missing)} required positional argument"
                        f"{'s' if len(missing) > 1 else ''}: {' and '.join(missing)}")  # fmt: skip
    if name is None:
        call = _Call(record, given)
        return _grouped(record, call.attrs, call.run())
    with weft.name_scope(name):
        call = _Call(record, given)
        return _grouped(record, call.attrs, call.run())


def function_of(name: str, keywords_only: bool = True) -> Callable[..., Any]:
    """The function of an operation.

    Args:
        name: TensorFlow's operation, such as `"Conv2D"`.
        keywords_only: Whether it refuses arguments by position, as the functions of `tf.raw_ops` do.
    """
    definition = record(name)
    names = [a.name for a in definition.inputs] + [a.name for a in definition.attributes]

    def function(*args: Any, **kwargs: Any) -> Any:
        if args and keywords_only:
            raise TypeError(f"{_wording(name)} only takes keyword args (possible keys: {[*names, 'name']}). "
                            "Please pass these args as kwargs instead.")  # fmt: skip
        if len(args) > len(names) + 1:
            raise TypeError(f"{_wording(name)}() takes {len(names) + 1} arguments but {len(args)} were given")
        return _called(definition, {**dict(zip([*names, "name"], args, strict=False)), **kwargs})

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"TensorFlow's operation {name}({', '.join(names)})."
    return function
