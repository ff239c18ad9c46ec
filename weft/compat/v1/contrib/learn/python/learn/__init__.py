"""An old path."""

from weft.compat.v1.contrib.learn.python.learn import datasets as datasets
