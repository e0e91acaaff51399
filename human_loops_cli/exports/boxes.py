"""Bounding boxes in whole pixels of an image whose size the answers have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from human_loop_reviews.a2i.output import Output
from human_loop_reviews.review.values import single_spaced
from human_loop_reviews.tasks import image_size
from human_loop_reviews.tasks.image_size import ImageSize
from human_loop_reviews.tasks.searchable import searchable_answers
from human_loops_cli.exports.left_out import LeftOutError, Reason


class PixelBox(NamedTuple):
    """A labelled box in pixels from the upper left corner."""

    label: str
    left: int
    top: int
    width: int
    height: int


def find_image_size(output: Output) -> ImageSize:
    """Return the size of the image that the reviewers drew on.

    Raises
    ------
    LeftOutError
        If no answer has it, or if they have several: the form can have several images.

    Examples
    --------
    >>> from human_loop_reviews.a2i.output import parse_output
    >>> content = '{"drawn": {"inputImageProperties": {"height": 480, "width": 640}}}'
    >>> text = '{"inputContent": {}, "humanAnswers": [{"answerContent": %s}]}' % content
    >>> find_image_size(parse_output(text, source="output.json"))
    ImageSize(width=640, height=480)
    """
    contents = [answer.content for answer in output.answers]
    answers = searchable_answers(contents, output.answers[0].place.source)
    size = image_size.find_image_size([answer.unfolded for answer in answers])
    if size is None:
        raise LeftOutError(Reason.NO_IMAGE_SIZE)
    return size


def boxes_in_pixels(boxes: Sequence[Mapping[str, Any]], size: ImageSize) -> list[PixelBox]:
    """Return boxes with their edges at whole pixels.

    Parameters
    ----------
    boxes
        As a review displays them.
    size
        The size of the image.

    Raises
    ------
    LeftOutError
        If a box is not within the image, has no area, or has no label.

    Examples
    --------
    >>> box = {"label": "dog", "left": 0.4, "top": 0, "width": 3, "height": 4}
    >>> boxes_in_pixels([box], ImageSize(640, 480))
    [PixelBox(label='dog', left=0, top=0, width=3, height=4)]
    """
    return [_in_pixels(box, size) for box in boxes]


def _in_pixels(box: Mapping[str, Any], size: ImageSize) -> PixelBox:
    label = single_spaced(box["label"])
    if not label:
        raise LeftOutError(Reason.NO_LABEL)
    sides = [float(box[name]) for name in ("left", "top", "width", "height")]
    if any(abs(side) > image_size.MAX_PIXELS for side in sides):
        raise LeftOutError(Reason.BOX_OUTSIDE_IMAGE)
    left, top = round(sides[0]), round(sides[1])
    right, bottom = round(sides[0] + sides[2]), round(sides[1] + sides[3])
    if right <= left or bottom <= top:
        raise LeftOutError(Reason.EMPTY_BOX)
    if left < 0 or top < 0 or right > size.width or bottom > size.height:
        raise LeftOutError(Reason.BOX_OUTSIDE_IMAGE)
    return PixelBox(label, left, top, right - left, bottom - top)
