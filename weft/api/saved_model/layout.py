"""Where things lie in the folder of a SavedModel."""

from __future__ import annotations

import os
from typing import Any

#: of Weft's own form of programs
FORMAT = 1
#: how `saved_model.pb` names that form
PROGRAM = "type.googleapis.com/weft.Program"
#: how many places the lists that lead to variables or functions have at most, all together
MAX_LIST = 1 << 20
VARIABLES = ("variables", "variables")
ASSETS = "assets"
INDEX = "variables.index"
NAME = "saved_model.pb"
TEXT_NAME = "saved_model.pbtxt"


def pb_path(folder: str) -> str:
    """The path of `saved_model.pb` in a folder."""
    return os.path.join(folder, NAME)


def contains_saved_model(export_dir: Any) -> bool:
    """Whether a folder holds a SavedModel, whoever wrote it."""
    folder = os.fsdecode(export_dir)
    return any(os.path.isfile(os.path.join(folder, name)) for name in (NAME, TEXT_NAME))
