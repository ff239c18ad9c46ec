"""An old path."""

from weft.compat.v1.contrib.learn.python.learn.datasets import mnist as mnist
