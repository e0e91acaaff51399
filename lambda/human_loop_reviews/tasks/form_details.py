"""What a response says about a pair beside its key and value: confidences, page, geometry, ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from human_loop_reviews.tasks.form_blocks import Form, Pair


class FormDetails:
    """The details of the pairs of one response.

    Parameters
    ----------
    form
        The pairs that were read from the response.
    read_blocks
        Returns all blocks of the model's full response, of any form. Called only if words of the
        response have no confidence.
    """

    def __init__(self, form: Form, read_blocks: Callable[[], Iterable[Any]] = tuple) -> None:
        self._form = form
        self._read_blocks = read_blocks

    def of(self, pair: Pair) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the details and the source of a pair, as `Field` has them."""
        details = {
            "value_confidence": _lowest([block.get("confidence") for block in pair.value_blocks]),
            "lowest_word_confidence": self._lowest_of_words(pair.words),
        }
        return details, _source(self._form.sets[pair.id], pair.value_blocks)

    def _lowest_of_words(self, words: Sequence[Sequence[str]]) -> float | None:
        known = self._words
        confidences = [known[word] for ids in words for word in ids if word in known]
        if None in confidences:
            known = self._all_words
            confidences = [known[word] for ids in words for word in ids if word in known]
        return _lowest(confidences)

    @cached_property
    def _words(self) -> Mapping[str, Any]:
        """What the response has as the confidence of each word, by id."""
        return {
            block["id"]: block.get("confidence")
            for block in self._form.blocks
            if block.get("blockType") == "WORD"
        }

    @cached_property
    def _all_words(self) -> Mapping[str, Any]:
        """The same, where words without a confidence have that of the full response."""
        words = dict(self._words)
        for block in self._read_blocks():
            if type(block) is dict and block.get("blockType") == "WORD":
                word = block.get("id")
                if type(word) is str and word in words and words[word] is None:
                    words[word] = block.get("confidence")
        return words


def _lowest(confidences: list[Any]) -> float | None:
    """Return the lowest of the confidences, None if one of them is unknown or there are none."""
    for confidence in confidences:
        if type(confidence) is not float and type(confidence) is not int:
            return None
        if not 0 <= confidence <= 100:
            return None
    return float(min(confidences)) if confidences else None


def _source(key_block: Mapping[str, Any], values: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return where a pair stands in the document, as far as the response says."""
    source: dict[str, Any] = {}
    page = key_block.get("page")
    if type(page) is int:
        source["page"] = page
    geometry = key_block.get("geometry")
    if type(geometry) is dict:
        of_values = [block.get("geometry") for block in values]
        source["geometry"] = {"key": geometry, "values": of_values}
    source["blockIds"] = {"key": key_block["id"], "values": [block["id"] for block in values]}
    return source
