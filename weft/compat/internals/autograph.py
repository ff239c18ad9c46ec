"""TensorFlow's tools for rewriting Python, which packages import and few programs come to use.

Weft rewrites Python by itself (`weft.autograph`), with tools of another form. Names can be imported, and derived from,
so that the rest of a package works; who calls one hears of it.
"""

from __future__ import annotations

from typing import Any, NoReturn


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)

    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(
            f"{name} is a tool of TensorFlow's own for rewriting Python, which Weft has not. tf.function and "
            "tf.autograph.to_graph rewrite functions."
        )

    return type(name, (), {"__new__": refuse, "__doc__": f"{name} of TensorFlow's, which refuses to be called."})
