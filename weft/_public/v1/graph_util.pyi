"""Written by tools/make_stubs.py; do not edit."""

from weft.compat.v1.graph_import import import_graph_def as import_graph_def
from weft.compat.v1.graph_util import convert_variables_to_constants as convert_variables_to_constants
from weft.compat.v1.graph_util import extract_sub_graph as extract_sub_graph
from weft.compat.v1.graph_util import must_run_on_cpu as must_run_on_cpu
from weft.compat.v1.graph_util import remove_training_nodes as remove_training_nodes
from weft.compat.v1.graph_util import tensor_shape_from_node_def_name as tensor_shape_from_node_def_name
from weft.runtime.freezing import convert_variables_to_constants_v2 as convert_variables_to_constants_v2
