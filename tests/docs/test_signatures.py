"""The signatures in docs/testing.md are those of the code."""

from __future__ import annotations

from docs_tools.testing_docs import PAGE, signatures, with_signatures
from human_loop_events import testing


def test_page_has_the_signatures_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_signatures(page), "python -m docs_tools.testing_docs writes them"
    functions = [name for name in testing.__all__ if f"\n{name}(" in signatures()]
    assert len(functions) >= 10
