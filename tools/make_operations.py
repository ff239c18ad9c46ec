"""Writes weft/compat/operations.txt: operands, attributes and results of TensorFlow's operations that Weft has.

    python tools/make_operations.py --names | ORACLE/bin/python tools/make_operations.py > weft/compat/operations.txt

The first command prints the names of Weft's handlers; the second runs where TensorFlow is installed. A line is an
operation: `Name|operands|attributes|results`. An operand is `name:type`: a dtype, the attribute that names it, `N*type`
for a list of N tensors, `*types` for a list whose dtypes an attribute holds. An attribute is `name:kind` or
`name:kind=default`; those that operands tell come last, after a second bar, with their default dtypes.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from pathlib import Path

if "--names" in sys.argv:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from weft.compat.v1 import graph_import

    for part in graph_import.PARTS:
        importlib.import_module(f"weft.compat.v1.graph_import_{part}")
    print("\n".join(sorted(graph_import.HANDLERS)))
    sys.exit()

import tensorflow as tf
from tensorflow.python.framework import op_def_registry


def dtype_name(number: int) -> str:
    return tf.dtypes.as_dtype(number).name


def argument(arg) -> str:
    if arg.type_list_attr:
        return f"*{arg.type_list_attr}"
    kind = arg.type_attr or dtype_name(arg.type)
    return f"{arg.number_attr}*{kind}" if arg.number_attr else kind


def default(attr) -> str:
    value = attr.default_value
    held = value.WhichOneof("value")
    if held is None:
        return ""
    if held == "list":
        members = value.list
        if members.type:
            found = [dtype_name(t) for t in members.type]
        elif members.shape:
            found = [shape(s) for s in members.shape]
        else:
            found = [x.decode() for x in members.s] or list(members.i) or list(members.f) or list(members.b)
    elif held == "type":
        found = dtype_name(value.type)
    elif held == "s":
        found = value.s.decode("latin-1")
    elif held == "shape":
        found = shape(value.shape)
    elif held in ("i", "f", "b"):
        found = getattr(value, held)
    else:
        return ""
    found = json.dumps(round(found, 8) if isinstance(found, float) else found, separators=(",", ":"))
    return "=" + found.replace(" ", "\\u0020").replace("|", "\\u007c")


def shape(message):
    return None if message.unknown_rank else [d.size for d in message.dim]


def line(name: str) -> str | None:
    definition = op_def_registry.get(name)
    function = getattr(tf.raw_ops, name, None)
    if definition is None or function is None:
        return None
    told = {part for arg in definition.input_arg for part in (arg.type_attr, arg.number_attr, arg.type_list_attr)}
    given = [attr for attr in definition.attr if attr.name not in told]
    order = [arg.name for arg in definition.input_arg]
    order += [a.name for a in given if not a.HasField("default_value")]
    order += [a.name for a in given if a.HasField("default_value")]
    shown = [p for p in inspect.signature(function).parameters if p != "name"]
    rest = [n for n in order if n not in shown]  # TensorFlow's Python calls these otherwise
    others = [n for n in shown if n not in order]
    if len(rest) != len(others):
        return None
    public = {**{n: n for n in order}, **dict(zip(rest, others))}
    kinds = {a.name: a for a in definition.attr}
    inputs = [f"{public[a.name]}:{argument(a)}" for a in definition.input_arg]
    attrs = [f"{public[n]}{'' if public[n] == n else '@' + n}:{kinds[n].type.replace(' ', '')}{default(kinds[n])}"
             for n in order if n in kinds]
    told_attrs = [f"{a.name}{default(a)}" for a in definition.attr if a.name in told]
    outputs = [f"{a.name}:{argument(a)}" for a in definition.output_arg]
    return "|".join([name, " ".join(inputs), " ".join(attrs), " ".join(told_attrs), " ".join(outputs)])


for wanted in sys.stdin.read().split():
    found = line(wanted)
    if found is not None:
        print(found)
