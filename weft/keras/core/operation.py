"""Operations: what can be called on symbolic tensors and is remembered; and the record of one call, a node."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft import extend
from weft.keras.core import naming
from weft.keras.core.keras_tensor import KerasHistory, KerasTensor, any_symbolic
from weft.keras.core.stateless import SymbolicScope


class Node:
    """One call of an operation on symbolic tensors.

    Attributes:
        operation: What was called.
        args: The positional arguments, symbolic tensors among them.
        kwargs: The keyword arguments.
        outputs: The resulting symbolic tensors, flat.
        structure: The results in the structure in which they were returned.
    """

    def __init__(self, operation: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Any) -> None:
        self.operation = operation
        self.args = args
        self.kwargs = kwargs
        self.structure = outputs
        self.inputs = [leaf for leaf in tf.nest.flatten((args, kwargs)) if isinstance(leaf, KerasTensor)]
        self.outputs = tf.nest.flatten(outputs)
        index = len(operation._inbound_nodes)
        operation._inbound_nodes.append(self)
        for position, tensor in enumerate(self.outputs):
            tensor._keras_history = KerasHistory(operation, index, position)
        for parent in self.parents:
            parent.operation._outbound_nodes.append(self)

    @property
    def parents(self) -> list[Node]:
        """The calls that made the inputs."""
        return [node for node in map(node_of, self.inputs) if node is not None]

    @property
    def is_input(self) -> bool:
        """Whether this stands for an input of a model."""
        return not self.inputs

    # Keras' names for the same

    @property
    def input_tensors(self) -> list[Any]:
        """The symbolic tensors among the arguments."""
        return self.inputs

    @property
    def output_tensors(self) -> list[Any]:
        """The resulting symbolic tensors."""
        return self.outputs

    @property
    def parent_nodes(self) -> list[Node]:
        """The calls that made the inputs."""
        return self.parents

    def __repr__(self) -> str:
        return f"<Node of {self.operation!r}>"


def node_of(tensor: Any) -> Node | None:
    """The call that made a symbolic tensor; None for one that stands alone."""
    operation, index, _ = tensor._keras_history
    return None if operation is None else operation._inbound_nodes[index]


class Operation:
    """Something with a name that maps tensors to tensors, at once or symbolically.

    Args:
        name: Its name; made from the class where None.
    """

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = naming.auto_name(naming.to_snake_case(type(self).__name__))
        if not isinstance(name, str) or "/" in name:
            raise ValueError(extend.explain(
                f"{type(self).__name__}: the name must be a string and cannot contain character `/`.",
                received=repr(name),
            ))  # fmt: skip
        self.name = name
        self._inbound_nodes: list[Node] = []
        self._outbound_nodes: list[Node] = []

    @extend.user_facing
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Records a call where a symbolic tensor is among the arguments; runs it otherwise."""
        if any_symbolic(args, kwargs):
            from weft.keras.core import step_values

            if not step_values.known(args, kwargs):
                return self.symbolic_call(*args, **kwargs)
            args, kwargs = step_values.filled((args, kwargs))
        return self.call(*args, **kwargs)

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """Infers the results' shapes and dtypes and remembers the call."""
        outputs = self.compute_output_spec(*args, **kwargs)
        Node(self, args, kwargs, outputs)
        return outputs

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Computes the results. Subclasses say how."""
        raise NotImplementedError(f"{type(self).__name__} has no call() method.")

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Symbolic tensors with the shapes and dtypes of the results, found by running `call` without values."""
        return evaluate_symbolically(self.call, *args, **kwargs)

    @property
    def input(self) -> Any:
        """The symbolic input of the first call; a list where there are several."""
        found = self._first_node("input").inputs
        return found[0] if len(found) == 1 else found

    @property
    def output(self) -> Any:
        """The symbolic output of the first call."""
        return self._first_node("output").structure

    def _first_node(self, what: str) -> Node:
        if not self._inbound_nodes:
            raise AttributeError(extend.explain(
                f"`{self.name}` has no {what} yet: it has not been called on a symbolic tensor.",
                hint="call it on keras.Input(...), or give the model an input shape",
            ))  # fmt: skip
        return self._inbound_nodes[0]

    def get_input_at(self, node_index: int) -> Any:
        """The symbolic inputs of one call."""
        found = self._inbound_nodes[node_index].inputs
        return found[0] if len(found) == 1 else found

    def get_output_at(self, node_index: int) -> Any:
        """The symbolic outputs of one call."""
        return self._inbound_nodes[node_index].structure

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().__new__(cls)
        if args or kwargs:
            made.__dict__["_init_arguments"] = (args, kwargs)
        return made

    def get_config(self) -> dict[str, Any]:
        """What it takes to make it again: the arguments it was made with, unless the class says otherwise.

        Raises:
            NotImplementedError: Where an argument cannot be written into a configuration.
        """
        cls = type(self)
        if cls.__init__ is Operation.__init__ or cls.get_config is not Operation.get_config:
            return {"name": self.name}
        return {key: self._plain_argument(key, value) for key, value in self._arguments().items()}

    def _arguments(self) -> dict[str, Any]:
        """The arguments it was made with, by name."""
        args, kwargs = self.__dict__.get("_init_arguments", ((), {}))
        signature = extend.signature_of(type(self).__init__)
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        found = dict(list(bound.arguments.items())[1:])
        for parameter in signature.parameters.values():
            if parameter.kind is parameter.VAR_KEYWORD:
                found.update(found.pop(parameter.name, {}))
                found.setdefault("name", self.name)
            elif parameter.kind is parameter.VAR_POSITIONAL and found.get(parameter.name):
                problem = f"it takes any number of arguments, *{parameter.name}"
                raise NotImplementedError(self._needs_get_config(problem))
        if "name" in found:
            found["name"] = self.name
        return found

    def _plain_argument(self, name: str, value: Any) -> Any:
        if all(isinstance(leaf, (str, int, float, bool, type(None))) for leaf in tf.nest.flatten(value)):
            return value
        from weft.keras.saving.serialization import serialize_keras_object

        try:
            return serialize_keras_object(value)
        except (ValueError, TypeError, NotImplementedError) as error:
            problem = f"argument `{name}` is an object of class {type(value).__name__}"
            raise NotImplementedError(self._needs_get_config(problem)) from error

    def _needs_get_config(self, problem: str) -> str:
        kind = type(self).__name__
        return extend.explain(
            f"{kind} cannot be written into a configuration: {problem}.", hint=f"give {kind} a get_config()"
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The operation of a configuration."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


#: ops of Python's operators -> what their applications are called in Keras, where that is otherwise
_OPERATORS = {
    "abs": "absolute", "divide": "true_divide", "floordiv": "floor_divide", "floormod": "mod", "pow": "power",
    "strided_slice": "get_item",
}  # fmt: skip


class OpNode(Operation):
    """The application of one op of the op table, recorded because a symbolic tensor took part in it.

    Args:
        op: The op's name in the table.
        attrs: Its attributes.
        name: Its name.
    """

    def __init__(self, op: str, attrs: dict[str, Any] | None = None, name: str | None = None) -> None:
        super().__init__(name or naming.auto_name(_OPERATORS.get(op, op)))
        self.op = op
        self.attrs = dict(attrs or {})
        # Shapes of the inputs for which `attrs` were noted down; sizes in `attrs` may depend on sizes in these.
        self._shapes: list[Any] | None = None

    def symbolic_call(self, *inputs: Any, **kwargs: Any) -> Any:
        """Infers the results' shapes and dtypes and remembers the call."""
        shapes = [tf.TensorShape(tensor.shape) for tensor in inputs]
        self.attrs = _fill_sizes(self._attrs_for(shapes), shapes)
        self._shapes = [shape.symbolic for shape in shapes]
        return super().symbolic_call(*inputs, **kwargs)

    def _attrs_for(self, shapes: list[Any]) -> dict[str, Any]:
        if self._shapes is None:
            return self.attrs
        old = [tf.TensorShape(shape) for shape in self._shapes]
        return extend.rebind_sizes(self.attrs, old, shapes)  # type: ignore[no-any-return]

    def call(self, *inputs: Any) -> Any:
        """Applies the op. Sizes among its attributes that were unknown become those of the inputs."""
        return extend.op(self.op, *inputs, **self._attrs_for([tf.TensorShape(tensor.shape) for tensor in inputs]))

    def get_config(self) -> dict[str, Any]:
        """The op's name and its attributes."""
        return {"name": self.name, "op": self.op, "attrs": _encode(self.attrs, self._shapes or [])}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The application of a configuration."""
        return cls(config["op"], _decode(config["attrs"]), config.get("name"))

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("_inbound_nodes", "_outbound_nodes")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _inbound_nodes=[], _outbound_nodes=[])


class _Size:
    """A size in a configuration: `times` that of an input along an axis, plus a number."""

    def __init__(self, input: int, axis: int, times: int, plus: int) -> None:
        self.input, self.axis, self.times, self.plus = input, axis, times, plus


def _encode(value: Any, shapes: list[Any]) -> Any:
    """An attribute as plain values. Unknown sizes are told in terms of the inputs' sizes."""
    if isinstance(value, extend.Dim):
        for number, shape in enumerate(shapes):
            for axis, size in enumerate(shape or ()):
                symbol = size.symbol if isinstance(size, extend.Dim) else None
                if symbol is not None and value.symbols() == {symbol}:
                    plus = value.evaluate({symbol: 0})
                    times = value.evaluate({symbol: 1}) - plus
                    if value.evaluate({symbol: 7}) == 7 * times + plus:
                        return {"class_name": "__size__", "config": [number, axis, times, plus]}
        raise ValueError(f"A size of an op, {value!r}, cannot be written into a configuration.")
    if isinstance(value, tf.DType):
        return {"class_name": "__dtype__", "config": value.name}
    if isinstance(value, (tuple, list)):
        return {"class_name": "__list__", "config": [_encode(item, shapes) for item in value]}
    if isinstance(value, dict):
        return {key: _encode(item, shapes) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(f"An attribute of an op, {value!r}, cannot be written into a configuration.")


def _decode(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    kind, config = value.get("class_name"), value.get("config")
    if kind == "__size__":
        return _Size(*map(int, config or ()))
    if kind == "__dtype__":
        return tf.as_dtype(config)
    if kind == "__list__":
        return tuple(_decode(item) for item in config or ())
    return {key: _decode(item) for key, item in value.items()}


def _fill_sizes(value: Any, shapes: list[Any]) -> Any:
    if isinstance(value, _Size):
        return shapes[value.input].symbolic[value.axis] * value.times + value.plus
    if isinstance(value, tuple):
        return tuple(_fill_sizes(item, shapes) for item in value)
    if isinstance(value, dict):
        return {key: _fill_sizes(item, shapes) for key, item in value.items()}
    return value


def evaluate_symbolically(function: Any, *args: Any, **kwargs: Any) -> Any:
    """The results of a function as symbolic tensors, found by running it without values.

    Tensors of `None` among the results stay None.
    """
    with SymbolicScope():
        specs = extend.evaluate_shape(function, *args, **kwargs)
    return tf.nest.map_structure(lambda s: KerasTensor(s.shape, s.dtype) if hasattr(s, "shape") else s, specs)


def kind_of(operation: Any) -> str:
    """The class of a layer, the op of a function of `tf`, or Keras' class for a function of `keras.ops`."""
    return str(getattr(operation, "op", None) or getattr(operation, "class_name", None) or type(operation).__name__)
