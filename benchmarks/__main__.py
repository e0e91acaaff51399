"""Run every benchmark: `python -m benchmarks`. Ends with status 1 if a figure is too large."""

from __future__ import annotations

import sys

from benchmarks import cold_start, review_speed, synthesis


def main() -> int:
    """Print each figure with the most it may be."""
    failed = False
    for benchmark in (review_speed, cold_start, synthesis):
        for name, figure in benchmark.measure().items():
            most = benchmark.MOST.get(name) or benchmark.MOST[name.partition(":")[0]]
            failed |= figure > most
            verdict = "  TOO MUCH" if figure > most else ""
            print(f"{name:<55} {figure:6.2f}  at most {most:g}{verdict}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
