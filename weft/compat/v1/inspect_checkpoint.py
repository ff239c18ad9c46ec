"""What a checkpoint holds, printed."""

from __future__ import annotations

import math
import re
from typing import Any

from weft.base.errors import OpError
from weft.compat.v1.checkpoints import NewCheckpointReader


def print_tensors_in_checkpoint_file(
    file_name: Any, tensor_name: str | None, all_tensors: bool, all_tensor_names: bool = False,
    count_exclude_pattern: str = "",
) -> None:  # fmt: skip
    """Prints tensors of a checkpoint, or which there are; a checkpoint that cannot be read is told of in the same way.

    Args:
        file_name: The checkpoint's prefix.
        tensor_name: The tensor to print; none prints the names, types and shapes of all.
        all_tensors: Whether to print all of them, sorted by name.
        all_tensor_names: Whether to print the names of all.
        count_exclude_pattern: A regular expression of names that the count of parameters leaves out.
    """
    try:
        reader = NewCheckpointReader(file_name)
        shapes = reader.get_variable_to_shape_map()
        if all_tensors or all_tensor_names:
            for name in sorted(shapes):
                print("tensor_name: ", name)
                if all_tensors:
                    print(reader.get_tensor(name))
        elif tensor_name:
            print("tensor_name: ", tensor_name)
            print(reader.get_tensor(tensor_name))
        else:
            print(reader.debug_string().decode("utf-8"))
        pattern = re.compile(count_exclude_pattern) if count_exclude_pattern else None
        counted = (shape for name, shape in shapes.items() if pattern is None or not pattern.search(name))
        print(f"# Total number of params: {sum(math.prod(shape) for shape in counted)}")
    except OpError as error:
        print(error.message)
