"""Limits of the loops, and the error if no loop is within them."""

from __future__ import annotations

from collections.abc import Sequence

from human_loops_cli.errors import CommandError, ExitStatus


def choose_flow_definitions(known: Sequence[str], flow: str) -> list[str]:
    """Return the ARNs of a flow definition. Several accounts and Regions can have its name.

    Parameters
    ----------
    known
        The ARNs of the flow definitions that have loops.
    flow
        The name or the ARN.

    Raises
    ------
    CommandError
        If none has this name or ARN.

    Examples
    --------
    >>> arn = "arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/invoices"
    >>> choose_flow_definitions([arn], "invoices") == [arn]
    True
    """
    found = [arn for arn in known if flow in (arn, arn.rpartition("/")[2])]
    if not found:
        raise nothing(
            f"there is no loop of the flow definition {flow}",
            f"There are loops of: {', '.join(sorted(known))}." if known else "",
        )
    return found


def nothing(message: str, advice: str = "") -> CommandError:
    """Return the error for an empty result."""
    return CommandError(message, advice=advice, status=ExitStatus.INCOMPLETE)
