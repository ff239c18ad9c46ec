"""What published packages take from modules that TensorFlow keeps to itself, under ``tensorflow.python``.

Such names come with no promise, yet packages that many programs build on use them: helpers for decorators, nested
structures, contexts, tests. `weft.compat.old_paths` says which module of theirs is answered by which of these. What
only steers TensorFlow's own machinery, and changes no number, is accepted and does nothing.
"""
