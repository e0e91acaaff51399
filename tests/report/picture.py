"""An example of a report, and the picture of it in the documentation.

`python -m tests.report.picture` writes `build/report.html` and `docs/images/report.png`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from human_loops_cli.report.page import render
from tests.report.outcomes import example

ROOT: Final = Path(__file__).parents[2]
REPORT: Final = ROOT / "build/report.html"
PICTURE: Final = ROOT / "docs/images/report.png"


def main() -> None:
    """Write both."""
    REPORT.parent.mkdir(exist_ok=True)
    PICTURE.parent.mkdir(exist_ok=True)
    REPORT.write_bytes(render(example()))
    node = Path(sys.executable).with_name("node")
    with TemporaryDirectory() as folder:
        subprocess.run(
            [node, ROOT / "tests/report/picture.mjs", REPORT, PICTURE],
            env={**os.environ, "TMPDIR": folder, "HOME": folder},
            check=True,
        )
    for each in (REPORT, PICTURE):
        sys.stdout.write(f"{each.relative_to(ROOT)} {each.stat().st_size / 1000:.0f} KB\n")


if __name__ == "__main__":
    main()
