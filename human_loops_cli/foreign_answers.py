"""Answers of something else than AWS: a proxy, a website, a wrong ``--endpoint-url``.

botocore reads most of them as an answer without content, and cannot read the others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import BotoCoreError

_PAGE: Final = re.compile(rb"\s*<(!doctype )?html", re.IGNORECASE)

_JSON: Final = frozenset({"json", "rest-json"})
_QUERY: Final = "query"
_XML: Final = "rest-xml"

#: What botocore makes of the status 200 of S3 if the body is no result.
_MADE_AN_ERROR: Final = 500

#: What botocore adds to the answer.
_METADATA: Final = "ResponseMetadata"

#: The headers in which services of AWS name the request.
_REQUEST_IDS: Final = ("x-amzn-requestid", "x-amz-request-id")


class ForeignAnswerError(BotoCoreError):
    """An answer is not one of the AWS service that was called."""

    fmt = "{operation} failed: {problem}"


def refuse_foreign_answers(client: Any) -> None:
    """Let each call of a client raise ForeignAnswerError for an answer that is not one of AWS.

    Parameters
    ----------
    client
        A client of the AWS SDK.
    """
    client.meta.events.register("before-parse", _refuse_unreadable)
    client.meta.events.register("after-call", _refuse_unidentified)


def _refuse_unreadable(operation_model: Any, response_dict: Mapping[str, Any], **_: object) -> None:
    """Raise an error for a body that the parser would fail on, or take for an empty one."""
    body = response_dict["body"]
    if not isinstance(body, bytes):
        return  # a stream
    protocol, status = operation_model.service_model.resolved_protocol, response_dict["status_code"]
    succeeded = status < 300
    if succeeded and _PAGE.match(body[:100]):
        _refuse(operation_model, "the answer is a page of a website")
    if protocol in _JSON and _is_other_json(body):
        _refuse(operation_model, "the answer is not a JSON object")
    if protocol == _XML and status == _MADE_AN_ERROR and body.strip()[:1] not in (b"<", b""):
        _refuse(operation_model, "the answer is not XML")
    if protocol == _QUERY and succeeded and not _has_result(operation_model, body):
        _refuse(operation_model, "the answer is not one of this service")


def _is_other_json(body: bytes) -> bool:
    """Return whether a body is JSON and no object. The parser accepts what is no JSON."""
    if body.lstrip().startswith(b"{"):
        return False
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _has_result(operation_model: Any, body: bytes) -> bool:
    """Return whether XML has the element with the result of an operation, if it has a result."""
    shape = operation_model.output_shape
    wrapper = shape.serialization.get("resultWrapper") if shape is not None else None
    return f"<{wrapper or ''}".encode() in body


def _refuse_unidentified(
    http_response: Any, parsed: Mapping[str, Any], model: Any, **_: object
) -> None:
    """Raise an error for an answer of success that nothing shows to be one of AWS.

    A message would be deleted after such an answer of a function, or counted as deleted.
    """
    has_content = any(value != {} for name, value in parsed.items() if name != _METADATA)
    if http_response.status_code >= 300 or (has_content and not model.has_streaming_output):
        return
    metadata = parsed[_METADATA]
    headers = metadata.get("HTTPHeaders", {})
    if not metadata.get("RequestId") and not any(headers.get(name) for name in _REQUEST_IDS):
        _refuse(model, "the answer has no request id of AWS")


def _refuse(operation_model: Any, problem: str) -> None:
    raise ForeignAnswerError(operation=operation_model.name, problem=problem)
