"""Floor 3: what is done to a graph before an engine sees it: rewriting, common code, constants, dead code, analyses."""
