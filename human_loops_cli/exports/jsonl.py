"""JSON Lines with the same columns for every task type, as Hugging Face's `datasets` loads them."""

from __future__ import annotations

import json
from typing import Any, Final

from human_loop_reviews.review.values import ValueKind
from human_loops_cli.exports.format import ExportFormat, JsonLines, one_line
from human_loops_cli.exports.loop import ConsensusField, ReviewedLoop

#: One value is a text, and the other is not.
_MIXED: Final = "mixed"


class Jsonl(JsonLines):
    """One line for each loop, with a list of its fields.

    All values are texts, so that no column has two types: of the kind ``text`` the text itself, of
    any other kind its JSON.
    """

    DESCRIPTION: str = "JSON Lines for Hugging Face datasets: any task type, field by field"

    def write(self, loop: ReviewedLoop, /) -> str:
        """Return the line of one human loop."""
        fields = loop.require_fields()
        return one_line(
            {
                **loop.trace,
                "task_type": loop.output.task_type.value,
                "source": None if loop.source is None else loop.source.value,
                "fields": [_describe(each) for each in fields],
            }
        )


FORMAT: Final[type[ExportFormat]] = Jsonl


def _describe(field: ConsensusField) -> dict[str, Any]:
    values = [each for each in (field.predicted, field.consensus) if each is not None]
    is_text = all(isinstance(each, str) for each in values)
    kind = _MIXED if field.kind is None or field.kind is ValueKind.TEXT else field.kind.value
    return {
        "name": field.name,
        "predicted_name": field.predicted_name,
        "kind": ValueKind.TEXT.value if is_text else kind,
        "predicted": _as_text(field.predicted, is_text),
        "consensus": _as_text(field.consensus, is_text),
        "verdict": None if field.verdict is None else field.verdict.value,
        "confidence": None if field.confidence is None else float(field.confidence),
    }


def _as_text(value: Any, is_text: bool) -> str | None:
    if value is None or is_text:
        return None if value is None else str(value)
    return json.dumps(value, ensure_ascii=False)
