"""Floor 1: the intermediate representation. Values, nodes, graphs, how to print and how to verify them."""
