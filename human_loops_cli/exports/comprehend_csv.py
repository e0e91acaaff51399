"""The CSV file that trains a classifier of Amazon Comprehend.

https://docs.aws.amazon.com/comprehend/latest/dg/prep-class-data-format.html
https://docs.aws.amazon.com/comprehend/latest/dg/prep-classifier-data-multi-class.html
https://docs.aws.amazon.com/comprehend/latest/dg/prep-classifier-data-multi-label.html
"""

from __future__ import annotations

import csv
import io
import re
from typing import Final

from human_loop_reviews.outcome_values import TaskType
from human_loops_cli.exports.annotation import AnnotationKind, read_annotation
from human_loops_cli.exports.format import ExportFormat, SchemaConsistency
from human_loops_cli.exports.left_out import LeftOutError, Reason
from human_loops_cli.exports.loop import ReviewedLoop

DEFAULT_DELIMITER: Final = "|"

#: What Amazon Comprehend takes between the labels of one document.
#: https://docs.aws.amazon.com/comprehend/latest/APIReference/API_DocumentClassifierInputDataConfig.html
DELIMITERS: Final = frozenset(" ~!@#$%^*-_+=|\\:;\t>?/")

# A row ends with a line break, so that a document has none. Everything else is exact.
LINE_BREAK: Final = r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]"


class ComprehendCsv:
    """One row for each loop, without a header: its label or labels, and its text.

    A spreadsheet would run a text that begins as a formula. Comprehend takes it as it is, and an
    apostrophe before it would be trained.
    """

    DESCRIPTION: str = "CSV of an Amazon Comprehend classifier: classes of texts"
    START: str = ""
    SEPARATOR: str = ""
    END: str = ""

    def __init__(self, delimiter: str = DEFAULT_DELIMITER) -> None:
        self._delimiter = delimiter
        self._consistency = SchemaConsistency()

    def write(self, loop: ReviewedLoop, /) -> str:
        """Return the row of one human loop, with its line break."""
        if loop.output.task_type is TaskType.REKOGNITION_MODERATION:
            raise LeftOutError(Reason.TASK_TYPE)
        annotation = read_annotation(loop)
        if annotation.kind in (AnnotationKind.BOXES, AnnotationKind.SPANS):
            raise LeftOutError(Reason.VALUE_KIND)
        if not annotation.labels:
            raise LeftOutError(Reason.NO_LABEL)
        if annotation.kind is AnnotationKind.LABELS and any(
            self._delimiter in label for label in annotation.labels
        ):
            raise LeftOutError(Reason.DELIMITER_IN_LABEL)
        text = re.sub(f"{LINE_BREAK}+", " ", loop.require_source().require_text())
        self._consistency.require(annotation.name, annotation.kind)
        row = io.StringIO()
        writer = csv.writer(row, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow([self._delimiter.join(annotation.labels), text])
        return row.getvalue()


FORMAT: Final[type[ExportFormat]] = ComprehendCsv
