"""The error if no loop is within the limits."""

from __future__ import annotations

from human_loops_cli.errors import CommandError, ExitStatus


def nothing(message: str, advice: str = "") -> CommandError:
    """Return the error for an empty result."""
    return CommandError(message, advice=advice, status=ExitStatus.INCOMPLETE)
