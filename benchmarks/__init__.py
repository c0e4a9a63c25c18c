"""
How fast salesflow is, as ratios against peers that do the same work side by side (quality.md, Speed).

One file per PERF id; `__main__` runs them, writes `results.json` and prints a table.
"""
