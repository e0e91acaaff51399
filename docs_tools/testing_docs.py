"""The signatures of `human_loop_events.testing` in docs/testing.md.

`python -m docs_tools.testing_docs` writes them. The tests compare them with the page.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path
from typing import Final

from human_loop_events import testing

PAGE: Final = Path(__file__).parents[1] / "docs" / "testing.md"
_MARK: Final = "<!-- signatures: made by `python -m docs_tools.testing_docs` -->"
_WIDTH: Final = 96


def signatures() -> str:
    """Return the block of code with the signature of each public function."""
    functions = [getattr(testing, name) for name in testing.__all__]
    lines = (_signature(each) for each in functions if inspect.isfunction(each))
    return "```\n" + "\n".join(lines) + "\n```"


def _signature(function: object) -> str:
    assert callable(function)  # noqa: S101 - chosen above
    signature = inspect.signature(function)
    # Annotations are texts, which would be shown in quotes.
    written = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(signature))
    name = getattr(function, "__name__", "")
    # A line ends between two parameters.
    whole = re.sub(r"(?<!,) ", "\0", f"{name}{written}")
    lines = textwrap.wrap(
        whole, _WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(lines).replace("\0", " ")


def with_signatures(page: str) -> str:
    """Return the page with the present signatures."""
    block = re.compile(rf"(?<={re.escape(_MARK)}\n\n)```\n.*?\n```", re.DOTALL)
    return block.sub(lambda _: signatures(), page)


if __name__ == "__main__":
    PAGE.write_text(with_signatures(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
