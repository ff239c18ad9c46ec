"""`tf.raw_ops`: TensorFlow's operations one by one; `raw_calls` says what they do.

Nothing but operations may have a public name here: there is one that is called `Any`.
"""


def __getattr__(name: str) -> object:
    if name.startswith("__"):  # whoever looks through modules asks for these: nothing is loaded for them
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from weft.base.errors import explain
    from weft.compat import operations, raw_calls

    if name not in operations.names():
        problem = f"Weft has no operation `tf.raw_ops.{name}`."
        raise AttributeError(explain(problem, hint="use the function of tf that does the same"))
    found = globals()[name] = raw_calls.function_of(name)
    return found


def __dir__() -> list[str]:
    from weft.compat import operations

    return sorted(operations.names())
