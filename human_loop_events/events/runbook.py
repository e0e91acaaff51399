"""References to sections of the runbook."""

from __future__ import annotations


def runbook_section(runbook: str | None, section: str) -> str:
    """Return the path, the URL or the command of a section of the runbook.

    Parameters
    ----------
    runbook
        The path or URL of the runbook. None for the runbook of this project. The command line
        prints it, so that it is always the runbook of the installed version.
    section
        The section's heading.

    Examples
    --------
    >>> runbook_section(None, "FailedLoops")
    'human-loops runbook FailedLoops'
    >>> runbook_section("https://example.com/operations.md", "FailedLoops")
    'https://example.com/operations.md#failedloops'
    """
    if runbook is None:
        return f"human-loops runbook {section}"
    return f"{runbook}#{section.lower()}"
