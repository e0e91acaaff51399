"""Where an alert or an alarm sends its reader."""

from __future__ import annotations

#: The runbook of this project, as a path within it.
RUNBOOK = "docs/operations.md"


def runbook_section(runbook: str, section: str) -> str:
    """Name a section of the runbook.

    Parameters
    ----------
    runbook
        Its path or URL.
    section
        The section's heading.

    Examples
    --------
    >>> runbook_section("https://example.com/operations.md", "FailedLoops")
    'https://example.com/operations.md#failedloops'
    """
    return f"{runbook}#{section.lower()}"
