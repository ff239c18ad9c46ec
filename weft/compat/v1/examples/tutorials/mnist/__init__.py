"""MNIST as the tutorials read it, and their network for it."""

from weft.compat.v1.examples.tutorials.mnist import input_data as input_data
from weft.compat.v1.examples.tutorials.mnist import mnist as mnist
