"""`tf.contrib.slim.model_analyzer`: lists of tensors and how large they are."""

from __future__ import annotations

from typing import Any

from weft.base import dtypes


def tensor_description(var: Any) -> str:
    """The dtype and the sizes of a tensor, and how many elements it has: `(float32_ref 3x4) [12, bytes: 48]`."""
    dtype = dtypes.as_dtype(var.dtype)
    name = f"{dtype.name}_ref" if hasattr(var, "assign") else dtype.name
    sizes = var.get_shape()
    count = sizes.num_elements()
    shown = "x".join(str(size) for size in sizes.as_list())
    held = f"[{count}, bytes: {count * dtype.size}]" if count is not None else "[?, bytes: ?]"
    return f"({name} {shown}) {held}"


def analyze_vars(variables: Any, print_info: bool = False) -> tuple[int, int]:
    """How many elements variables have, and how many bytes.

    Args:
        variables: A list of variables.
        print_info: Whether they are listed on standard output.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default():
        ...     analyze_vars([tf.Variable([1.0, 2.0], name="w")])
        (2, 8)
    """
    rule = "---------"
    if print_info:
        print(rule, "Variables: name (type shape) [size]", rule, sep="\n")
    sizes = [(each.get_shape().num_elements() or 0, dtypes.as_dtype(each.dtype).size) for each in variables]
    for each in variables if print_info else ():
        print(each.name, tensor_description(each))
    count, total = sum(n for n, _ in sizes), sum(n * size for n, size in sizes)
    if print_info:
        print("Total size of variables:", count)
        print("Total bytes of variables:", total)
    return count, total


def analyze_ops(graph: Any, print_info: bool = False) -> int:
    """How many elements the tensors have that a graph's operations give.

    Args:
        graph: A graph.
        print_info: Whether the operations are listed on standard output.
    """
    total = 0
    if print_info:
        print("---------", "Operations: name -> (type shapes) [size]", "---------", sep="\n")
    for operation in graph.get_operations():
        sizes = [tensor.get_shape().num_elements() or 0 for tensor in operation.outputs]
        total += sum(sizes)
        if print_info:
            shapes = ", ".join(tensor_description(tensor).split("[")[0].strip() for tensor in operation.outputs)
            print(operation.name, "->", f"{shapes} [{sum(sizes)}]")
    if print_info:
        print("---------", f"Total size: {total}", sep="\n")
    return total
