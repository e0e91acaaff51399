"""Translations as JSON Lines: the source, and what more than half of the reviewers gave."""

from __future__ import annotations

from typing import Final

from human_loops_cli.exports.format import ExportFormat, JsonLines, one_line
from human_loops_cli.exports.loop import ReviewedLoop
from human_loops_cli.exports.text_pairs import read_text_pairs


class Translations(JsonLines):
    """One line for each row: its source, its target, its name, and the loop."""

    DESCRIPTION: str = "JSON Lines with source and target: translations by row"

    def write(self, loop: ReviewedLoop, /) -> str:
        """Return the lines of one human loop, without the last line break."""
        return "\n".join(
            one_line(
                {"source": each.source, "target": each.target, "name": each.name, **loop.trace}
            )
            for each in read_text_pairs(loop)
        )


FORMAT: Final[type[ExportFormat]] = Translations
