"""Key and value pairs, read from the blocks that Amazon Textract and the reviewers give."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from human_loop_reviews.a2i.validation import (
    Place,
    optional_list,
    optional_number,
    optional_object,
    optional_text,
    require_object,
)
from human_loop_reviews.review.values import Value, boolean_value, fold, text_value

_SELECTION = {"SELECTED": boolean_value(True), "NOT_SELECTED": boolean_value(False)}
_STATUS = {value: status for status, value in _SELECTION.items()}

_Block = dict[str, Any]
_Blocks = dict[str, _Block]

# The text of words, and the state of selection elements, by id.
_Texts = dict[str, str | Value | None]


class Pair(NamedTuple):
    """One key with its value.

    Parameters
    ----------
    id
        The id of the key's block.
    key
        The key without trailing colons, as `trim_key` returns it.
    value
        The value; an empty text for a key without one.
    confidence
        The model's confidence, from 0 to 100, where it is known.
    """

    id: str
    key: str
    value: Value
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Form:
    """The pairs that the model read, or that one reviewer gave.

    Parameters
    ----------
    pairs
        Each with an id of its own, in an order that does not depend on that of the blocks.
    """

    pairs: tuple[Pair, ...]


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
        If the parts of the blocks that are read are not in the form of Amazon Textract.

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
        return _read_blocks(blocks)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError):
        # Something has a wrong type. The slow search for its place runs only now.
        _refuse_wrong_types(blocks, place)
        raise place.expected("blocks in the form of Amazon Textract") from None


def trim_key(text: str) -> str:
    """Return a key with white space folded and without trailing colons."""
    return fold(text).rstrip(":\uff1a ")


def _read_blocks(blocks: list[_Block]) -> Form:
    """Read blocks without checks: wrong types raise the errors that `read_form` expects."""
    sets: _Blocks = {}  # keys and values
    texts: _Texts = {}
    for block in blocks:
        if block.get("blockType") == "KEY_VALUE_SET":
            sets[block["id"]] = block
        else:
            texts[block["id"]] = block.get("text") or _selection(block)
    if len(sets) + len(texts) < len(blocks):
        return _read_blocks(_one_per_id(blocks))
    if not (set(map(type, sets)) | set(map(type, texts))) <= {str}:
        raise TypeError
    pairs = [_read_pair(block, sets, texts) for block in sets.values() if _is_key(block)]
    pairs.sort()  # by id, as no two are the same
    return Form(tuple(pairs))


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


def _is_key(block: _Block) -> bool:
    entity_types = block.get("entityTypes")
    if entity_types is not None and type(entity_types) is not list:
        raise TypeError
    return entity_types is not None and "KEY" in entity_types


def _read_pair(block: _Block, sets: _Blocks, texts: _Texts) -> Pair:
    values, words = _links(block)
    key = _read_text(block, words, texts)
    confidence = _confidence(block)
    value_block = sets.get(values[0]) if len(values) == 1 else None
    if value_block is None:
        value = _read_values(values, sets, texts)
    else:
        value = _read_text(value_block, _links(value_block)[1], texts)
        if confidence is None:
            confidence = _confidence(value_block)
    return Pair(
        block["id"],
        trim_key(_as_text(key)),
        text_value(value) if isinstance(value, str) else value,
        confidence,
    )


def _read_values(ids: list[str], sets: _Blocks, texts: _Texts) -> str | Value:
    """Read the value of a key that points to several values, to none, or directly to words."""
    values = [
        _read_text(sets[one], _links(sets[one])[1], texts)
        if one in sets
        else _read_text({}, [one], texts)
        for one in ids
    ]
    return values[0] if len(values) == 1 else " ".join(map(_as_text, values))


def _links(block: _Block) -> tuple[list[str], list[str]]:
    """Return the ids of a block's values, and of its words and selection elements."""
    values: list[str] = []
    words: list[str] = []
    for relationship in block.get("relationships") or ():
        ids = relationship.get("ids") or []
        if type(ids) is not list:
            raise TypeError
        relation = relationship.get("type")
        if relation == "CHILD":
            words = words + ids if words else ids
        elif relation == "VALUE":
            values = values + ids if values else ids
    return values, words


def _read_text(block: _Block, words: list[str], texts: _Texts) -> str | Value:
    """Return a block's own text, its words as one text, or its only selection element."""
    text = block.get("text")
    if text:
        if type(text) is not str:
            raise TypeError
        return text
    try:
        return " ".join(map(texts.get, words))  # type: ignore[arg-type]
    except TypeError:
        return _read_mixed(words, texts)


def _read_mixed(ids: list[str], texts: _Texts) -> str | Value:
    """Read ids that are not all of words: selection elements or missing blocks are among them."""
    if not set(map(type, ids)) <= {str}:
        raise TypeError
    tokens = [token for block_id in ids if (token := texts.get(block_id)) is not None]
    if len(tokens) == 1 and isinstance(tokens[0], Value):
        return tokens[0]
    return " ".join(map(_as_text, tokens))


def _as_text(token: str | Value) -> str:
    """Return text unchanged, and a selection element as Textract's name for its state."""
    return _STATUS[token] if isinstance(token, Value) else token


def _confidence(block: _Block) -> float | None:
    confidence = block.get("confidence")
    if confidence is None:
        return None
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
        for number, relationship in enumerate(relationships):
            there = here.at("relationships", number)
            require_object(relationship, there)
            optional_text(relationship.get("type"), there, "type")
            _require_texts(relationship.get("ids"), there.at("ids"))


def _require_texts(entries: Any, place: Place) -> None:
    for index, entry in enumerate(optional_list(entries, place)):
        if type(entry) is not str:
            raise place.at(index).expected("text")
