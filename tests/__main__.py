"""Run the checks by name, or all of them, and sum up: `python -m tests [NAME ...]`."""

from __future__ import annotations

import subprocess
import sys
import time

PYTHON = sys.executable
CHECKS = {
    "lint": [PYTHON, "-m", "ruff", "check", "."],
    "format": [PYTHON, "-m", "ruff", "format", "--check", "."],
    "types": [PYTHON, "-m", "mypy", "."],
    "unit": [PYTHON, "-m", "pytest", "-q", "tests/unit"],
    "infrastructure": [PYTHON, "-m", "pytest", "-q", "tests/infrastructure"],
    "e2e": [PYTHON, "-m", "pytest", "-q", "tests/e2e"],
}


def main(names: list[str]) -> int:
    """Run the named checks, each to its end, and return the exit status."""
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        print(f"error: no check {', '.join(unknown)}; expected some of {', '.join(CHECKS)}")
        return 2
    rows = [_run(name) for name in names or CHECKS]
    print("\n== summary")
    for name, passed, seconds, last_line in rows:
        print(f"{name:15} {'passed' if passed else 'FAILED':7} {seconds:5.0f} s  {last_line}")
    failed = sum(not passed for _, passed, _, _ in rows)
    print(f"\n{len(rows) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _run(name: str) -> tuple[str, bool, float, str]:
    print(f"\n== {name}", flush=True)
    started = time.monotonic()
    last_line = ""
    with subprocess.Popen(CHECKS[name], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            last_line = line.strip() or last_line
    return name, process.returncode == 0, time.monotonic() - started, last_line.strip("= ")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
