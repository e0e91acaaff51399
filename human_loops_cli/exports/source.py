"""The source of a human loop: what its reviewers were shown, as an object in S3 or as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from human_loop_reviews.a2i.output import Output
from human_loop_reviews.outcome_values import TaskType
from human_loop_reviews.tasks.look_up import ExpressionFailedError, look_up
from human_loop_reviews.tasks.searchable import searchable_inputs
from human_loops_cli.exports.left_out import LeftOutError, Reason

#: The default input of crowd elements.
DEFAULT_EXPRESSION: Final = "taskObject"

#: The images that Ground Truth and Amazon Rekognition read.
#: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-supported-data-formats.html
_IMAGES: Final = frozenset({"jpg", "jpeg", "png"})

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_S3_URI: Final = r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<key>.{1,1024})"
_URL: Final = r"https?://\S+"

# Where the built-in tasks have their document or image.
_REQUEST: Final = "aiServiceRequest"
_OBJECTS: Final = {TaskType.TEXTRACT_FORMS: "document", TaskType.REKOGNITION_MODERATION: "image"}


class SourceKind(StrEnum):
    """What a source is."""

    OBJECT = "object"
    TEXT = "text"
    #: Not in S3. No service reads its training data from a URL.
    URL = "url"


@dataclass(frozen=True, slots=True)
class Source:
    """What the reviewers of a human loop were shown."""

    kind: SourceKind
    """What the value is."""
    value: str
    """The S3 URI, the URL without its query, or the text."""

    def require_image(self) -> str:
        """Return the S3 URI of an image. An object without an extension is taken for one.

        Raises
        ------
        LeftOutError
            If the source is a text, a URL, or an object with another extension.
        """
        if self.kind is SourceKind.TEXT:
            raise LeftOutError(Reason.SOURCE_IS_TEXT)
        if self.kind is SourceKind.URL:
            raise LeftOutError(Reason.SOURCE_IS_URL)
        _, dot, extension = self.value.rpartition("/")[2].rpartition(".")
        if dot and extension.lower() not in _IMAGES:
            raise LeftOutError(Reason.SOURCE_IS_NO_IMAGE)
        return self.value

    def require_text(self) -> str:
        """Return the text.

        Raises
        ------
        LeftOutError
            If the source is an object or a URL.
        """
        if self.kind is SourceKind.TEXT:
            return self.value
        is_url = self.kind is SourceKind.URL
        raise LeftOutError(Reason.SOURCE_IS_URL if is_url else Reason.SOURCE_IS_OBJECT)

    @property
    def bucket(self) -> str:
        """The bucket of an object."""
        return self.value.split("/")[2]


def find_source(output: Output, expression: str = DEFAULT_EXPRESSION) -> Source | None:
    """Return what the reviewers were shown, None where the output does not say.

    Parameters
    ----------
    output
        The loop's output.
    expression
        JMESPath expression on the input of a custom task. The built-in tasks name their object.

    Raises
    ------
    LeftOutError
        If it begins as an S3 URI does, and is none.

    Examples
    --------
    >>> from human_loop_reviews.a2i.output import parse_output
    >>> text = '{"humanAnswers": [], "inputContent": {"taskObject": "s3://amzn-s3-demo/1.jpg"}}'
    >>> find_source(parse_output(text, source="output.json")).bucket
    'amzn-s3-demo'
    """
    name = _OBJECTS.get(output.task_type)
    if name is not None:
        uri = _object_uri(output.inputs, name)
    else:
        uri = _look_up(output.inputs, expression)
    if not uri or not uri.strip():
        return None
    if uri.startswith("s3://"):
        if re.fullmatch(_S3_URI, uri, re.DOTALL) is None:
            raise LeftOutError(Reason.INVALID_S3_URI)
        return Source(SourceKind.OBJECT, uri)
    if re.fullmatch(_URL, uri):
        # The query of a presigned URL is a credential.
        return Source(SourceKind.URL, re.split(r"[?#]", uri)[0])
    return Source(SourceKind.TEXT, uri)


def _object_uri(inputs: Mapping[str, Any], name: str) -> str | None:
    place: Any = inputs
    for step in (_REQUEST, name, "s3Object"):
        place = place.get(step) if isinstance(place, dict) else None
    if not isinstance(place, dict):
        return None
    bucket, key = place.get("bucket"), place.get("name")
    return f"s3://{bucket}/{key}" if isinstance(bucket, str) and isinstance(key, str) else None


def _look_up(inputs: Mapping[str, Any], expression: str) -> str | None:
    try:
        value = look_up(expression, searchable_inputs(inputs)).value
    except ExpressionFailedError:
        return None
    return value if isinstance(value, str) else None
