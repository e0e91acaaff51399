"""Key and value pairs, read from the blocks that Amazon Textract and the reviewers give."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from human_loop_reviews.a2i.validation import (
    InvalidDocumentError,
    Place,
    optional_list,
    optional_number,
    optional_object,
    optional_text,
    require_object,
)
from human_loop_reviews.review.values import Value, boolean_value, text_value
from human_loop_reviews.tasks.form_keys import trim_key

#: The most keys that a form may have. The page of a form has some hundred at most. The limit bounds
#: the memory that a forged file takes.
MAX_PAIRS: Final = 50_000

#: The most relationships that a block may have. Those of Amazon Textract have one of each type.
MAX_RELATIONSHIPS: Final = 100

#: How many characters and references to blocks a form may repeat, beyond as many as its blocks have
#: twice. Amazon Textract gives a word to one key or value; a forged file can reference a long one
#: any number of times.
MAX_REPEATED_TEXT: Final = 262_144

_SELECTION = {"SELECTED": boolean_value(True), "NOT_SELECTED": boolean_value(False)}
_STATUS = {value: status for status, value in _SELECTION.items()}

_KEY: Final = ["KEY"]
_VALUE: Final = ["VALUE"]

_Block = dict[str, Any]
_Blocks = dict[str, _Block]

# The text of words, and the state of selection elements, by id.
_Texts = dict[str, str | Value | None]


class Pair(NamedTuple):
    """One key with its value."""

    id: str
    """The id of the key's block."""
    key: str
    """The key without trailing colons, as `trim_key` returns it."""
    value: Value
    """The value; an empty text for a key without one."""
    confidence: float | None
    """The model's confidence in the key's block, from 0 to 100, where it is known."""
    value_blocks: Sequence[Mapping[str, Any]] = ()
    """The blocks of the value."""
    words: Sequence[Sequence[str]] = ()
    """The ids of the words of the key, and of the value."""


@dataclass(frozen=True, slots=True)
class Form:
    """The pairs that the model read, or that one reviewer gave."""

    pairs: tuple[Pair, ...]
    """Each with a unique id, in an order that does not depend on that of the blocks."""
    blocks: Sequence[dict[str, Any]] = ()
    """The blocks that were read, each with a unique id."""
    sets: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """Those of keys and values, by id."""


def read_form(content: Any, place: Place) -> Form:
    """Read the pairs of a form from its blocks.

    Ids of missing blocks are ignored. Of blocks that share an id, one is read.

    Parameters
    ----------
    content
        An object with ``blocks``, or None for no blocks.
    place
        Its place in the output, for errors.

    Returns
    -------
    Form
        One pair per block that is a key.

    Raises
    ------
    UnreadableOutputError
        If the parts of the blocks that are read are not in the form of Amazon Textract, or if they
        exceed a limit.

    Examples
    --------
    >>> word = {"blockType": "WORD", "id": "w", "text": "Total:"}
    >>> key = {"blockType": "KEY_VALUE_SET", "entityTypes": ["KEY"], "id": "k",
    ...        "relationships": [{"type": "CHILD", "ids": ["w"]}]}
    >>> read_form({"blocks": [word, key]}, Place("output.json")).pairs[0].key
    'Total'
    """
    content = optional_object(content, place)
    place = place.at("blocks")
    blocks = optional_list(content.get("blocks"), place)
    try:
        return _read_blocks(blocks, place)
    except InvalidDocumentError:  # a limit
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError):
        # Something has a wrong type. The slow search for its place runs only now.
        _refuse_wrong_types(blocks, place)
        raise place.expected("blocks in the form of Amazon Textract") from None


def _read_blocks(blocks: list[_Block], place: Place) -> Form:
    """Read blocks without checks: wrong types raise the errors that `read_form` expects."""
    sets: _Blocks = {}  # keys and values
    texts: _Texts = {}
    for block in blocks:
        if block.get("blockType") == "KEY_VALUE_SET":
            sets[block["id"]] = block
        else:
            texts[block["id"]] = block.get("text") or _selection(block)
    if len(sets) + len(texts) < len(blocks):
        return _read_blocks(_one_per_id(blocks), place)
    if not (set(map(type, sets)) | set(map(type, texts))) <= {str}:
        raise TypeError
    keys = [
        block
        for block in sets.values()
        if (types := block.get("entityTypes")) == _KEY or (types != _VALUE and _is_key(types))
    ]
    if len(keys) > MAX_PAIRS:
        raise place.expected(f"at most {MAX_PAIRS:,} keys")
    reader = _PairReader(sets, texts, place)
    pairs = [reader.read(block) for block in keys]
    pairs.sort()  # by id, as no two are the same
    return Form(tuple(pairs), blocks, sets)


def _one_per_id(blocks: list[_Block]) -> list[_Block]:
    """Keep one of the blocks that share an id: the same one for any order of the blocks."""
    by_id: dict[str, list[_Block]] = {}
    for block in blocks:
        by_id.setdefault(block["id"], []).append(block)
    return [min(same, key=_json) if len(same) > 1 else same[0] for same in by_id.values()]


def _json(block: _Block) -> str:
    return json.dumps(block, sort_keys=True)


def _selection(block: _Block) -> str | Value | None:
    """Return the state of a selection element, None for any other block."""
    status: str | None = block.get("selectionStatus")
    return None if status is None else _SELECTION.get(status) or status


def _is_key(entity_types: Any) -> bool:
    if entity_types is not None and type(entity_types) is not list:
        raise TypeError
    return entity_types is not None and "KEY" in entity_types


class _PairReader:
    """Reads the pairs of one form, and counts what that takes.

    Blocks can reference one word, or one value, any number of times. What is read is counted, in
    characters and references, before it is joined.
    """

    __slots__ = ("_counted", "_limit", "_place", "_sets", "_texts")

    def __init__(self, sets: _Blocks, texts: _Texts, place: Place) -> None:
        self._sets = sets
        self._texts = texts
        self._place = place
        self._counted = 0
        self._limit = MAX_REPEATED_TEXT

    def read(self, block: _Block) -> Pair:
        value_ids, words = _links(block)
        key = self._read_text(block, words)
        value_block = self._sets.get(value_ids[0]) if len(value_ids) == 1 else None
        value_blocks: Sequence[_Block]
        if value_block is None:
            value_blocks = [self._sets[one] for one in value_ids if one in self._sets]
            value, value_words = self._read_values(value_ids)
        else:
            value_blocks, value_words = (value_block,), _links(value_block)[1]
            value = self._read_text(value_block, value_words)
        confidence = block.get("confidence")
        return Pair(
            block["id"],
            trim_key(key if type(key) is str else _as_text(key)),
            text_value(value) if type(value) is str else value,  # type: ignore[arg-type]
            confidence if confidence is None else _confidence(confidence),
            value_blocks,
            (words, value_words),
        )

    def _read_values(self, ids: list[str]) -> tuple[str | Value, list[str]]:
        """Read the value of a key that points to several values, to none, or directly to words.

        Returns
        -------
        tuple[str | Value, list[str]]
            The value, and the ids of its words.
        """
        values: list[str | Value] = []
        words: list[str] = []
        for one in ids:
            block = self._sets.get(one)
            if block is None:
                own = [one]
                values.append(self._read_text({}, own))
            else:
                self._count(len(block.get("relationships") or ()) + 1)
                own = _links(block)[1]
                values.append(self._read_text(block, own))
            words += own
        value = values[0] if len(values) == 1 else " ".join(filter(None, map(_as_text, values)))
        return value, words

    def _read_text(self, block: _Block, words: list[str]) -> str | Value:
        """Return a block's own text, its words as one text, or its only selection element."""
        text = block.get("text")
        if text:
            if type(text) is not str:
                raise TypeError
            self._count(len(text))
            return text
        try:
            if len(words) == 1:
                token: Any = self._texts[words[0]]
                if type(token) is str:
                    self._count(len(token) + 1)
                    return token
            tokens: list[Any] = [*map(self._texts.get, words)]
            self._count(sum(map(len, tokens)) + len(tokens))
            return " ".join(tokens)
        except (KeyError, TypeError):
            return self._read_mixed(words)

    def _read_mixed(self, ids: list[str]) -> str | Value:
        """Read ids among which are those of selection elements or of missing blocks."""
        if not set(map(type, ids)) <= {str}:
            raise TypeError
        tokens = [token for each in ids if (token := self._texts.get(each)) is not None]
        self._count(sum(map(len, tokens)) + len(ids))
        if len(tokens) == 1 and isinstance(tokens[0], Value):
            return tokens[0]
        return " ".join(map(_as_text, tokens))

    def _count(self, more: int) -> None:
        """Count characters and references."""
        self._counted += more
        if self._counted > self._limit:
            self._limit = MAX_REPEATED_TEXT + 2 * self._size()
            if self._counted > self._limit:
                raise self._place.expected(
                    f"keys and values of at most {self._limit:,} characters and references"
                )

    def _size(self) -> int:
        """Return the number of characters and references that the blocks have, each once."""
        texts = [
            text
            for text in (*self._texts.values(), *[one.get("text") for one in self._sets.values()])
            if type(text) is str
        ]
        references = [
            len(relationship.get("ids") or ()) + 1
            for block in self._sets.values()
            for relationship in block.get("relationships") or ()
        ]
        return sum(map(len, texts)) + len(texts) + sum(references)


def _links(block: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the ids of a block's values, and of its words and selection elements."""
    values: list[str] = []
    words: list[str] = []
    relationships = block.get("relationships") or ()
    if len(relationships) > MAX_RELATIONSHIPS:
        raise ValueError
    for relationship in relationships:
        ids = relationship.get("ids") or []
        if type(ids) is not list:
            raise TypeError
        relation = relationship.get("type")
        # Few blocks have two relationships of one type.
        if relation == "CHILD":
            if words:
                return _joined_links(block)
            words = ids
        elif relation == "VALUE":
            if values:
                return _joined_links(block)
            values = ids
    return values, words


def _joined_links(block: _Block) -> tuple[list[str], list[str]]:
    joined: dict[object, list[str]] = {"VALUE": [], "CHILD": []}
    for relationship in block["relationships"]:
        ids = relationship.get("ids") or []
        if type(ids) is not list:
            raise TypeError
        relation = relationship.get("type")
        if relation == "VALUE" or relation == "CHILD":
            joined[relation] += ids
    return joined["VALUE"], joined["CHILD"]


def _as_text(token: str | Value) -> str:
    """Return text unchanged, and a selection element as Textract's name for its state."""
    return _STATUS[token] if isinstance(token, Value) else token


def _confidence(confidence: Any) -> float:
    if type(confidence) is not float and type(confidence) is not int:
        raise TypeError
    if confidence - confidence != 0:  # infinite
        raise ValueError
    return float(confidence)


def _refuse_wrong_types(blocks: list[Any], place: Place) -> None:
    """Raise an error with the place of the first value that has a wrong type."""
    for index, entry in enumerate(blocks):
        here = place.at(index)
        block = require_object(entry, here)
        if type(block.get("id")) is not str:
            raise here.at("id").expected("text")
        for key in ("blockType", "text", "selectionStatus"):
            optional_text(block.get(key), here, key)
        optional_number(block.get("confidence"), here, "confidence")
        _require_texts(block.get("entityTypes"), here.at("entityTypes"))
        relationships = optional_list(block.get("relationships"), here, "relationships")
        if len(relationships) > MAX_RELATIONSHIPS:
            raise here.at("relationships").expected(f"at most {MAX_RELATIONSHIPS} relationships")
        for number, relationship in enumerate(relationships):
            there = here.at("relationships", number)
            require_object(relationship, there)
            optional_text(relationship.get("type"), there, "type")
            _require_texts(relationship.get("ids"), there.at("ids"))


def _require_texts(entries: Any, place: Place) -> None:
    for index, entry in enumerate(optional_list(entries, place)):
        if type(entry) is not str:
            raise place.at(index).expected("text")
