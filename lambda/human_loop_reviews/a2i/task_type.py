"""Task types: what reviewers were asked to do, and the request sources that name it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

#: The request sources of the two built-in tasks. They are also keys of ``answerContent``.
FORMS: Final = "AWS/Textract/AnalyzeDocument/Forms/V1"
MODERATION: Final = "AWS/Rekognition/DetectModerationLabels/Image/V3"


class TaskType(StrEnum):
    """What the reviewers were asked to do."""

    TEXTRACT_FORMS = "TextractForms"
    REKOGNITION_MODERATION = "RekognitionModeration"
    CUSTOM = "Custom"
    #: A request source that Amazon A2I did not have when it was closed to new customers.
    OTHER = "Other"
