"""Every import in the tree goes downward, and heavy libraries stay in their rooms."""

import ast
from pathlib import Path

import pytest

from tests.house.floors import find_violations, read_tree

ROOT = Path(__file__).parents[2]


def test_the_tree_imports_downward_only():
    sources = read_tree(ROOT)
    assert len(sources) > 1, f"no sources found below {ROOT}"
    problems = find_violations(sources)
    assert not problems, "forbidden imports:\n" + "\n".join(problems)


# The modules that a source under test may refer to.
TREE = {
    "weft/__init__.py": "from weft.keras import layers",
    "weft/version.py": "",
    "weft/base/dtypes.py": "",
    "weft/ir/graph.py": "",
    "weft/formats/records.py": "",
    "weft/ops/opdef.py": "",
    "weft/autodiff/reverse.py": "",
    "weft/passes/driver.py": "",
    "weft/engines/__init__.py": "",
    "weft/engines/base.py": "",
    "weft/engines/reference/__init__.py": "",
    "weft/engines/native/__init__.py": "",
    "weft/runtime/__init__.py": "",
    "weft/runtime/tensor.py": "",
    "weft/runtime/engine_loader.py": "",
    "weft/autograph/convert.py": "",
    "weft/data/pipeline.py": "",
    "weft/api/math.py": "",
    "weft/extend.py": "",
    "weft/keras/layers/__init__.py": "",
    "weft/testing/gradients.py": "",
    "weft/compat/names.py": "",
    "weft/cli/main.py": "",
}


def check(path: str, source: str) -> list[str]:
    return find_violations({**TREE, path: source})


def test_an_orderly_tree_passes():
    assert find_violations(TREE) == []


ALLOWED = [
    ("weft/base/shapes.py", "import numpy as np\nimport ml_dtypes\nfrom weft.base import dtypes\nfrom . import dtypes"),
    ("weft/base/shapes.py", "from weft.version import __version__"),
    ("weft/ir/build.py", "from weft.base.dtypes import DType\nfrom .graph import Graph"),
    ("weft/ops/reduce.py", "from ..ir import graph\nfrom weft.formats import records"),
    ("weft/autodiff/forward.py", "def f():\n    from weft.ops import opdef"),
    ("weft/engines/native/compile.py", "import llvmlite.ir\nfrom ..base import Engine\nfrom . import codegen"),
    ("weft/engines/xla/lower.py", "import jax.numpy as jnp\nfrom weft.passes import driver"),
    ("weft/runtime/dispatch.py", "from weft.engines import base\nfrom weft.engines.base import Engine"),
    ("weft/runtime/dispatch.py", "from weft.engines import Engine"),  # a name of the package, not an engine
    ("weft/runtime/engine_loader.py", "def load():\n    from weft.engines.reference import engine"),
    ("weft/data/map.py", "from weft.runtime.tensor import Tensor\nfrom weft.formats.records import read"),
    ("weft/api/nn.py", "from weft.api.math import add\nfrom weft import extend\nfrom weft.runtime import tensor"),
    ("weft/api/image.py", "def read():\n    import PIL.Image"),
    ("weft/keras/model.py", "import weft as tf\nfrom weft import extend, nn\nfrom weft.keras import layers"),
    ("weft/keras/model.py", "from .layers import Dense\nfrom weft.nn import relu"),
    ("weft/keras/saving/h5.py", "def save():\n    import h5py"),
    ("weft/testing/cases.py", "from weft import keras\nfrom weft.engines import reference"),
    ("weft/compat/install.py", "from weft.cli import main\nfrom weft import keras, runtime"),
    ("weft/cli/demo.py", "import sklearn.datasets\nimport matplotlib.pyplot"),
    ("weft/__main__.py", "from weft.cli.main import main"),
]


@pytest.mark.parametrize(("path", "source"), ALLOWED)
def test_a_downward_import_passes(path: str, source: str):
    assert check(path, source) == []


FORBIDDEN = [
    # upward, in every spelling
    ("weft/base/shapes.py", "from weft.ir import graph", "upward"),
    ("weft/base/shapes.py", "import weft.ops.opdef", "upward"),
    ("weft/base/shapes.py", "import weft", "upward"),
    ("weft/base/shapes.py", "from weft import ops", "upward"),
    ("weft/base/shapes.py", "from ..ir.graph import Graph", "upward"),
    ("weft/base/__init__.py", "from ..ir.graph import Graph", "upward"),
    ("weft/base/shapes.py", "from .. import ir", "upward"),
    ("weft/base/shapes.py", "def f():\n    from weft.runtime.tensor import Tensor", "upward"),
    ("weft/base/shapes.py", "if TYPE_CHECKING:\n    from weft.ops import *", "upward"),
    ("weft/base/shapes.py", "import importlib\nimportlib.import_module('weft.runtime.tensor')", "upward"),
    ("weft/base/shapes.py", "from importlib import import_module\nimport_module('..ops', __package__)", "upward"),
    ("weft/base/shapes.py", "__import__('weft.ops')", "upward"),
    ("weft/ops/nn.py", "from weft.autodiff import reverse", "upward"),
    ("weft/passes/rules.py", "from weft.engines.base import Engine", "upward"),
    ("weft/runtime/tape.py", "import weft as tf", "upward"),
    ("weft/runtime/tape.py", "from weft.data.pipeline import Dataset", "upward"),
    ("weft/api/nn.py", "from weft import keras", "upward"),
    ("weft/api/nn.py", "from weft import zeros", "upward"),
    ("weft/api/nn.py", "import weft.testing.gradients", "upward"),
    # sideways
    ("weft/ir/build.py", "from weft.formats import records", "sideways"),
    ("weft/formats/events.py", "from weft.ir.graph import Graph", "sideways"),
    ("weft/autodiff/forward.py", "from weft.passes.driver import run", "sideways"),
    ("weft/passes/rules.py", "from weft import autodiff", "sideways"),
    ("weft/passes/map.py", "from weft.autodiff import reverse", "sideways"),
    # engines
    ("weft/engines/native/compile.py", "from weft.engines.reference import run", "imports engine 'reference'"),
    ("weft/engines/native/compile.py", "from .. import reference", "imports engine 'reference'"),
    ("weft/engines/base.py", "from .native import compile", "imports engine 'native'"),
    ("weft/engines/__init__.py", "from . import native", "imports engine 'native'"),
    ("weft/runtime/dispatch.py", "from weft.engines.reference import run", "only weft.runtime.engine_loader"),
    ("weft/runtime/dispatch.py", "from weft.engines import native", "only weft.runtime.engine_loader"),
    ("weft/api/config.py", "from weft.engines import native", "only weft.runtime.engine_loader"),
    ("weft/runtime/engine_loader.py", "from weft.api import math", "upward"),
    # Keras is a library like any other
    ("weft/keras/model.py", "from weft.runtime.tensor import Tensor", "Keras imports"),
    ("weft/keras/model.py", "from weft import ops", "Keras imports"),
    ("weft/keras/model.py", "from weft.api import math", "Keras imports"),
    ("weft/keras/layers/core.py", "from ...base import dtypes", "Keras imports"),
    ("weft/keras/model.py", "from weft.testing import gradients", "Keras imports"),
    ("weft/keras/model.py", "from weft.compat import names", "Keras imports"),
    # libraries
    ("weft/engines/reference/run.py", "import llvmlite", "only weft.engines.native"),
    ("weft/engines/native/compile.py", "import jax", "only weft.engines.xla"),
    ("weft/keras/model.py", "import h5py", "only weft.keras.saving"),
    ("weft/ops/image.py", "def f():\n    from PIL import Image", "only weft.api.image"),
    ("weft/formats/wire.py", "from google.protobuf import message", "does not depend on"),
    ("weft/compat/install.py", "import tensorflow as tf", "does not depend on"),
    ("weft/keras/model.py", "import keras", "does not depend on"),
    # a file that nobody gave a floor
    ("weft/extras/tool.py", "", "has no floor"),
    ("weft/helpers.py", "", "has no floor"),
]


@pytest.mark.parametrize(("path", "source", "complaint"), FORBIDDEN)
def test_a_forbidden_import_is_found(path: str, source: str, complaint: str):
    problems = check(path, source)
    assert len(problems) == 1, problems
    assert problems[0].startswith(f"{path}:")
    assert complaint in problems[0]


def test_the_line_is_named():
    assert check("weft/base/shapes.py", "import os\n\ndef f():\n    import weft.ops\n")[0].startswith(
        "weft/base/shapes.py:4: "
    )


def test_of_jax_only_the_public_interface_is_used() -> None:
    problems = []
    for path in sorted((ROOT / "weft").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.Attribute):
                names = [ast.unparse(node)]
            else:
                continue
            for name in names:
                root, *rest = name.split(".")
                private = root in ("jax", "jnp", "lax") and any(p.startswith("_") and p[:2] != "__" for p in rest)
                if private or root == "jaxlib":
                    problems.append(f"{path.relative_to(ROOT)}:{node.lineno}: {name}")
    assert problems == []
