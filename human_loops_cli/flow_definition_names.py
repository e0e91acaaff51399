"""The names of flow definitions as tables show them."""

from __future__ import annotations

from collections.abc import Iterable


def shown_names(arns: Iterable[str]) -> dict[str, str]:
    """Return the name to show for each flow definition.

    That is its name, with account and Region where the flow definitions are of several ones: they
    can have the same name there.

    Parameters
    ----------
    arns
        The ARNs of all flow definitions that are shown.

    Examples
    --------
    >>> ours = "arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/claims"
    >>> shown_names([ours])[ours]
    'claims'
    >>> shown_names([ours, ours.replace("1111", "4444")])[ours]
    '111122223333/eu-west-1/claims'
    """
    parts = {arn: arn.split(":", 5) for arn in arns}
    several = len({tuple(each[:5]) for each in parts.values()}) > 1
    return {
        arn: f"{each[4]}/{each[3]}/{arn.rpartition('/')[2]}"
        if several and len(each) == 6
        else arn.rpartition("/")[2]
        for arn, each in parts.items()
    }
