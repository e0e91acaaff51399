"""Responses of AWS services as boto3 returns them, which callers pass in as they are.

Their keys are in PascalCase, and their boxes are ratios of the image. Amazon A2I writes camelCase,
and boxes in pixels.
"""

from __future__ import annotations

from typing import Any, Final

# Where Amazon Rekognition and Amazon Comprehend list what they found.
_LISTS_OF_BOXES: Final = ("customLabels", "labels")
_LISTS_OF_SPANS: Final = ("entities",)

_SIDES: Final = ("left", "top", "width", "height")


def in_camel_case(value: Any) -> Any:
    """Return parsed JSON with the first letter of all keys in lower case.

    Parameters
    ----------
    value
        Parsed JSON, not nested too deeply for recursion.

    Examples
    --------
    >>> in_camel_case({"Blocks": [{"BlockType": "WORD", "Id": "w1"}]})
    {'blocks': [{'blockType': 'WORD', 'id': 'w1'}]}
    """
    if type(value) is dict:
        return {key[:1].lower() + key[1:]: in_camel_case(entry) for key, entry in value.items()}
    return [in_camel_case(entry) for entry in value] if type(value) is list else value


def read_response_boxes(response: Any) -> list[dict[str, Any]] | None:
    """Return the boxes of a response of Amazon Rekognition as ``crowd-bounding-box`` lists them.

    Parameters
    ----------
    response
        The response of ``DetectCustomLabels`` or ``DetectLabels``, or its list alone.

    Returns
    -------
    list[dict[str, Any]] | None
        The sides are ratios. None if it is another response, or if a label has no box.

    Examples
    --------
    >>> box = {"Left": 0.1, "Top": 0.2, "Width": 0.5, "Height": 0.5}
    >>> read_response_boxes({"CustomLabels": [{"Name": "cup", "Geometry": {"BoundingBox": box}}]})
    [{'label': 'cup', 'left': 0.1, 'top': 0.2, 'width': 0.5, 'height': 0.5}]
    """
    entries = _entries(response, _LISTS_OF_BOXES)
    if entries is None:
        return None
    boxes = []
    for entry in entries:
        places = entry["instances"] if type(entry.get("instances")) is list else [entry]
        for place in places:
            sides = _box(place)
            if sides is None or type(entry.get("name")) is not str:
                return None
            boxes.append({"label": entry["name"], **{side: sides.get(side) for side in _SIDES}})
    return boxes


def read_response_spans(response: Any) -> list[dict[str, Any]] | None:
    """Return the entities of a response of Amazon Comprehend as ``crowd-entity-annotation`` does.

    Parameters
    ----------
    response
        The response of ``DetectEntities`` or ``DetectPiiEntities``, or its list alone.

    Returns
    -------
    list[dict[str, Any]] | None
        None if it is another response.

    Examples
    --------
    >>> read_response_spans({"Entities": [{"BeginOffset": 0, "EndOffset": 5, "Type": "PERSON"}]})
    [{'startOffset': 0, 'endOffset': 5, 'label': 'PERSON'}]
    """
    entries = _entries(response, _LISTS_OF_SPANS)
    if entries is None or not all("beginOffset" in entry for entry in entries):
        return None
    return [
        {
            "startOffset": entry["beginOffset"],
            "endOffset": entry.get("endOffset"),
            "label": entry.get("type"),
        }
        for entry in entries
    ]


def _entries(response: Any, names: tuple[str, ...]) -> list[dict[str, Any]] | None:
    """Return the objects that a response lists, None if it lists none, or anything else."""
    if type(response) is dict:
        named = {key[:1].lower() + key[1:]: entry for key, entry in response.items()}
        response = next((named[name] for name in names if type(named.get(name)) is list), None)
    if type(response) is not list or not all(type(entry) is dict for entry in response):
        return None
    return [in_camel_case(entry) for entry in response]


def _box(place: Any) -> dict[str, Any] | None:
    if type(place) is not dict:
        return None
    geometry = place.get("geometry")
    box = (geometry if type(geometry) is dict else place).get("boundingBox")
    return box if type(box) is dict else None
