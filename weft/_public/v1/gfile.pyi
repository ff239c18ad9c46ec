"""Written by tools/make_stubs.py; do not edit."""

from weft.api.gfile import FastGFile as FastGFile
from weft.api.gfile import GFile as _Open
from weft.api.gfile import copy as _Copy
from weft.api.gfile import exists as _Exists
from weft.api.gfile import glob as _Glob
from weft.api.gfile import isdir as _IsDirectory
from weft.api.gfile import listdir as _ListDirectory
from weft.api.gfile import makedirs as _MakeDirs
from weft.api.gfile import remove as _Remove
from weft.api.gfile import rename as _Rename
from weft.api.gfile import rmtree as _DeleteRecursively
from weft.api.gfile import stat as _Stat
from weft.api.gfile import walk as _Walk
from weft.compat.v1.gfile import MkDir as MkDir

Copy = _Copy
DeleteRecursively = _DeleteRecursively
Exists = _Exists
Glob = _Glob
IsDirectory = _IsDirectory
ListDirectory = _ListDirectory
MakeDirs = _MakeDirs
Open = _Open
Remove = _Remove
Rename = _Rename
Stat = _Stat
Walk = _Walk
