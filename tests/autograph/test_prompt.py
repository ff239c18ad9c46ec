"""Functions typed at Python's plain prompt: their source is found in the line editor's history, or not at all."""

import os
import select
import sys
import time
import types

import pytest

from weft.autograph import source, typed

TYPED = """import weft as tf
@tf.function
def doubled(x):
    for i in tf.range(8):
        if tf.reduce_sum(x) > 100.0:
            break
        x = x * 2.0
    return x

print("sum", float(tf.reduce_sum(doubled(tf.ones([2, 2])))))
print("kinds", [o.type for o in doubled.get_concrete_function(tf.ones([2, 2])).graph.get_operations()])
chosen = tf.function(lambda x: 1.0 if x > 0.0 else 2.0)
print("chosen", float(chosen(tf.constant(-1.0))))
exit()
"""


def at_a_prompt(text, patience=120):
    """What a Python on a terminal of its own printed while lines were typed."""
    pty = pytest.importorskip("pty")
    process, terminal = pty.fork()
    if process == 0:
        environment = {**os.environ, "TERM": "dumb", "PYTHON_BASIC_REPL": "1", "HOME": "/nonexistent"}
        os.execve(sys.executable, [sys.executable, "-q"], environment)
    printed, waiting, end = b"", text.splitlines(keepends=True), time.monotonic() + patience
    try:
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            try:
                printed += os.read(terminal, 4096)
            except OSError:  # it has ended
                break
            if waiting and printed.endswith((b">>> ", b"... ")):
                os.write(terminal, waiting.pop(0).encode())
    finally:
        os.close(terminal)
        os.waitpid(process, 0)
    return printed.decode()


def test_loops_and_conditions_typed_at_a_prompt_are_traced():
    pytest.importorskip("readline")
    printed = at_a_prompt(TYPED)
    assert "sum 128.0" in printed and "chosen 2.0" in printed, printed
    kinds = printed.rpartition("kinds [")[2]
    assert kinds.count("'While'") == 1, printed


@pytest.fixture
def history(monkeypatch):
    """Stands in for the line editor; lines go into it."""
    lines = []
    editor = types.SimpleNamespace(get_current_history_length=lambda: len(lines),
                                   get_history_item=lambda n: lines[n - 1])  # fmt: skip
    monkeypatch.setitem(sys.modules, "readline", editor)
    return lines


def made(text, name, filename=typed.PROMPT):
    names = {}
    exec(compile(text, filename, "single"), names)
    return names[name]


def test_of_several_definitions_the_one_with_this_very_code_is_meant(history):
    first, second = "def f(x):\n    return x + 1\n", "def f(x):\n    return x + 2\n"
    older, newer = made(first, "f"), made(second, "f")
    history += first.splitlines() + ["f(1)"] + second.splitlines() + ["if f(1):", "    f(2)", "else:", "    f(3)"]
    assert "".join(typed.lines_of(older.__code__)) == first
    assert "".join(typed.lines_of(newer.__code__)) == second
    assert source.find(older).node.name == "f"


def test_what_was_never_typed_like_this_has_no_source(history):
    history += ["def f(x):", "    return x + 3"]
    with pytest.raises(source.NoSource):
        source.find(made("def f(x):\n    return x + 1\n", "f"))
    assert typed.lines_of(made("def f(x):\n    return x + 3\n", "f", "<string>").__code__) == []


def test_methods_and_decorated_functions_are_found_with_what_is_around_them(history):
    text = "class Model:\n    def call(self, x):\n        return self.__secret + x\n"
    history += text.splitlines() + ["@staticmethod", "def g():", "    return 5"]
    assert source.find(made(text, "Model").call).inside == "Model"
    assert source.find(made("@staticmethod\ndef g():\n    return 5\n", "g").__func__).node.name == "g"
