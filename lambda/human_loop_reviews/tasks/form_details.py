"""What a response says about a pair beside its key and value: confidences, page, geometry, ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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

    def of(self, pair: Pair) -> tuple[dict[str, Any], PairSource]:
        """Return the details and the source of a pair, as `Field` has them."""
        values = pair.value_blocks
        details = {
            "valueConfidence": _lowest([block.get("confidence") for block in values]),
            "lowestWordConfidence": self._lowest_of_words(pair.words),
        }
        return details, PairSource(self._form.sets[pair.id], values)

    def _lowest_of_words(self, words: Sequence[Sequence[str]]) -> float | None:
        known = self._words
        confidences = [known[word] for ids in words for word in ids if word in known]
        lowest = _lowest(confidences)
        if lowest is None and None in confidences:
            known = self._all_words
            lowest = _lowest([known[word] for ids in words for word in ids if word in known])
        return lowest

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


class PairSource(Mapping[str, Any]):
    """Where a pair stands in the document: page, geometry and block ids, if the response has them.

    It is read on access, because only outcomes with values contain it.

    Parameters
    ----------
    key_block, values
        The blocks of the key and of the value.
    """

    __slots__ = ("_key_block", "_values")

    def __init__(self, key_block: Mapping[str, Any], values: Sequence[Mapping[str, Any]]) -> None:
        self._key_block = key_block
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def _read(self) -> dict[str, Any]:
        source: dict[str, Any] = {}
        page = self._key_block.get("page")
        if type(page) is int:
            source["page"] = page
        geometry = self._key_block.get("geometry")
        if type(geometry) is dict:
            of_values = [block.get("geometry") for block in self._values]
            source["geometry"] = {"key": geometry, "values": of_values}
        ids = [block["id"] for block in self._values]
        source["blockIds"] = {"key": self._key_block["id"], "values": ids}
        return source


def _lowest(confidences: list[Any]) -> float | None:
    """Return the lowest of the confidences, None if one of them is unknown or there are none."""
    try:
        lowest = min(confidences)
    except (TypeError, ValueError):
        return None
    if type(lowest) is not float and type(lowest) is not int:
        return None
    return float(lowest) if 0 <= lowest <= 100 else None
