"""What contrib's layers share: the names of their variables, and the collections that variables and results join."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from weft.compat.v1 import graphs
from weft.compat.v1.inner import smart_cond as smart_cond
from weft.runtime.graph import GraphKeys


class Renamed:
    """Gives variables the names that they have here: `weights` and `biases`."""

    #: a variable's name in `tf.layers`, and its name here
    _names = {
        "kernel": "weights", "bias": "biases", "depthwise_kernel": "depthwise_weights",
        "pointwise_kernel": "pointwise_weights",
    }  # fmt: skip

    def add_weight(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """A variable."""
        return super().add_weight(self._names.get(name, name), *args, penalised=name, **kwargs)  # type: ignore[misc]


def get_variable_collections(variables_collections: Any, name: str) -> Any:
    """The collections of a variable: of a dict those under its name, else all.

    Args:
        variables_collections: A list of collections for every variable, or a dict of lists by variables' names.
        name: The variable's last name, such as `weights`.
    """
    return variables_collections.get(name) if isinstance(variables_collections, dict) else variables_collections


def collect_variables(variables: Any, collections: Any) -> None:
    """Has variables join collections, and those of the model."""
    for variable in variables:
        keys = get_variable_collections(collections, variable.op.name.rpartition("/")[2])
        for key in [keys] if isinstance(keys, str) else keys or []:
            graphs.add_to_collection(key, variable)
        graphs.add_to_collection(GraphKeys.MODEL_VARIABLES, variable)


def append_tensor_alias(tensor: Any, alias: str) -> Any:
    """Gives a tensor one more name, a slash at its end left out; gives the tensor."""
    tensor.aliases = [*getattr(tensor, "aliases", []), alias[:-1] if alias.endswith("/") else alias]
    return tensor


def get_tensor_aliases(tensor: Any) -> list[str]:
    """The further names of a tensor; its operation's name, and that of its scope, where it has none."""
    if hasattr(tensor, "aliases"):
        return list(tensor.aliases)
    name = tensor.op.name
    return [name, name.rpartition("/")[0]] if "/" in name else [name]


def gather_tensors_aliases(tensors: Any) -> list[str]:
    """The further names of several tensors."""
    return [alias for tensor in tensors for alias in get_tensor_aliases(tensor)]


def collect_named_outputs(collections: Any, alias: str, outputs: Any) -> Any:
    """Has a result join collections under a further name; gives the result."""
    if collections:
        append_tensor_alias(outputs, alias)
        graphs.get_default_graph().add_to_collections(collections, outputs)
    return outputs


def convert_collection_to_dict(collection: str, clear_collection: bool = False) -> Any:
    """The tensors of a collection by their further names.

    Args:
        collection: The collection's name.
        clear_collection: Whether it is empty afterwards.
    """
    members = graphs.get_collection(collection)
    found = OrderedDict((alias, tensor) for tensor in members for alias in get_tensor_aliases(tensor))
    if clear_collection:
        graphs.get_default_graph().clear_collection(collection)
    return found


def first_dimension(shape: Any, min_rank: int = 1) -> Any:
    """The first size of a shape of so many axes or more."""
    return shape.with_rank_at_least(min_rank).dims[0].value


def last_dimension(shape: Any, min_rank: int = 1) -> Any:
    """The last size of a shape of so many axes or more."""
    return shape.with_rank_at_least(min_rank).dims[-1].value


def two_element_tuple(int_or_tuple: Any) -> tuple[int, int]:
    """Two numbers of one, or of a list or shape of two."""
    if hasattr(int_or_tuple, "as_list"):
        int_or_tuple = int_or_tuple.as_list()
    if isinstance(int_or_tuple, (list, tuple)):
        if len(int_or_tuple) != 2:
            raise ValueError(f"Must be a list with 2 elements: {int_or_tuple}")
        return int(int_or_tuple[0]), int(int_or_tuple[1])
    return int(int_or_tuple), int(int_or_tuple)


def finished(outputs: Any, layer: Any, activation: Any, normalizer: Any, options: Any, collections: Any,
             outputs_collections: Any, scope: Any) -> Any:  # fmt: skip
    """A layer's result after its normalizer and activation; both it and the variables join their collections."""
    collect_variables(layer.weights, collections)
    if normalizer is not None:
        outputs = normalizer(outputs, **(options or {}))
    if activation is not None:
        outputs = activation(outputs)
    return collect_named_outputs(outputs_collections, scope.name, outputs)
