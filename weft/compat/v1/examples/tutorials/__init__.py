"""What the tutorials used."""

from weft.compat.v1.examples.tutorials import mnist as mnist
