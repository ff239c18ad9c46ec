"""What packages import of TensorFlow's insides and few programs come to use: tools that rewrite Python, and the like.

Names can be imported, and derived from, so that the rest of a package works; who calls one hears of it.
"""

from __future__ import annotations

from typing import Any, NoReturn


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)

    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(
            f"{name} belongs to TensorFlow's own insides, and Weft has nothing that does the same. Where it rewrites "
            "Python: tf.function and tf.autograph.to_graph do."
        )

    return type(name, (), {"__new__": refuse, "__doc__": f"{name} of TensorFlow's, which refuses to be called."})
