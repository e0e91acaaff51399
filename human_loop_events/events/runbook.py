"""Where an alert or an alarm sends its reader."""

from __future__ import annotations


def runbook_section(runbook: str | None, section: str) -> str:
    """Name a section of the runbook.

    Parameters
    ----------
    runbook
        Its path or URL. None: the runbook of this project, which its command line prints, so
        that every reader of an alert can get the runbook of the installed version.
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
