"""Corrected documents: the prediction of each loop with the corrections applied, one in a line."""

from __future__ import annotations

from typing import Any, Final

from human_loop_reviews.corrected.errors import NoCorrectedDocumentError
from human_loop_reviews.corrected_blocks import correct_blocks
from human_loop_reviews.corrected_document import correct_document
from human_loop_reviews.outcome_values import TaskType
from human_loops_cli.exports.format import ExportFormat, JsonLines, one_line
from human_loops_cli.exports.left_out import LeftOutError, Reason
from human_loops_cli.exports.loop import ReviewedLoop
from human_loops_cli.files import as_text


class WholeDocuments(JsonLines):
    """The base class of formats that leave out no field: what is disputed has no value."""

    def write(self, loop: ReviewedLoop, /) -> str:
        """Return the line of one human loop."""
        if not loop.review.prediction_known:
            raise LeftOutError(Reason.NO_PREDICTION)
        try:
            line = self.describe(loop)
        except NoCorrectedDocumentError as error:
            raise LeftOutError(Reason.NO_DOCUMENT, str(error)) from None
        loop.require_selected(loop.consensus)
        return one_line(line)

    def describe(self, loop: ReviewedLoop) -> dict[str, Any]:
        """Return the content of the line."""
        raise NotImplementedError


class Corrected(WholeDocuments):
    """One corrected document for each loop, as `correct_document` returns it."""

    DESCRIPTION: str = (
        "the prediction with the corrections applied, a document in each line: any task type"
    )

    def describe(self, loop: ReviewedLoop) -> dict[str, Any]:
        """Return the document, and where its output is."""
        return {**_corrected(loop), "outputUri": as_text(loop.input_name)}


class CorrectedBlocks(WholeDocuments):
    """One response of Amazon Textract for each loop, as `correct_blocks` returns it."""

    DESCRIPTION: str = (
        "the same as a response of Amazon Textract with its blocks, in each line: forms"
    )

    def describe(self, loop: ReviewedLoop) -> dict[str, Any]:
        """Return the response, and what names the loop."""
        if loop.output.task_type is not TaskType.TEXTRACT_FORMS:
            raise LeftOutError(Reason.TASK_TYPE)
        document = _corrected(loop)
        return {
            "humanLoopName": document["humanLoopName"],
            "flowDefinitionArn": document["flowDefinitionArn"],
            "outputUri": as_text(loop.input_name),
            "complete": document["complete"],
            "response": correct_blocks(loop.output, loop.review),
        }


FORMAT: Final[type[ExportFormat]] = Corrected
BLOCKS: Final[type[ExportFormat]] = CorrectedBlocks


def _corrected(loop: ReviewedLoop) -> dict[str, Any]:
    return correct_document(loop.output, loop.review, mapping=loop.mapping)
