"""Makes weft/compat/dialect_names.py: the public names by which a program tells which TensorFlow it was written for.

Run it where the real TensorFlow 2 is installed:

    python tools/facts/make_dialect_names.py [--usage usage.csv] > weft/compat/dialect_names.py

``usage.csv`` (columns symbol, dialect, n_scripts) adds names that public scripts use and that no TensorFlow 2 has, not
even under ``compat.v1``. A name counts as TensorFlow 1's own only if no release of TensorFlow 2 had it at that place,
so what early releases of 2 still had is taken out by hand below.
"""

from __future__ import annotations

import argparse
import csv
import textwrap
import types
from typing import Any

# Not judged by walking: same in both, or private, or not a part of the API.
SKIPPED = {"__internal__", "compat", "keras", "python", "core", "compiler", "tools", "lite", "dtensor", "security"}

# Whole modules that only TensorFlow 1 had, and that compat.v1 no longer has, or only as an empty shell.
GONE_MODULES = set("contrib examples models learn estimator.inputs estimator.tpu layers nn.rnn_cell nn.seq2seq".split())

# Names from before release 1.0, most of them renamed there.
BEFORE_1_0 = """
    mul sub neg pack unpack select inv list_diff complex_abs concat_v2 batch_matmul batch_svd batch_cholesky
    batch_self_adjoint_eig batch_matrix_transpose batch_matrix_inverse batch_matrix_diag batch_matrix_diag_part
    batch_matrix_determinant batch_matrix_solve batch_matrix_band_part scalar_summary histogram_summary image_summary
    audio_summary merge_summary merge_all_summaries train.SummaryWriter image.per_image_whitening nn.rnn
    nn.bidirectional_rnn nn.state_saving_rnn nn.deconv2d
""".split()

# Absent from the TensorFlow 2 of today, but in an earlier 2.x under the same name, so they prove nothing.
IN_SOME_2_X = (
    "mixed_precision",
    "train.experimental",
    "data.experimental",
    "experimental",
    "initializers",
    "losses.mean_squared_error",
    "metrics.mean_absolute_error",
    "metrics.mean_squared_error",
    "metrics.mean",
    "tpu.experimental",
    "estimator",
    "python",
    "core",
    "compiler",
    "tools",
    "keras",
    "compat",
    "lite",
)

# Misspellings and the like in the usage table.
NOISE = {"maximu", "one", "sum", "random.stateless_shuffle", "random_ops", "reduce_variance"}


def walk(root: types.ModuleType) -> set[str]:
    """Give the dotted public names below a module; a module's own name ends with a dot."""
    found: set[str] = set()
    seen: set[int] = set()

    def visit(module: types.ModuleType, prefix: str, depth: int) -> None:
        if id(module) in seen or depth > 4:
            return
        seen.add(id(module))
        try:
            names = dir(module)
        except Exception:  # a lazy loader whose target is not installed
            return
        for name in names:
            dotted = prefix + name
            if name.startswith("_") or dotted.split(".")[0] in SKIPPED:
                continue
            value = read(module, name)
            if isinstance(value, types.ModuleType):
                if str(read(value, "__name__")).split(".")[0] in ("tensorflow", "keras"):
                    found.add(f"{dotted}.")
                    visit(value, f"{dotted}.", depth + 1)
            elif value is not None:
                found.add(dotted)

    visit(root, "", 0)
    return found


def read(owner: Any, dotted: str) -> Any:
    """Follow a dotted name; None where it leads nowhere."""
    for part in dotted.rstrip(".").split("."):
        try:
            owner = getattr(owner, part)
        except Exception:  # lazily loaded parts raise whatever their import raises
            return None
    return owner


def below(name: str, prefixes: Any) -> bool:
    """Tell whether a dotted name is one of the prefixes or lies below one."""
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def collapse(names: set[str]) -> list[str]:
    """Drop names that lie below another name of the set."""
    plain = {name.rstrip(".") for name in names}
    parents = [{".".join(parts[:size]) for size in range(1, len(parts))} for parts in (n.split(".") for n in plain)]
    return sorted(name for name, above in zip(plain, parents) if not above & plain)


def usage_names(path: str | None) -> set[str]:
    """Give the names that the usage table counts as TensorFlow 1's."""
    if path is None:
        return set()
    with open(path, encoding="utf-8", newline="") as file:
        return {row["symbol"].removeprefix("tf.") for row in csv.DictReader(file) if row["dialect"] == "tf1"}


def print_set(name: str, comment: str, names: list[str]) -> None:
    """Print a frozenset as wrapped source text."""
    print(f"\n# {comment}")
    print(f'{name}: frozenset[str] = frozenset(\n    """')
    print(textwrap.fill(" ".join(names), 118, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False))
    print('    """.split()\n)')


def main() -> None:
    """Print the module's source."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--usage")
    options = parser.parse_args()
    import tensorflow as tf

    old, new = walk(tf.compat.v1), walk(tf)
    used = {n for n in usage_names(options.usage) if not below(n, GONE_MODULES | SKIPPED | {"GraphKeys", "Summary"})}
    only_1 = {name for name in old | used | set(BEFORE_1_0) if read(tf, name) is None} | GONE_MODULES
    only_1 = {n for n in only_1 if below(n.rstrip("."), GONE_MODULES) or not below(n.rstrip("."), IN_SOME_2_X)}
    only_1 = {n for n in only_1 if not below(n, NOISE)}
    only_2 = {name for name in new if read(tf.compat.v1, name) is None and name.split(".")[0] != "initializers"}
    # Keras' metrics and losses in lower case are functions that TensorFlow 1 may have had under tf.losses as well.
    only_2 = {n for n in only_2 if not (below(n, ("losses", "metrics")) and n.split(".")[1][:1].islower())}
    print(
        '"""Names that only one of the two TensorFlows has. Made by tools/facts/make_dialect_names.py; change that."""'
    )
    print_set("TF1_ONLY", "A name stands for all below it: `layers` for `layers.dense`.", collapse(only_1))
    print_set("TF2_ONLY", "The same for TensorFlow 2, as compared with `compat.v1`.", collapse(only_2))


if __name__ == "__main__":
    main()
