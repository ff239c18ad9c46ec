"""The command line: `weft run`, `weft doctor`, `weft demo`."""
