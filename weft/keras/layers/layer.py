"""`Layer`: weights, and a computation on tensors, with everything that every layer does around its `call`."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Self

import weft as tf
from weft import extend
from weft.extend import explain, present_graph, signature_of
from weft.keras import distribution, dtype_policies
from weft.keras.core import call_context, in_graph, naming, tracking
from weft.keras.core.call_context import CallContext
from weft.keras.core.call_signature import CallSignature, call_signature
from weft.keras.core.conversion import convert_input, is_array_like, is_tensor
from weft.keras.core.keras_tensor import KerasTensor, any_symbolic
from weft.keras.core.masking import get_mask, set_mask
from weft.keras.core.operation import Node, Operation, evaluate_symbolically
from weft.keras.core.shapes import as_shape, map_shapes, shapes_of
from weft.keras.core.variable import autocast_scope
from weft.keras.layers.building import shape_arguments
from weft.keras.layers.input_spec import InputSpec, check_inputs
from weft.keras.layers.layer_config import LayerConfig
from weft.keras.layers.layer_meta import InnerLayers, LayerMeta, is_property
from weft.keras.layers.layer_state import LayerState
from weft.keras.layers.layer_weights import LayerWeights
from weft.keras.random.seed_generator import SeedGenerator

#: keywords that every layer takes, besides its own
BASE_ARGUMENTS = (
    "activity_regularizer", "trainable", "dtype", "autocast", "name", "input_shape", "batch_input_shape", "input_dim",
    "input_length", "batch_size", "weights", "input_dtype", "dynamic",
)  # fmt: skip


class UnknownArgument(ValueError, TypeError):
    """A keyword that a layer does not know: a ValueError as in Keras 3, and a TypeError as in Keras 2."""


class Layer(LayerConfig, LayerWeights, LayerState, Operation, metaclass=LayerMeta):
    """Weights, and a computation on tensors.

    Subclasses make their weights in `build(input_shape)` (or in `__init__`) with `add_weight`, and compute in
    `call(inputs)`. Layers and variables in attributes, and in lists and dicts of them, belong to the layer.

    Args:
        activity_regularizer: Function of the output whose value is added to the loss.
        trainable: Whether training updates the weights.
        dtype: Dtype or policy in which the layer computes and keeps its weights.
        autocast: Whether float inputs are cast to the layer's dtype.
        name: Its name.
        **kwargs: `input_shape`, `batch_input_shape`, `input_dim`, `batch_size`, `weights`.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> class Scale(keras.layers.Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")
        ...     def call(self, inputs):
        ...         return inputs * self.factor
        >>> layer = Scale(name="scale")
        >>> layer(tf.ones((2, 3))).shape, [w.path for w in layer.weights]
        (TensorShape([2, 3]), ['scale/factor'])
    """

    _weft_trackable = True
    #: whether objects of the class have nothing to build, unless a subclass says otherwise with a `build` of its own
    _stateless = False
    #: `all` or `any` in classes whose outputs are sparse where all or any of their inputs are
    _stays_sparse: Any = None
    _tracked: dict[str, Any]  # attributes that may hold layers or variables, by name
    _own: list[Any]  # variables made by add_weight
    #: keywords of a call that hold for the layers inside it
    _call_context_args: frozenset[str] = call_context.TRAINING

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        layer = super().__new__(cls)
        layer.__dict__.update(_tracked={}, _own=[], _losses=[], built=False, _ready=False)
        return layer

    def __init__(
        self, *, activity_regularizer: Any = None, trainable: bool = True, dtype: Any = None, autocast: bool = True,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(name=name)
        from weft.keras import regularizers

        self._ready = True
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._dtype_policy = dtype_policies.get(dtype)
        self.autocast = autocast
        self.supports_masking = type(self).compute_mask is not Layer.compute_mask  # who says how, can
        self.input_spec: Any = None
        if not isinstance(trainable, bool):
            raise ValueError(explain(
                f"{type(self).__name__}: expected `trainable` to be a boolean.", received=repr(trainable)
            ))  # fmt: skip
        self._trainable = trainable
        self._losses: list[Any] = []
        self._metrics: list[Any] = []
        self._building = False
        self._build_shapes: Any = None
        self._path = name or self.name
        self._first_weights = kwargs.pop("weights", None)
        self._given_input = self._read_input_arguments(kwargs)
        if kwargs:
            self._refuse_keywords(kwargs)

    def _read_input_arguments(self, kwargs: dict[str, Any]) -> tuple[Any, Any] | None:
        """Takes what the older spellings say of the first input: its shape with the batch, and its dtype."""
        input_dim, length = kwargs.pop("input_dim", None), kwargs.pop("input_length", None)
        shape, batch_shape = kwargs.pop("input_shape", None), kwargs.pop("batch_input_shape", None)
        batch_size, dtype = kwargs.pop("batch_size", None), kwargs.pop("input_dtype", None)
        kwargs.pop("dynamic", None)
        if batch_shape is None and shape is None and input_dim is not None:
            shape = (input_dim,) if length is None else (length, input_dim)
        if batch_shape is None and shape is not None:
            shape = (shape,) if isinstance(shape, int) else tuple(shape)
            batch_shape = (batch_size, *shape)
        return None if batch_shape is None else (tuple(batch_shape), dtype)

    def _refuse_keywords(self, kwargs: dict[str, Any]) -> None:
        known = set(BASE_ARGUMENTS)
        for cls in type(self).__mro__:
            if issubclass(cls, Layer) and "__init__" in cls.__dict__:
                known |= {p for p in signature_of(cls.__init__).parameters if p not in ("self", "args", "kwargs")}
        word = next(iter(kwargs))
        raise UnknownArgument(explain(
            f"{type(self).__name__} does not know the keyword `{word}`. {extend.nearest(word, known)}",
            received=", ".join(f"{key}={value!r}"[:100] for key, value in kwargs.items()),
            expected="one of " + ", ".join(sorted(known - {"dynamic", "input_dtype", "input_length"})),
        ))  # fmt: skip

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__ and not getattr(cls.__dict__["build"], "_weft_wrapped", False):
            cls.build = _wrap_build(cls.__dict__["build"])  # type: ignore[method-assign]

    # Attributes

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in tracking.ASIDE:
            tracking.changes.count += 1
        tracked = self.__dict__.get("_tracked")
        if tracked is not None and not name.startswith("_weft") and name not in _UNTRACKED:
            if is_property(type(self), name):
                pass  # it keeps the value under a name of its own
            elif tracking.is_trackable(value):
                tracked[name] = value
            elif name in tracked:
                del tracked[name]
        object.__setattr__(self, name, value)
        extend.attribute_set(self)

    def __delattr__(self, name: str) -> None:
        tracking.changes.count += 1
        self.__dict__.get("_tracked", {}).pop(name, None)
        object.__delattr__(self, name)

    def _require_init(self, when: str) -> None:
        if not self._ready:
            raise RuntimeError(explain(
                f"{type(self).__name__}: {when}, but super().__init__() has not been called.",
                hint=f"make `super().__init__(**kwargs)` the first line of {type(self).__name__}.__init__()",
            ))  # fmt: skip

    def _tracked_values(self) -> Iterator[Any]:
        yield from self._own
        for value in list(self._tracked.values()):
            yield from tracking.walk(value)

    def _children(self) -> list[Layer]:
        """The layers directly inside this one."""
        return [
            found for found in tracking.unique(self._tracked_values()) if isinstance(found, Layer) and found is not self
        ]

    _layers = InnerLayers()

    def _flatten_layers(self, recursive: bool = True, include_self: bool = True) -> list[Layer]:
        """This layer and those inside, each once."""
        found: list[Layer] = [self] if include_self else []
        for child in self._children():
            found.append(child)
            if recursive:
                found.extend(child._flatten_layers(include_self=False))
        return tracking.unique(found)

    @property
    def _seed_generators(self) -> list[SeedGenerator]:
        """The sources of random numbers directly inside this one, which test cases of libraries on Keras count."""
        return [found for found in tracking.unique(self._tracked_values()) if isinstance(found, SeedGenerator)]

    @property
    def metrics(self) -> list[Any]:
        """The metrics among its attributes, and those of the layers inside."""
        held = [*self._tracked_values(), *self._metrics]
        found = [value for value in held if hasattr(type(value), "update_state")]
        for child in self._children():
            found.extend(child.metrics)
        return tracking.unique(found)

    # Names and dtypes

    @property
    def path(self) -> str:
        """Its name with those of the layers in which it was built."""
        return self._path

    @property
    def quantization_mode(self) -> Any:
        """None: weights are not quantised."""
        return self.dtype_policy.quantization_mode

    @property
    def dtype_policy(self) -> Any:
        """The policy that says in which dtypes it computes and keeps its weights."""
        return self._dtype_policy

    @dtype_policy.setter
    def dtype_policy(self, policy: Any) -> None:
        policy = dtype_policies.get(policy)
        if isinstance(self._dtype_policy, dtype_policies.DTypePolicyMap) and self.built:
            self._dtype_policy.pop(self.path, None)
            self._dtype_policy[self.path] = policy
        else:
            self._dtype_policy = policy

    def _own_policy(self) -> Any:
        """The policy; of several by path, that of its own."""
        policy = self._dtype_policy
        return policy[self._path] if isinstance(policy, dict) else policy

    @property
    def dtype(self) -> str:
        """The dtype of its weights."""
        return self._own_policy().variable_dtype  # type: ignore[no-any-return]

    variable_dtype = dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype in which it computes."""
        return self._own_policy().compute_dtype  # type: ignore[no-any-return]

    input_dtype = compute_dtype

    # Weights: see `LayerWeights`

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs of this shape. Subclasses that have weights say how."""
        self._build_shapes = {"input_shape": input_shape}
        self.built = True

    # Calls

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Computes the output. Subclasses say how."""
        raise NotImplementedError(explain(
            f"Layer `{self.name}` ({type(self).__name__}) does not have a `call` method implemented.",
            hint="define call(self, inputs) in the class",
        ))  # fmt: skip

    @extend.user_facing
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the layer: builds it on the first call, checks the inputs, carries masks along."""
        self._require_init("it is called")
        self.__dict__["_was_called"] = True
        signature = call_signature(self)
        kwargs, said = self._split_context(signature, kwargs)
        arguments = signature.bind(self, args, kwargs)
        self._convert(arguments, signature)
        symbolic = any_symbolic(arguments)
        recorded = tf.nest.map_structure(_recorded, arguments) if symbolic else None
        first = arguments.get(signature.first) if signature.first else None
        check_inputs(self.input_spec, first, self) if self.built or self.input_spec is not None else None
        outer = call_context.current()
        context = outer if outer is not None else CallContext(self)
        if outer is None:
            call_context.set_current(context)
            self._clear_losses()
        training, values = context.training, context.values
        try:
            self._resolve_training(signature, arguments, context, said.get("training"))
            if self._call_context_args is not call_context.TRAINING:
                self._resolve_context(signature, arguments, context, said)
            with naming.Scope(self.name, self):
                if not self.built:
                    self._build_for(arguments, signature)
                    self._forget_symbolic_losses()
                    check_inputs(self.input_spec, first, self)
                masks = self._fill_masks(signature, arguments)
                outputs = self._run(signature, arguments, symbolic)
                if not symbolic:
                    outputs = distribution.laid_out(outputs, naming.current_path())
                self._finish(first, outputs, masks)
        except tf.errors.InvalidArgumentError as error:
            # Errors of ops know the op alone. The innermost layer says so first, those around it after it.
            error.add_note(f"  in layer `{self.name}` ({type(self).__name__})")
            raise
        finally:
            context.training, context.values = training, values
            if outer is None:
                call_context.set_current(None)
        if recorded is not None:
            self._record(signature, recorded, outputs)
        return outputs

    def _register_call_context_args(self, *names: str) -> None:
        """Makes keywords known to this layer that hold for the layers inside its call, too, as `training` does.

        A layer whose `call` takes such a keyword gets its value there; one that does not only hands it on. What a layer
        is given itself comes before what the layers around it were given.

        Args:
            *names: The keywords.

        Raises:
            RuntimeError: Where the layer has been called.
        """
        if "_was_called" in self.__dict__:
            raise RuntimeError(explain(
                "Cannot add call-context args after the layer has been called.", received=", ".join(names),
                hint=f"register them in {type(self).__name__}.__init__()",
            ))  # fmt: skip
        self._call_context_args = self._call_context_args | set(names)

    def _split_context(
        self, signature: CallSignature, kwargs: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """`training`, `mask` and what was registered may be passed to any layer. Those that do not take them hand them
        on to the layers inside, and ignore `mask`."""
        known = self._call_context_args
        said = {key: value for key, value in kwargs.items() if key in known}
        extra = [key for key in kwargs if (key in known or key == "mask") and key not in signature.names]
        if extra and not signature.takes_any_keyword:
            kwargs = {key: value for key, value in kwargs.items() if key not in extra}
        return kwargs, said

    def _resolve_context(
        self, signature: CallSignature, arguments: dict[str, Any], context: CallContext, said: dict[str, Any]
    ) -> None:
        """Gives the registered keywords to `call`, and to the layers inside: what was said, else what holds around."""
        now = dict(context.values)
        for name in self._call_context_args - call_context.TRAINING:
            value = arguments.get(name, said.get(name))
            if value is None:
                value = now.get(name)
            if value is not None:
                now[name] = value
                if name in signature.names:
                    arguments[name] = value
        context.values = now

    def _convert(self, arguments: dict[str, Any], signature: CallSignature) -> None:
        """Arrays become tensors; floats take the layer's dtype."""
        dtype, autocast = self.input_dtype, self.autocast
        for name, value in arguments.items():
            if name == "training" or value is None:
                continue
            if name == signature.first and not is_tensor(value):
                value = self._convert_numbers(value)
            if is_tensor(value) or is_array_like(value) or isinstance(value, tf.Variable):
                arguments[name] = convert_input(value, autocast, dtype)
            elif isinstance(value, (list, tuple, dict)):
                arguments[name] = tf.nest.map_structure(lambda leaf: convert_input(leaf, autocast, dtype), value)

    def _convert_numbers(self, value: Any) -> Any:
        """A plain list of numbers as a tensor; lists of tensors stay lists."""
        leaves = tf.nest.flatten(value)
        if leaves and all(isinstance(leaf, (bool, int, float)) for leaf in leaves) and not isinstance(value, dict):
            return tf.convert_to_tensor(value)
        return value

    def _resolve_training(
        self, signature: CallSignature, arguments: dict[str, Any], context: CallContext, said: Any
    ) -> None:
        """The argument wins; then what the outermost call said; then the default of `call`."""
        value = arguments.get("training", said)
        if value is None:
            value = context.training
        if value is None:
            value = signature.default_training
        unsaid = said is None and context.training is None and (value is None or value is False)
        if unsaid and present_graph() is not None and not any_symbolic(arguments):
            value = in_graph.phase_for(self, value)
        context.training = value
        if "training" in signature.names:
            if value is not None:
                arguments["training"] = value
            else:
                arguments.pop("training", None)

    def _fill_masks(self, signature: CallSignature, arguments: dict[str, Any]) -> Any:
        """Hands masks that tensors carry to parameters that take them. Returns the first argument's masks."""
        for name, parameter in signature.masks.items():
            if arguments.get(parameter) is None and name in arguments:
                found = _masks_of(arguments[name])
                if found is not None:
                    arguments[parameter] = found
        if signature.first is None or signature.first not in arguments:
            return None
        given = arguments.get(signature.masks.get(signature.first, ""), None)
        return given if given is not None else _masks_of(arguments[signature.first])

    def _run(self, signature: CallSignature, arguments: dict[str, Any], symbolic: bool) -> Any:
        bound = inspect.BoundArguments(signature.signature, dict(arguments))  # type: ignore[arg-type]
        with autocast_scope(self.compute_dtype if self.autocast else None):
            if symbolic:
                return self.compute_output_spec(*bound.args, **bound.kwargs)
            with in_graph.scope(self.name):
                training = bound.arguments.get("training")
                if is_tensor(training) and not hasattr(self, "fit"):
                    own = _is_builtin(type(self).call)  # calls of users may ask the tensor themselves
                    known = tf.get_static_value(training) if own else None
                    if known is not None:
                        bound.arguments["training"] = bool(known)
                    elif in_graph.trains_differently(self):
                        if own or present_graph() is not None:
                            return in_graph.either_way(extend.traceable(self.call), bound)
                    elif own:
                        bound.arguments["training"] = False
                return extend.traceable(self.call)(*bound.args, **bound.kwargs)

    def _trains_differently(self) -> bool:
        """Whether this layer itself, apart from those inside, may compute something else while it trains."""
        if not call_signature(self).reads_training:
            return False
        rates = [getattr(self, name) for name in ("dropout", "recurrent_dropout") if hasattr(self, name)]
        return not rates or any(rates)

    def _record(self, signature: CallSignature, recorded: dict[str, Any], outputs: Any) -> None:
        bound = inspect.BoundArguments(signature.signature, recorded)  # type: ignore[arg-type]
        given = {id(leaf) for leaf in tf.nest.flatten(recorded)}
        if any(id(leaf) in given for leaf in tf.nest.flatten(outputs) if isinstance(leaf, KerasTensor)):
            raise ValueError(explain(
                f"Layer `{self.name}` returned its symbolic input itself.", hint="return tf.identity(inputs)"
            ))  # fmt: skip
        Node(self, bound.args, bound.kwargs, outputs)

    def _finish(self, first: Any, outputs: Any, masks: Any) -> None:
        """Adds the activity's loss and leaves masks on the outputs."""
        if self.activity_regularizer is not None:
            for leaf in tf.nest.flatten(outputs):
                if is_tensor(leaf) and not isinstance(leaf, KerasTensor):
                    loss = self.activity_regularizer(leaf)
                    if leaf.shape.rank != 0:  # a mean over the batch, so that its size does not matter
                        loss = tf.math.divide_no_nan(loss, tf.cast(tf.shape(leaf)[0], loss.dtype))
                    self.add_loss(loss)
        has_mask = masks is not None and any(mask is not None for mask in tf.nest.flatten(masks))
        if self.supports_masking:
            self._set_masks(first, outputs, masks)
        elif has_mask and not getattr(self, "_warned_of_mask", False):
            self._warned_of_mask = True
            warnings.warn(
                f"Layer `{self.name}` ({type(self).__name__}) was given a mask, which it does not use and does not "
                "pass on. Set supports_masking = True in its __init__() if masked steps may go through it.",
                stacklevel=3,
            )

    def _set_masks(self, first: Any, outputs: Any, masks: Any) -> None:
        leaves = tf.nest.flatten(outputs)
        if all(get_mask(leaf) is not None for leaf in leaves):
            return
        found = self.compute_mask(first, masks)
        if found is None:
            return
        given = tf.nest.flatten(found)
        for leaf, mask in zip(leaves, given):
            if is_tensor(leaf) and get_mask(leaf) is None and mask is not None:
                set_mask(leaf, mask)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the outputs, from the inputs and their mask."""
        return previous_mask

    # Building

    def _build_for(self, arguments: dict[str, Any], signature: CallSignature) -> None:
        """Builds for the shapes of the arguments."""
        args, kwargs = shape_arguments(self, self.build, arguments, signature)
        self.build(*args, **kwargs)
        if self._first_weights is not None:
            self.set_weights(self._first_weights)
            self._first_weights = None

    def _build_at_init(self) -> None:
        """Marks a layer that has nothing to build as built, unless its class has a `build` of its own."""
        if type(self).build is Layer.build:
            self.built = True

    def get_build_config(self) -> dict[str, Any] | None:
        """The shapes for which the layer was built, as Keras writes them: one as `input_shape`, several by name."""
        shapes = self._build_shapes
        if not shapes:
            return None
        return {"input_shape": next(iter(shapes.values()))} if len(shapes) == 1 else {"shapes_dict": dict(shapes)}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Builds the layer for the shapes of a configuration."""
        if not config:
            return
        if "shapes_dict" in config:
            self.build(**{key: as_shape(value) for key, value in config["shapes_dict"].items()})
        elif set(config) == {"input_shape"}:
            if config["input_shape"] is not None:
                self.build(as_shape(config["input_shape"]))
        else:
            self.build(**{key: as_shape(value) for key, value in config.items()})

    # Shapes without values

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Symbolic tensors with the shapes and dtypes of the outputs, found by running `call` without values."""
        if type(self).compute_output_shape is not Layer.compute_output_shape and not _is_builtin(
            type(self).compute_output_shape
        ):
            return self._spec_by_shape(args, kwargs)
        if not self.built:  # it may be asked without a call
            signature = call_signature(self)
            with naming.Scope(self.name, self):
                self._build_for(signature.bind(self, args, kwargs), signature)
        with autocast_scope(self.compute_dtype if self.autocast else None):
            found = evaluate_symbolically(self.call, *args, **kwargs)
        given = [leaf for leaf in tf.nest.flatten((args, kwargs)) if isinstance(leaf, KerasTensor)]
        if self._gives_sparse([leaf.sparse for leaf in given]):
            for leaf in tf.nest.flatten(found):
                leaf.mark_sparse()
        return found

    def _gives_sparse(self, flags: list[bool]) -> bool:
        """Whether the outputs are sparse tensors, for inputs that are or are not."""
        return self._stays_sparse is not None and bool(self._stays_sparse(flags))

    def _spec_by_shape(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        signature = call_signature(self)
        arguments = signature.bind(self, args, kwargs)
        args, kwargs = shape_arguments(self, self.compute_output_shape, arguments, signature)
        shapes = self.compute_output_shape(*args, **kwargs)
        return map_shapes(lambda shape: KerasTensor(shape, dtype=self.compute_dtype), shapes)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for inputs of this shape; the layer is built for it where it was not.

        Args:
            input_shape: A shape with the batch, or a structure of them.

        Returns:
            The shapes of the outputs, as tuples.
        """
        if type(self).call is Layer.call:
            raise NotImplementedError(explain(
                f"Layer `{self.name}` ({type(self).__name__}) does not have a `compute_output_shape` method "
                "implemented.",
                hint="define call(self, inputs) in the class, from which shapes follow, or the method itself",
            ))  # fmt: skip
        inputs = map_shapes(lambda shape: KerasTensor(shape, dtype=self.input_dtype), as_shape(input_shape))
        if not self.built:
            with naming.Scope(self.name, self):
                self.build(as_shape(input_shape))
        with autocast_scope(self.compute_dtype if self.autocast else None):
            outputs = evaluate_symbolically(self._call_of_shapes(), inputs)
        return shapes_of(outputs)

    def _call_of_shapes(self) -> Callable[..., Any]:
        """The call that shapes follow from. Where a user's `compute_output_shape` asks that of the layer beneath it
        through `super()`, it is that layer's, which the user's class may have replaced."""
        for cls in type(self).__mro__[type(self).__mro__.index(Layer) - 1 :: -1]:
            own = vars(cls).get("compute_output_shape")
            if own is not None:
                beneath = super(cls, self).call  # type: ignore[arg-type,misc]
                return self.call if _is_builtin(own) or beneath.__func__ is Layer.call else beneath
        return self.call

    # Symbolic inputs and outputs of the only call

    @property
    def input_shape(self) -> Any:
        """The shape of the symbolic input."""
        return shapes_of(self.input)

    @property
    def output_shape(self) -> Any:
        """The shape of the symbolic output."""
        return shapes_of(self.output)

    def get_input_shape_at(self, node_index: int) -> Any:
        """The shape of the symbolic input of one call."""
        return shapes_of(self.get_input_at(node_index))

    def get_output_shape_at(self, node_index: int) -> Any:
        """The shape of the symbolic output of one call."""
        return shapes_of(self.get_output_at(node_index))

    @property
    def input_mask(self) -> Any:
        """The mask of the symbolic input."""
        return tf.nest.map_structure(get_mask, self.input)

    @property
    def output_mask(self) -> Any:
        """The mask of the symbolic output."""
        return tf.nest.map_structure(get_mask, self.output)

    # Copies

    def __getstate__(self) -> dict[str, Any]:
        state = {key: value for key, value in self.__dict__.items() if key not in _UNPICKLED}
        state["_losses"] = []
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__dict__.setdefault("_inbound_nodes", [])
        self.__dict__.setdefault("_outbound_nodes", [])

    def __repr__(self) -> str:
        name = self.__dict__.get("name", "?")
        return f"<{type(self).__name__} name={name}, built={self.built}>"


#: attributes that never hold the user's layers or variables
_UNTRACKED = {"_tracked", "_own", "_losses", "_metrics", "_inbound_nodes", "_outbound_nodes", "_build_shapes",
              "input_spec", "_first_weights", "_given_input", "built", "_init_arguments"}  # fmt: skip
#: what a copy of a layer leaves behind: its place in a graph
_UNPICKLED = {"_inbound_nodes", "_outbound_nodes", "_losses"}


def _wrap_build(build: Any) -> Any:
    """`build` with what always belongs to it: the name scope, eager values, and the note that it happened."""

    @wraps(build)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> None:
        if self.__dict__.get("_building"):
            build(self, *args, **kwargs)
            return
        self._require_init("build() is called")
        self._building = True
        try:
            with naming.Scope(self.name, self), tf.init_scope():
                self._path = naming.current_path()
                args = tuple(as_shape(shape) if _is_shape_like(shape) else shape for shape in args)
                build(self, *args, **{key: as_shape(v) if _is_shape_like(v) else v for key, v in kwargs.items()})
        finally:
            self._building = False
        self.built = True
        names = list(signature_of(build).parameters)[1:]
        self._build_shapes = dict(zip(names, args)) | kwargs

    wrapped._weft_wrapped = True  # type: ignore[attr-defined]
    return wrapped


def _is_shape_like(value: Any) -> bool:
    return isinstance(value, (tuple, list, dict, tf.TensorShape))


def _recorded(leaf: Any) -> Any:
    return leaf.recorded() if isinstance(leaf, KerasTensor) else leaf


def _is_builtin(function: Any) -> bool:
    return str(getattr(function, "__module__", "")).startswith("weft.keras.")


def _masks_of(value: Any) -> Any:
    """The masks that a structure of tensors carries, in its structure, None for each that has none."""
    return get_mask(value) if is_tensor(value) else tf.nest.map_structure(get_mask, value)


__all__ = ["BASE_ARGUMENTS", "InputSpec", "Layer"]
