"""The manifest that trains an adapter of Amazon Rekognition Custom Moderation.

https://docs.aws.amazon.com/rekognition/latest/dg/using-adapters-manifest-files.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from human_loop_reviews.outcome_values import TaskType
from human_loop_reviews.tasks import task_of
from human_loops_cli.exports.annotation import moderation_labels
from human_loops_cli.exports.format import ExportFormat, JsonLines, one_line
from human_loops_cli.exports.left_out import LeftOutError, Reason
from human_loops_cli.exports.loop import ReviewedLoop


class RekognitionAdapter(JsonLines):
    """One line for each image, with the labels that more than half of the reviewers gave.

    The documentation has no further keys, so only the image identifies the loop.
    """

    DESCRIPTION: str = "manifest of a Rekognition Custom Moderation adapter: image moderation"

    def __init__(self) -> None:
        self._bucket: str | None = None

    def write(self, loop: ReviewedLoop, /) -> str:
        """Return the line of one human loop."""
        if loop.output.task_type is not TaskType.REKOGNITION_MODERATION:
            raise LeftOutError(Reason.TASK_TYPE)
        fields = moderation_labels(loop)
        labels = _names(loop, [each.name for each in fields if each.consensus is not None])
        source = loop.require_source()
        uri = source.require_image()
        self._bucket = self._bucket or source.bucket
        if source.bucket != self._bucket:
            raise LeftOutError(Reason.OTHER_BUCKET)
        labelled = {"ModerationLabels": [{"Name": name} for name in labels]}
        return one_line({"source-ref": uri, "content-moderation-groundtruth": labelled})


FORMAT: Final[type[ExportFormat]] = RekognitionAdapter


def _names(loop: ReviewedLoop, paths: Iterable[str]) -> list[str]:
    """Return the names of labels and of the labels above them.

    Raises
    ------
    LeftOutError
        If a name has a slash, so that its path can be read in two ways.
    """
    output = loop.output
    task = task_of(output.task_type)
    given = [task.read_prediction(output.inputs, output.inputs_place, ()).shown]
    given += [task.read_answer(answer.content, answer.place) for answer in output.answers]
    labels = [label for each in given for label in each]
    known = {name for label in labels for name in (label.name, label.parent)}
    names = {name for path in paths for name in path.split("/", 1)}
    if not names <= known:
        raise LeftOutError(Reason.LABEL_NAME)
    return sorted(names)
