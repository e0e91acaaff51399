"""The default human loop of all samples, so that events and outputs belong together."""

from __future__ import annotations

from typing import Final

HUMAN_LOOP: Final = "invoice-1042"
FLOW_DEFINITION: Final = "invoices"
ACCOUNT: Final = "111122223333"
REGION: Final = "eu-west-1"
CREATION_TIME: Final = "2026-03-14T09:12:44.318Z"
END_TIME: Final = "2026-03-14T11:30:05Z"


def sagemaker_arn(resource: str, name: str, *, account: str, region: str, parameter: str) -> str:
    """Build the ARN of a human loop or a flow definition.

    Raises
    ------
    ValueError
        If the name is an ARN or empty. The message names the parameter.
    """
    if not name or ":" in name or "/" in name:
        raise ValueError(f"{parameter}: expected a name such as 'invoices', got {name!r}")
    return f"arn:aws:sagemaker:{region}:{account}:{resource}/{name}"
