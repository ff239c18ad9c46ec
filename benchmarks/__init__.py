"""Jobs timed on Weft and on its peers, in turns: `python -m benchmarks --list`."""
