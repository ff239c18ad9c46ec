"""`tf.gfile`: files and folders under TensorFlow 1's names."""

from __future__ import annotations

from weft.api import gfile
from weft.api.gfile import GFile

Copy = gfile.copy
DeleteRecursively = gfile.rmtree
Exists = gfile.exists
FastGFile = gfile.FastGFile
Glob = gfile.glob
IsDirectory = gfile.isdir
ListDirectory = gfile.listdir
MakeDirs = gfile.makedirs
MkDir = gfile.mkdir
Open = GFile
Remove = gfile.remove
Rename = gfile.rename
Stat = gfile.stat
Walk = gfile.walk
