"""What EventBridge makes of an input transformer and an event, as its documentation says.

It inserts values without escaping them. Only a value that stands alone, as a whole value of a JSON
template, is written as JSON. A path that is not in the event inserts nothing. In a text template
the quotes around each line are delivered with it.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from tests.infrastructure.cases import REGION

_ABSENT = object()


def transform(
    input_transformer: dict[str, Any],
    event: dict[str, Any],
    *,
    region: str = REGION,
    mappings: dict[str, Any] | None = None,
) -> str:
    """Write the message that a target receives for an event.

    Parameters
    ----------
    input_transformer
        The property of the rule's target.
    event
        The event.
    region
        Where the stack is deployed.
    mappings
        The mappings of the template.
    """
    template = _resolved(input_transformer["InputTemplate"], region, mappings or {})
    is_json = template.lstrip().startswith(("{", "["))
    values = {
        name: _value(path, event) for name, path in input_transformer["InputPathsMap"].items()
    }

    def insert(match: re.Match[str]) -> str:
        value = values[match["name"]]
        if value is _ABSENT:
            return ""
        stands_alone = is_json and not _is_in_string(template, match.start())
        if isinstance(value, str) and not stands_alone:
            return value
        return json.dumps(value, ensure_ascii=False)

    names = "|".join(re.escape(name) for name in values)
    return re.sub(f"<(?P<name>{names})>", insert, template)


def _resolved(template: Any, region: str, mappings: dict[str, Any]) -> str:
    """Resolve what CloudFormation does at deployment."""
    match template:
        case str():
            return template
        case {"Ref": "AWS::Region"}:
            return region
        case {"Ref": "AWS::Partition"}:
            return next(
                (f"aws-{each}" for each in ("cn", "us-gov") if region.startswith(each)), "aws"
            )
        case {"Fn::FindInMap": [name, *keys]}:
            found = mappings[name]
            for key in keys:
                found = found[_resolved(key, region, mappings)]
            return str(found)
        case {"Fn::Join": ["", parts]}:
            return "".join(_resolved(part, region, mappings) for part in parts)
    raise AssertionError(template)


def _value(path: str, event: dict[str, Any]) -> Any:
    value: Any = event
    for name in path.removeprefix("$.").split("."):
        if not isinstance(value, dict) or name not in value:
            return _ABSENT
        value = value[name]
    return value


def _is_in_string(template: str, position: int) -> bool:
    before = re.sub(r"\\.", "", template[:position])
    return before.count('"') % 2 == 1
