"""Tasks of Label Studio: the model's values as a prediction, the consensus as an annotation.

https://labelstud.io/guide/task_format
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple
from xml.sax.saxutils import quoteattr

from human_loop_reviews.outcome_values import TaskType
from human_loop_reviews.review.values import ValueKind, fold, single_spaced
from human_loop_reviews.tasks.image_size import ImageSize
from human_loops_cli.exports.annotation import MODERATION_LABELS, moderation_labels
from human_loops_cli.exports.boxes import PixelBox, boxes_in_pixels, find_image_size
from human_loops_cli.exports.format import ExportFormat, SchemaConsistency, one_line
from human_loops_cli.exports.left_out import LeftOutError, Reason
from human_loops_cli.exports.loop import ConsensusField, ReviewedLoop
from human_loops_cli.exports.source import SourceKind
from human_loops_cli.exports.spans import spans_of_text

# What XML cannot hold, not even escaped. Surrogates cannot be in what was read as UTF-8.
_NOT_XML: Final = dict.fromkeys((*range(0x20), 0xFFFE, 0xFFFF), "\ufffd")


class _Control(NamedTuple):
    """A control of the labeling configuration, and the type of its results."""

    type: str
    tag: str
    inner: str | None = None
    choice: str = ""


_CLASS: Final = _Control("choices", "Choices", "Choice", ' choice="single"')
_LABELS: Final = _Control("choices", "Choices", "Choice", ' choice="multiple"')
_BOXES: Final = _Control("rectanglelabels", "RectangleLabels", "Label")
_SPANS: Final = _Control("labels", "Labels", "Label")
_TEXT: Final = _Control("textarea", "TextArea")

_OBJECTS: Final = {"image": "Image", "text": "Text"}

# A result without the names of its control and object.
_Result = dict[str, Any]

# The name of the control, the control, and the result.
_Results = list[tuple[str, _Control, _Result]]


class LabelStudio:
    """One task for each loop. The names of fields are the names of controls.

    `configuration` is the labeling configuration of the project that takes the tasks.
    """

    DESCRIPTION: str = "tasks of Label Studio: classes, boxes, spans and texts"
    START: str = "[\n"
    SEPARATOR: str = ",\n"
    END: str = "\n]\n"

    def __init__(self) -> None:
        self._consistency = SchemaConsistency()
        self._media = "image"
        self._controls: dict[str, _Control] = {}
        self._labels: dict[str, dict[str, None]] = {}

    def write(self, loop: ReviewedLoop, /) -> str:
        """Return the task of one human loop."""
        source = loop.require_source()
        media = "text" if source.kind is SourceKind.TEXT else "image"
        if media == "image":
            source.require_image()
        predicted, agreed = _results(loop)
        controls = dict(self._controls)
        for name, control, _ in (*agreed, *predicted):
            if media == "text" and control is _BOXES:
                raise LeftOutError(Reason.SOURCE_IS_TEXT)
            if controls.setdefault(name, control) is not control:
                raise LeftOutError(Reason.MIXED)
        self._consistency.require(media)
        self._media, self._controls = media, controls
        task: dict[str, Any] = {
            "data": {media: source.value, **loop.trace},
            "annotations": [{"result": self._regions(agreed)}],
        }
        if predicted:
            task["predictions"] = [{"result": self._regions(predicted)}]
        return one_line(task)

    def configuration(self) -> str:
        """Return the labeling configuration of the tasks that were written.

        Examples
        --------
        >>> print(LabelStudio().configuration(), end="")
        <View>
          <Image name="reviewed-image" value="$image"/>
        </View>
        """
        tag = f'<{_OBJECTS[self._media]} name="{self._object}" value="${self._media}"/>'
        lines = ["<View>", f"  {tag}"]
        for name, control in sorted(self._controls.items()):
            tag = f'<{control.tag} name={quoteattr(name)} toName="{self._object}"{control.choice}'
            values = [
                f"<{control.inner} value={quoteattr(each)}/>"
                for each in sorted(self._labels.get(name, ()))
            ]
            end = f">{''.join(values)}</{control.tag}>" if control.inner else "/>"
            lines.append(f"  {tag}{end}")
        return "\n".join([*lines, "</View>", ""])

    @property
    def _object(self) -> str:
        """The name of what is annotated: one that no field is likely to have."""
        return f"reviewed-{self._media}"

    def _regions(self, results: _Results) -> list[dict[str, Any]]:
        regions = []
        for number, (name, control, result) in enumerate(results, start=1):
            if control.inner is not None:
                labels = self._labels.setdefault(name, {})
                labels |= dict.fromkeys(result["value"][control.type])
            names = {"from_name": name, "to_name": self._object, "type": control.type}
            regions.append({"id": str(number), **names, **result})
        return regions


FORMAT: Final[type[ExportFormat]] = LabelStudio


def _results(loop: ReviewedLoop) -> tuple[_Results, _Results]:
    """Return the results of the prediction and of the consensus."""
    if loop.output.task_type is TaskType.REKOGNITION_MODERATION:
        fields = moderation_labels(loop)
        predicted = [each.name for each in fields if each.predicted is not None]
        agreed = [each.name for each in fields if each.consensus is not None]
        return (
            list(_choices(MODERATION_LABELS, _LABELS, predicted)),
            list(_choices(MODERATION_LABELS, _LABELS, agreed)),
        )
    loop.require_fields()  # with only corrections, one of them at least is a correction
    fields = loop.consensus
    size = (
        find_image_size(loop.output)
        if any(each.kind is ValueKind.BOXES for each in fields)
        else None
    )
    predictions: _Results = []
    agreements: _Results = []
    for field in fields:
        agreements += _of_value(field, field.consensus, loop, size)
        try:
            predictions += _of_value(field, field.predicted, loop, size)
        except LeftOutError:
            continue  # the model's boxes are not within the image: the reviewers' are
    return predictions, agreements


def _of_value(
    field: ConsensusField, value: Any, loop: ReviewedLoop, size: ImageSize | None
) -> Iterator[tuple[str, _Control, _Result]]:
    """Yield the results of one value: none for no value."""
    if value is None:
        return
    name, kind = _text(field.name), field.kind
    if size is not None and kind is ValueKind.BOXES and isinstance(value, list):
        for box in boxes_in_pixels(value, size):
            yield name, _BOXES, _rectangle(box, size)
    elif kind is ValueKind.SPANS and isinstance(value, list):
        for span in spans_of_text(value, loop.require_source().require_text()):
            # Label Studio counts in a browser too.
            region = {"start": span.start, "end": span.end, "text": span.text}
            yield name, _SPANS, {"value": {**region, "labels": [_text(span.label)]}}
    elif kind is ValueKind.LABELS and isinstance(value, list):
        yield from _choices(name, _LABELS, value)
    elif kind is ValueKind.TEXT and loop.field is not None:
        yield from _choices(name, _CLASS, [value] if isinstance(value, str) else [])
    elif kind not in (ValueKind.BOXES, ValueKind.LABELS):
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield name, _TEXT, {"value": {"text": [text]}}


def _choices(
    name: str, control: _Control, labels: Sequence[str]
) -> Iterator[tuple[str, _Control, _Result]]:
    if choices := [_text(each) for each in labels if fold(each)]:
        yield name, control, {"value": {"choices": choices}}


def _rectangle(box: PixelBox, size: ImageSize) -> _Result:
    return {
        "original_width": size.width,
        "original_height": size.height,
        "value": {
            "x": 100 * box.left / size.width,
            "y": 100 * box.top / size.height,
            "width": 100 * box.width / size.width,
            "height": 100 * box.height / size.height,
            "rotation": 0,
            "rectanglelabels": [_text(box.label)],
        },
    }


def _text(text: str) -> str:
    """Return a name or a label as an attribute in XML can hold it."""
    return single_spaced(text).translate(_NOT_XML) or "\ufffd"
