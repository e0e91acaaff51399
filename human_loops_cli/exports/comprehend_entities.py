"""The annotations that train an entity recognizer of Amazon Comprehend, and their documents.

https://docs.aws.amazon.com/comprehend/latest/dg/cer-annotation-csv.html
https://docs.aws.amazon.com/comprehend/latest/dg/prep-training-data-cer.html
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from human_loops_cli.exports.annotation import AnnotationKind, read_annotation
from human_loops_cli.exports.comprehend_csv import LINE_BREAK
from human_loops_cli.exports.format import ExportFormat, SchemaConsistency
from human_loops_cli.exports.left_out import LeftOutError, Reason
from human_loops_cli.exports.loop import ReviewedLoop
from human_loops_cli.exports.spans import TextSpan, start_in_characters

_HEADER: Final = ("File", "Line", "Begin Offset", "End Offset", "Type")

#: How many entity types one recognizer has.
_MAX_TYPES: Final = 25

#: The file of documents, where nobody names it.
DEFAULT_DOCUMENTS: Final = "documents.txt"


class ComprehendEntities:
    """One row for each span. The documents are a second file, with one loop on each line.

    A loop without spans has a line and no row.

    Parameters
    ----------
    documents
        The name of the file of documents.
    """

    DESCRIPTION: str = "CSV of an Amazon Comprehend entity recognizer: spans of texts"
    START: str = ",".join(_HEADER) + "\n"
    SEPARATOR: str = ""
    END: str = ""

    def __init__(self, documents: str = DEFAULT_DOCUMENTS) -> None:
        self._name = documents
        self._lines: list[str] = []
        self._labels: dict[str, str] = {}
        self._consistency = SchemaConsistency()

    def write(self, loop: ReviewedLoop, /) -> str:
        """Return the rows of one human loop, each with its line break."""
        annotation = read_annotation(loop)
        if annotation.kind is not AnnotationKind.SPANS:
            raise LeftOutError(Reason.VALUE_KIND)
        text = loop.require_source().require_text()
        spans = sorted(annotation.spans, key=lambda span: (span.start, span.end))
        # Ground Truth permits spans that overlap, and Comprehend does not support them.
        if any(after.start < before.end for before, after in pairwise(spans)):
            raise LeftOutError(Reason.OVERLAPPING_SPANS)
        labels = self._with_types_of(spans)
        self._consistency.require(annotation.name)
        self._labels = labels
        number = len(self._lines)
        # One for one, so that offsets stay.
        self._lines.append(re.sub(LINE_BREAK, " ", text))
        rows = io.StringIO()
        writer = csv.writer(rows, lineterminator="\n")
        for span in spans:
            begin = start_in_characters(span, text)
            writer.writerow(
                [self._name, number, begin, begin + len(span.text), entity_type(span.label)]
            )
        return rows.getvalue()

    def documents(self) -> str:
        """Return the documents of the loops that were written, one on each line."""
        return "".join(f"{line}\n" for line in self._lines)

    def _with_types_of(self, spans: Sequence[TextSpan]) -> dict[str, str]:
        """Return the label of each entity type so far, and of the types of some spans."""
        labels = dict(self._labels)
        for span in spans:
            if labels.setdefault(entity_type(span.label), span.label) != span.label:
                raise LeftOutError(Reason.SAME_ENTITY_TYPE)
        if len(labels) > _MAX_TYPES:
            raise LeftOutError(Reason.TOO_MANY_ENTITY_TYPES)
        return labels


FORMAT: Final[type[ExportFormat]] = ComprehendEntities


def entity_type(label: str) -> str:
    """Return a label as an entity type: an uppercase, underscore-separated text.

    Raises
    ------
    LeftOutError
        If it has neither a letter nor a digit.

    Examples
    --------
    >>> entity_type("senior manager")
    'SENIOR_MANAGER'
    """
    found = "_".join(re.findall(r"[^\W_]+", label)).upper()
    if not found:
        raise LeftOutError(Reason.NO_LABEL)
    return found
