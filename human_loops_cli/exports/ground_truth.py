"""The augmented manifest of Amazon SageMaker Ground Truth: classes, boxes and spans of texts.

https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
https://docs.aws.amazon.com/sagemaker/latest/dg/sms-named-entity-recg.html
https://docs.aws.amazon.com/comprehend/latest/dg/cer-annotation-manifest.html
"""

from __future__ import annotations

import re
from typing import Any, Final

from human_loops_cli.exports.annotation import Annotation, AnnotationKind, read_annotation
from human_loops_cli.exports.format import ExportFormat, JsonLines, SchemaConsistency, one_line
from human_loops_cli.exports.left_out import LeftOutError, Reason
from human_loops_cli.exports.loop import ReviewedLoop
from human_loops_cli.exports.source import Source, SourceKind

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateLabelingJob.html
_MAX_ATTRIBUTE: Final = 127

#: Ground Truth writes 3, whatever the image.
_DEPTH: Final = 3


#: No box and no span is an answer too: the source has none.
_WITHOUT_LABELS: Final = frozenset({AnnotationKind.BOXES, AnnotationKind.SPANS})


class GroundTruth(JsonLines):
    """One line for each loop: its source, a label attribute, and the attribute's metadata.

    Class ids are numbered in the order in which the classes first appear in the file.
    """

    DESCRIPTION: str = "augmented manifest of SageMaker Ground Truth: classes, boxes or spans"

    def __init__(self) -> None:
        self._classes: dict[str, int] = {}
        self._consistency = SchemaConsistency()

    def write(self, loop: ReviewedLoop, /) -> str:
        """Return the line of one human loop."""
        annotation = read_annotation(loop)
        if not annotation.labels and annotation.kind not in _WITHOUT_LABELS:
            raise LeftOutError(Reason.NO_LABEL)
        source = loop.require_source()
        place, media = _place(source, annotation)
        flow = loop.output.flow_definition_name
        if not flow or not loop.output.human_loop_name:
            raise LeftOutError(Reason.NO_NAMES)
        decided = loop.decided.strftime("%Y-%m-%dT%H:%M:%S.%f")
        attribute = attribute_name(annotation.name)
        self._consistency.require(attribute, annotation.kind, media)
        label, metadata = self._describe(annotation, media)
        return one_line(
            {
                place: source.value,
                attribute: label,
                f"{attribute}-metadata": {
                    **metadata,
                    "human-annotated": "yes",
                    "creation-date": decided,
                    "job-name": flow,
                },
                # Ground Truth keeps any other key as it is.
                **{key.replace("_", "-"): value for key, value in loop.trace.items()},
            }
        )

    def _describe(self, annotation: Annotation, media: str) -> tuple[Any, dict[str, Any]]:
        """Return the label, and what the metadata of its kind have."""
        if annotation.kind is AnnotationKind.BOXES:
            return self._describe_boxes(annotation)
        if annotation.kind is AnnotationKind.SPANS:
            return _describe_spans(annotation)
        ids = {self._id(name): name for name in annotation.labels}
        if annotation.kind is AnnotationKind.CLASS:
            ((number, name),) = ids.items()
            return number, {
                "class-name": name,
                "confidence": annotation.agreement_on(name),
                "type": f"groundtruth/{media}-classification",
            }
        return sorted(ids), {
            "class-map": {str(number): ids[number] for number in sorted(ids)},
            "confidence-map": {
                str(number): annotation.agreement_on(ids[number]) for number in sorted(ids)
            },
            "type": f"groundtruth/{media}-classification-multilabel",
        }

    def _describe_boxes(self, annotation: Annotation) -> tuple[Any, dict[str, Any]]:
        boxes = annotation.boxes
        ids = {self._id(box.label): box.label for box in boxes}
        sizes = [] if annotation.size is None else [{**annotation.size._asdict(), "depth": _DEPTH}]
        label = {
            "image_size": sizes,
            "annotations": [
                {
                    "class_id": self._id(box.label),
                    "left": box.left,
                    "top": box.top,
                    "width": box.width,
                    "height": box.height,
                }
                for box in boxes
            ],
        }
        return label, {
            "objects": [{"confidence": round(annotation.agreement, 4)} for _ in boxes],
            "class-map": {str(number): ids[number] for number in sorted(ids)},
            "type": "groundtruth/object-detection",
        }

    def _id(self, name: str) -> int:
        return self._classes.setdefault(name, len(self._classes))


FORMAT: Final[type[ExportFormat]] = GroundTruth


def _describe_spans(annotation: Annotation) -> tuple[Any, dict[str, Any]]:
    """Return spans as a labeling job for named entity recognition writes them."""
    labels = dict.fromkeys(span.label for span in annotation.spans)
    entities = [
        {"startOffset": span.start, "endOffset": span.end, "label": span.label}
        for span in annotation.spans
    ]
    label = {"annotations": {"entities": entities, "labels": [{"label": each} for each in labels]}}
    return label, {
        "entities": [{"confidence": round(annotation.agreement, 4)} for _ in entities],
        "type": "groundtruth/text-span",
    }


def attribute_name(field: str) -> str:
    """Return a field's name as a label attribute: letters, digits and single hyphens.

    Examples
    --------
    >>> attribute_name("Kind of ticket: metadata")
    'Kind-of-ticket-metadata-label'
    """
    name = "-".join(re.findall("[A-Za-z0-9]+", field))[: _MAX_ATTRIBUTE - len("-label")].rstrip("-")
    # Ground Truth reserves these endings.
    return f"{name}-label" if f"-{name}".endswith(("-metadata", "-ref")) else name or "label"


def _place(source: Source, annotation: Annotation) -> tuple[str, str]:
    """Return the key of a source, and what its classes are of: an image or a text."""
    if source.kind is SourceKind.TEXT and annotation.kind is not AnnotationKind.BOXES:
        return "source", "text"
    source.require_image()
    return "source-ref", "image"
