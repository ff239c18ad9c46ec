"""Python's control flow in traced functions: `if`, `while` and `for` over tensors become the graph's.

A function that is traced is rewritten from its source (`rewriting.py`), so that every branch and loop asks what it
depends on (`operators.py`): a Python value is decided at once, by Python; a tensor makes a branch or a loop of the
graph. Functions that it calls are rewritten, too, where they are the program's own (`calls.py`).
"""
