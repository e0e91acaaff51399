"""Templates for snapshot tests."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from aws_cdk.assertions import Template


def without_asset_hashes(template: Template | Mapping[str, Any]) -> dict[str, Any]:
    """Return a template in which only the hashes of assets are replaced by a placeholder.

    The hash of an asset changes with each release of this library. Therefore, a snapshot without
    hashes shows only changes in the resources.

    Parameters
    ----------
    template
        The template.

    Examples
    --------
    >>> without_asset_hashes({"Code": {"S3Key": "0123456789abcdef" * 4 + ".zip"}})
    {'Code': {'S3Key': '<asset hash>.zip'}}
    """
    content = dict(template) if isinstance(template, Mapping) else template.to_json()
    normalized: dict[str, Any] = json.loads(
        re.sub(r"\b[0-9a-f]{64}\b", "<asset hash>", json.dumps(content))
    )
    return normalized
