"""Written by tools/make_stubs.py; do not edit."""

from weft.api.gfile import FastGFile as FastGFile
from weft.api.gfile import GFile as _Open
from weft.compat.v1.gfile import Copy as Copy
from weft.compat.v1.gfile import DeleteRecursively as DeleteRecursively
from weft.compat.v1.gfile import Exists as Exists
from weft.compat.v1.gfile import Glob as Glob
from weft.compat.v1.gfile import IsDirectory as IsDirectory
from weft.compat.v1.gfile import ListDirectory as ListDirectory
from weft.compat.v1.gfile import MakeDirs as MakeDirs
from weft.compat.v1.gfile import MkDir as MkDir
from weft.compat.v1.gfile import Remove as Remove
from weft.compat.v1.gfile import Rename as Rename
from weft.compat.v1.gfile import Stat as Stat
from weft.compat.v1.gfile import Walk as Walk

Open = _Open
