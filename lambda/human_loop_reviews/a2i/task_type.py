"""Task types: what reviewers were asked to do, and the request sources that name it."""

from __future__ import annotations

from typing import Final

#: The request sources of the two built-in tasks. They are also keys of ``answerContent``.
FORMS: Final = "AWS/Textract/AnalyzeDocument/Forms/V1"
MODERATION: Final = "AWS/Rekognition/DetectModerationLabels/Image/V3"
