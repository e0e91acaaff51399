"""Run benchmarks by name, or all of them: `python -m benchmarks [NAME ...]`.

Every figure is a ratio of two measurements of the same run, or has its unit in its name. The exit
status is 1 if a figure is too large.
"""

from __future__ import annotations

import sys

from benchmarks import cold_start, hostile_outputs, outcome_data, review_speed, synthesis

BENCHMARKS = {
    "review_speed": review_speed,
    "cold_start": cold_start,
    "synthesis": synthesis,
    "hostile_outputs": hostile_outputs,
    "outcome_data": outcome_data,
}


def main(names: list[str]) -> int:
    """Print each figure and its largest permitted value."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"error: no benchmark {', '.join(unknown)}; expected some of {', '.join(BENCHMARKS)}")
        return 2
    failed = False
    for benchmark in (BENCHMARKS[name] for name in names or BENCHMARKS):
        for name, figure in benchmark.measure().items():
            limits = benchmark.MAX_FIGURES
            maximum = limits.get(name) or limits[name.partition(":")[0]]
            failed |= figure > maximum
            verdict = "  TOO MUCH" if figure > maximum else ""
            print(f"{name:<55} {figure:6.2f}  at most {maximum:g}{verdict}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
