"""The formats by the names that ``--format`` takes, and those that are refused."""

from __future__ import annotations

from typing import Final

from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.exports import (
    comprehend_csv,
    comprehend_entities,
    corrected,
    ground_truth,
    jsonl,
    label_studio,
    rekognition_adapter,
    translate_tmx,
    translations,
)
from human_loops_cli.exports.format import ExportFormat

#: The formats. A new one is a module and a line here.
FORMATS: Final[dict[str, type[ExportFormat]]] = {
    "jsonl": jsonl.FORMAT,
    "ground-truth": ground_truth.FORMAT,
    "rekognition-adapter": rekognition_adapter.FORMAT,
    "comprehend-csv": comprehend_csv.FORMAT,
    "comprehend-entities": comprehend_entities.FORMAT,
    "translations": translations.FORMAT,
    "translate-tmx": translate_tmx.FORMAT,
    "label-studio": label_studio.FORMAT,
    "corrected": corrected.FORMAT,
    "corrected-blocks": corrected.BLOCKS,
}

#: Formats that a human loop cannot provide, with the reason and the advice.
_REFUSED: Final = {
    "textract-adapter": (
        "an adapter of Amazon Textract is trained with answers to queries, each with its place on "
        "the page. A2I reviews the key-value pairs of forms, and its outputs have no geometry.",
        "Export the corrections as jsonl, choose the documents whose queries matter from it, and "
        "annotate these in the console of Textract (Custom Queries).",
    )
}


def find_format(name: str) -> type[ExportFormat]:
    """Return a format by its name.

    Raises
    ------
    CommandError
        If there is none of this name. It names those that there are.

    Examples
    --------
    >>> find_format("jsonl").DESCRIPTION
    'JSON Lines for Hugging Face datasets: any task type, field by field'
    """
    if name in _REFUSED:
        why, advice = _REFUSED[name]
        raise CommandError(f"--format {name}: {why}", advice=advice, status=ExitStatus.USAGE)
    if name not in FORMATS:
        raise CommandError(
            f"--format {name}: expected one of {', '.join(FORMATS)}", status=ExitStatus.USAGE
        )
    return FORMATS[name]
