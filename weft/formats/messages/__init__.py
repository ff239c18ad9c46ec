"""The messages of TensorFlow's files: examples, tensors, graphs, summaries, events, checkpoints.

Field names and numbers are those of the files; everything else about a message follows from `weft.formats.message`.
"""
