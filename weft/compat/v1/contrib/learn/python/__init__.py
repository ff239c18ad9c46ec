"""An old path."""

from weft.compat.v1.contrib.learn.python import learn as learn
