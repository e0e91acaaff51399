"""The flow definitions that a name or an ARN can mean, and the error if it means none."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from botocore.exceptions import ClientError

from human_loops_cli.errors import CommandError, ExitStatus, is_access_denied
from human_loops_cli.flow_definitions import (
    active_flow_definitions,
    find_flow_definition,
    is_in_environment,
)
from human_loops_cli.ledger import LedgerReader
from human_loops_cli.session import Session


def choose_flow_definitions(known: Iterable[str], flow: str) -> list[str]:
    """Return the ARNs of a flow definition. Several accounts and Regions can have its name.

    Parameters
    ----------
    known
        The ARNs of the known flow definitions.
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
    known = sorted(known)
    found = [arn for arn in known if flow in (arn, _name(arn))]
    if not found:
        raise _unknown(flow, known)
    return found


def require_flow_definition(session: Session, arn: str) -> None:
    """Raise an error if A2I does not know a flow definition of the account and Region.

    Parameters
    ----------
    session
        The run.
    arn
        Its ARN. A2I is not asked about another account or Region.
    """
    if is_in_environment(session, arn) and find_flow_definition(session, arn) is not None:
        return
    known: list[str] | None
    try:
        known = active_flow_definitions(session)
    except ClientError as error:
        if not is_access_denied(error):
            raise
        known = None
    raise _unknown(arn, known)


def require_loop_or_flow_definition(session: Session, reader: LedgerReader, arn: str) -> None:
    """Raise an error if neither the ledger nor A2I knows a flow definition.

    The ledger has loops of deleted flow definitions, and of other accounts.
    """
    if not reader.has_loop_of(arn):
        require_flow_definition(session, arn)


def _unknown(flow: str, known: Iterable[str] | None) -> CommandError:
    """Return the error about a name or an ARN. ``known`` is None if they may not be listed."""
    arns = sorted(set(known or ()))
    by_name = {_name(arn): arn for arn in arns}
    shown = sorted(by_name) if len(by_name) == len(arns) else arns
    in_lower_case = {name.lower(): name for name in by_name}
    alike = difflib.get_close_matches(_name(flow).lower(), in_lower_case, n=1)
    suggestion = f" (did you mean {in_lower_case[alike[0]]}?)" if alike else ""
    listed = "the credentials may not list them" if known is None else ", ".join(shown) or "none"
    return CommandError(
        f"no flow definition {flow} is known here{suggestion}",
        advice=f"Known flow definitions: {listed}.",
        status=ExitStatus.USAGE,
    )


def _name(flow: str) -> str:
    return flow.rpartition("/")[2]
