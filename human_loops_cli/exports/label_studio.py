"""Tasks of Label Studio: the model's values as a prediction, the consensus as an annotation.

https://labelstud.io/guide/task_format
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final
from xml.sax.saxutils import quoteattr

from human_loop_reviews.a2i.task_type import TaskType
from human_loop_reviews.review.values import Kind, fold
from human_loops_cli.exports.annotation import MODERATION_LABELS, labels_of, moderation_labels
from human_loops_cli.exports.boxes import ImageSize, PixelBox, boxes_in_pixels, find_image_size
from human_loops_cli.exports.format import ExportFormat, OneOfItsKind, one_line
from human_loops_cli.exports.left_out import LeftOutError, Reason
from human_loops_cli.exports.loop import ConsensusField, ReviewedLoop
from human_loops_cli.exports.source import SourceKind

# What XML cannot hold, not even escaped. Surrogates cannot be in what was read as UTF-8.
_NOT_XML: Final = dict.fromkeys((*range(0x20), 0xFFFE, 0xFFFF), "\ufffd")

# The tags of the labeling configuration, by the type of a result.
_TAGS: Final = {
    "choices": ("Choices", "Choice"),
    "rectanglelabels": ("RectangleLabels", "Label"),
    "textarea": ("TextArea", None),
}
_OBJECTS: Final = {"image": "Image", "text": "Text"}

# A result, without the names of its control and object.
_Result = dict[str, Any]


class LabelStudio:
    """One task for each loop. The names of fields are the names of controls.

    `configuration` is the labeling configuration of the project that takes the tasks.
    """

    DESCRIPTION: str = "tasks of Label Studio: classes, boxes and texts"
    START: str = "[\n"
    SEPARATOR: str = ",\n"
    END: str = "\n]\n"

    def __init__(self) -> None:
        self._one = OneOfItsKind()
        self._media = "image"
        self._controls: dict[tuple[str, str], dict[str, None]] = {}

    def write(self, loop: ReviewedLoop, /) -> str:
        """Return the task of one human loop."""
        source = loop.require_source()
        media = "text" if source.kind is SourceKind.TEXT else "image"
        if media == "image":
            source.require_image()
        predicted, agreed = _results(loop)
        if media == "text" and any(kind == "rectanglelabels" for _, kind, _ in agreed):
            raise LeftOutError(Reason.SOURCE_IS_TEXT)
        self._one.require(media)
        self._media = media
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
          <Image name="image" value="$image"/>
        </View>
        """
        lines = ["<View>"]
        media = self._media
        lines.append(f'  <{_OBJECTS[media]} name="{media}" value="${media}"/>')
        for (name, kind), labels in sorted(self._controls.items()):
            tag, inner = _TAGS[kind]
            more = ' choice="multiple"' if kind == "choices" else ""
            start = f'<{tag} name={quoteattr(name)} toName="{media}"{more}'
            if inner is None:
                lines.append(f"  {start}/>")
                continue
            values = "".join(f"<{inner} value={quoteattr(each)}/>" for each in sorted(labels))
            lines.append(f"  {start}>{values}</{tag}>")
        return "\n".join([*lines, "</View>", ""])

    def _regions(self, results: Sequence[tuple[str, str, _Result]]) -> list[dict[str, Any]]:
        regions = []
        for number, (name, kind, result) in enumerate(results, start=1):
            labels = self._controls.setdefault((name, kind), {})
            if kind != "textarea":
                labels |= dict.fromkeys(result["value"][kind])
            names = {"from_name": name, "to_name": self._media, "type": kind}
            regions.append({"id": str(number), **names, **result})
        return regions


FORMAT: Final[type[ExportFormat]] = LabelStudio


_Results = list[tuple[str, str, _Result]]


def _results(loop: ReviewedLoop) -> tuple[_Results, _Results]:
    """Return the results of the prediction and of the consensus: control, type and value."""
    if loop.output.task_type is TaskType.REKOGNITION_MODERATION:
        fields = moderation_labels(loop)
        predicted = [each.name for each in fields if each.predicted is not None]
        agreed = [each.name for each in fields if each.consensus is not None]
        return (
            list(_choices(MODERATION_LABELS, predicted)),
            list(_choices(MODERATION_LABELS, agreed)),
        )
    selected = loop.require_fields()
    fields = loop.consensus if loop.field is None else selected
    size = find_image_size(loop.output) if any(each.kind is Kind.BOXES for each in fields) else None
    predictions: _Results = []
    agreements: _Results = []
    for field in fields:
        agreements += _of_value(field, field.consensus, loop, size)
        try:
            predictions += _of_value(field, field.predicted, loop, size)
        except LeftOutError:
            continue  # The model's boxes are not within the image. The reviewers' are.
    return predictions, agreements


def _of_value(
    field: ConsensusField, value: Any, loop: ReviewedLoop, size: ImageSize | None
) -> Iterator[tuple[str, str, _Result]]:
    """Yield the results of one value: none for no value."""
    if value is None:
        return
    name = _text(field.name)
    if field.kind is Kind.BOXES and size is not None:
        if isinstance(value, list):
            for box in boxes_in_pixels(value, size):
                yield name, "rectanglelabels", _rectangle(box, size)
    elif field.kind is Kind.LABELS or (field.kind is Kind.TEXT and loop.field is not None):
        if isinstance(value, str | list):
            _, labels = labels_of(Kind.LABELS if isinstance(value, list) else Kind.TEXT, value)
            yield from _choices(name, labels)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield name, "textarea", {"value": {"text": [text]}}


def _choices(name: str, labels: Sequence[str]) -> Iterator[tuple[str, str, _Result]]:
    if labels:
        yield name, "choices", {"value": {"choices": [_text(each) for each in labels]}}


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
    """Return a name as an attribute in XML can hold it."""
    return fold(text).translate(_NOT_XML) or "\ufffd"
