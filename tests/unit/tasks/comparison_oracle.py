"""A second implementation of the comparison of one field, for one reviewer, by the matrix's words.

It works on JSON alone, and shares nothing with the implementation but the terms.
"""

from __future__ import annotations

import unicodedata
from fractions import Fraction
from typing import Any

NOT_COMPARABLE = "notComparable"
YES, NO = {"yes", "true", "on", "1"}, {"no", "false", "off", "0"}
SHAPES = ("polygons", "polylines", "lines", "keypoints")


def plain(text: str) -> str:
    shown = "".join(c for c in text if unicodedata.category(c) != "Cf")
    digits = [str(int(c)) if c.isdecimal() else c for c in unicodedata.normalize("NFKC", shown)]
    return " ".join("".join(digits).split())


def _only(answer: Any) -> bool:
    return answer is True or (isinstance(answer, dict) and True in answer.values())


def as_number(text: str) -> Fraction | None:
    try:
        return Fraction(text) if text and "/" not in text and "_" not in text else None
    except ValueError:
        return None


def as_truth(value: Any) -> bool | None:
    word = plain(value).casefold() if isinstance(value, str) else str(value)
    return True if word in YES else False if word in NO else None


def element(answer: Any) -> str:
    """Return the column of the matrix."""
    if isinstance(answer, str) or type(answer) in (int, float):
        return "typed"
    if isinstance(answer, bool):
        return "single"
    if not answer:
        return "empty"
    if isinstance(answer, dict):
        if all(isinstance(on, bool) for on in answer.values()):
            return "single" if len(answer) == 1 else "choice"
        if set(answer) in ({"label"}, {"labels"}):
            return "choice"
        for name in ("boundingBoxes", "entities", *SHAPES):
            if name in answer:
                return name
    if isinstance(answer, list) and all(isinstance(each, str) for each in answer):
        return "choice"
    return "structure"


def is_boxes(answer: dict[str, Any]) -> bool:
    return all(isinstance(on, bool) for on in answer.values())


def chosen(answer: Any) -> set[str]:
    if isinstance(answer, list):
        labels = answer
    elif "labels" in answer:
        labels = answer["labels"]
    elif "label" in answer:
        labels = [answer["label"]]
    else:
        labels = [name for name, on in answer.items() if on]
    return {plain(label) for label in labels}


def content(value: Any) -> Any:
    """Return a structure so that equal ones are equal: rows have no order, null is absent."""
    if isinstance(value, dict):
        pairs = [(key, content(inner)) for key, inner in value.items() if inner is not None]
        return ("object", tuple(sorted(pairs, key=repr)))
    if isinstance(value, list):
        inner = [content(each) for each in value]
        if all(isinstance(each, dict) for each in value):
            return ("rows", tuple(sorted(inner, key=repr)))
        if all(isinstance(each, str) for each in value):
            return ("texts", tuple(sorted(set(inner))))
        return ("list", tuple(inner))
    if isinstance(value, str):
        return plain(value)
    return (type(value) is bool, float(value))


def upheld(prediction: Any, answer: Any) -> bool | str:
    """Return whether an answer upholds a prediction, or that it cannot be compared."""
    given = element(answer)
    if isinstance(prediction, dict) and element(prediction) == "single":
        if isinstance(answer, dict) and len(answer) > 1 and is_boxes(answer):
            return _labels(chosen(prediction), given, answer)
        prediction = _only(prediction)
    if isinstance(prediction, dict) and set(prediction) == {"label"}:
        prediction = prediction["label"]
    if isinstance(prediction, bool):
        if given == "single":
            return prediction is _only(answer)
        return as_truth(answer) is prediction if given == "typed" else NOT_COMPARABLE
    if isinstance(prediction, str):
        return _text(plain(prediction), given, answer)
    if isinstance(prediction, int | float):
        return _number(prediction, given, answer)
    kind = element(prediction)
    if kind in ("choice", "empty"):
        return _labels(set() if kind == "empty" else chosen(prediction), given, answer)
    if given == "empty":
        return kind != "structure" and not _parts(prediction)
    if kind != given or (kind == "structure" and type(prediction) is not type(answer)):
        return NOT_COMPARABLE
    if kind == "structure":
        return bool(content(prediction) == content(answer))
    return sorted(map(repr, _parts(prediction))) == sorted(map(repr, _parts(answer)))


def correct(prediction: str, answers: list[str | None], absent: str) -> bool | str | None:
    """Return whether more than half uphold a text, or that no answer has the input.

    None stands for an input that A2I left out.
    """
    if absent == "unknown" and not [answer for answer in answers if answer is not None]:
        return "answerNotFound"
    votes = []
    for answer in answers:
        if answer is None:
            votes.append(absent == "upheld" or plain(prediction) == "")
        else:
            votes.append(upheld(prediction, answer) is True)
    if votes.count(True) * 2 == len(votes):
        return None
    return votes.count(True) * 2 > len(votes)


def _text(text: str, given: str, answer: Any) -> bool | str:
    if given == "typed":
        if isinstance(answer, str):
            return text == plain(answer)
        return as_number(text) == Fraction(str(answer))
    if given == "choice":
        return chosen(answer) == ({text} if text else set())
    if given == "single" and text and as_truth(text) is not None:
        return as_truth(text) is _only(answer)
    return NOT_COMPARABLE


def _number(number: float, given: str, answer: Any) -> bool | str:
    exact = Fraction(str(number))
    if given == "typed":
        return exact == (
            as_number(plain(answer)) if isinstance(answer, str) else Fraction(str(answer))
        )
    if given == "choice":
        labels = [as_number(label) for label in chosen(answer)]
        if len(labels) == 1 and labels[0] is not None:
            return exact == labels[0]
    if given == "single" and exact in (0, 1):
        return bool(exact) is _only(answer)
    return NOT_COMPARABLE


def _labels(labels: set[str], given: str, answer: Any) -> bool | str:
    if given == "choice":
        return chosen(answer) == labels
    if given == "empty":
        return not labels
    if given == "typed" and isinstance(answer, str):
        return ({plain(answer)} if plain(answer) else set()) == labels
    if not labels and given != "single":
        return given != "structure" and given != "typed" and not _parts(answer)
    return False if given == "typed" else NOT_COMPARABLE


def _parts(value: Any) -> list[Any]:
    return next(iter(value.values())) if isinstance(value, dict) else value
