"""Parts: how many labels, spans or rows of a value more than half of the reviewers upheld."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from human_loop_reviews.review.values import Value, ValueKind

_WITH_PARTS = frozenset({ValueKind.LABELS, ValueKind.SPANS, ValueKind.STRUCTURE})


def count_parts(predicted: Value | None, answers: Sequence[Value | None]) -> dict[str, int]:
    """Count the parts that the model predicted, and of these and others what reviewers gave.

    A field is one value, and one wrong part makes it wrong. The parts say how wrong.

    Parameters
    ----------
    predicted, answers
        The values in one kind. None for no value.

    Returns
    -------
    dict[str, int]
        By the names in outcomes; empty without a prediction, and for values without parts.

    Examples
    --------
    >>> from human_loop_reviews.review.values import labels_value
    >>> count_parts(labels_value(["a", "b"]), [labels_value(["b", "c"])])
    {'partsPredicted': 2, 'partsUpheld': 1, 'partsAdded': 1}
    """
    if predicted is None or all(value is None or value.is_blank for value in (predicted, *answers)):
        return {}
    shown = _parts(predicted)
    given = [_parts(answer) for answer in answers]
    if shown is None:
        return {}
    whole = [parts for parts in given if parts is not None]
    if len(whole) < len(given):
        return {}
    upheld = added = 0
    for part in {part for parts in (shown, *whole) for part in parts}:
        counts = sorted((parts[part] for parts in whole), reverse=True)
        agreed = counts[len(counts) // 2]  # more than half gave at least as many
        upheld += min(agreed, shown[part])
        added += max(agreed - shown[part], 0)
    return {"partsPredicted": shown.total(), "partsUpheld": upheld, "partsAdded": added}


def _parts(value: Value | None) -> Counter[Hashable] | None:
    """Return the parts of a value, None for a value without parts."""
    if value is None or value.is_blank:
        return Counter()
    if value.kind not in _WITH_PARTS:
        return None
    key = value.comparison_key[1]
    if value.kind is not ValueKind.STRUCTURE:
        return Counter(key)
    if type(key) is tuple and len(key) == 2 and key[0] == "rows":
        return Counter(dict(key[1]))
    return None
