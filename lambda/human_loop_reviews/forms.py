"""Forms: key and value pairs from the blocks that Amazon Textract and the reviewers give."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from human_loop_reviews.document import (
    Place,
    an_object,
    optional_list,
    optional_number,
    optional_object,
    optional_text,
)
from human_loop_reviews.values import Value, boolean_value, fold, text_value

_CHOSEN = {"SELECTED": boolean_value(True), "NOT_SELECTED": boolean_value(False)}

_Block = dict[str, Any]


class Pair(NamedTuple):
    """One key with its value.

    The key has no trailing colon; a key without a value has an empty text for one.
    """

    id: str
    key: str
    value: Value
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Form:
    """The pairs that the model read, or one reviewer gave.

    Parameters
    ----------
    pairs
        Each with an id of its own, in an order that does not depend on that of the blocks.
    """

    pairs: tuple[Pair, ...]


def read_form(content: Any, place: Place) -> Form:
    """Read the pairs of a form from its blocks.

    Ids that point nowhere are passed over. Of blocks that share an id, one is taken.

    Parameters
    ----------
    content
        An object with ``blocks``, or None for no blocks.
    place
        Where it stands, for errors.

    Returns
    -------
    Form
        One pair per block that is a key.

    Raises
    ------
    UnreadableOutputError
        If what is read of the blocks has another form than Amazon Textract's.

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
        # Something has a wrong type: what and where is found slowly, but only then.
        _refuse_misshapen(blocks, place)
        raise place.expected("blocks in the form of Amazon Textract") from None


def trim_key(text: str) -> str:
    """Return a key as it is compared: white space folded, without trailing colons."""
    return fold(text).rstrip(":\uff1a ")


def _read_blocks(blocks: list[_Block]) -> Form:
    """Read well-formed blocks; anything else raises whatever it raises."""
    by_id = {block["id"]: block for block in blocks}
    if len(by_id) < len(blocks):
        by_id = _one_per_id(blocks)
    if not set(map(type, by_id)) <= {str}:
        raise TypeError
    pairs = [_read_pair(block, by_id) for block in by_id.values() if _is_key(block)]
    pairs.sort()  # by id, as no two are the same
    return Form(tuple(pairs))


def _one_per_id(blocks: list[_Block]) -> dict[str, _Block]:
    """Of blocks that share an id, take the same one whatever the order of the blocks is."""
    by_id: dict[str, list[_Block]] = {}
    for block in blocks:
        by_id.setdefault(block["id"], []).append(block)
    return {
        block_id: same[0] if len(same) == 1 else min(same, key=_written)
        for block_id, same in by_id.items()
    }


def _written(block: _Block) -> str:
    return json.dumps(block, sort_keys=True)


def _is_key(block: _Block) -> bool:
    if block.get("blockType") != "KEY_VALUE_SET":
        return False
    entity_types = block.get("entityTypes")
    if entity_types is not None and type(entity_types) is not list:
        raise TypeError
    return entity_types is not None and "KEY" in entity_types


def _read_pair(block: _Block, by_id: dict[str, _Block]) -> Pair:
    values = _linked(block, "VALUE", by_id)
    confidence = _confidence(block)
    if confidence is None and values:
        confidence = _confidence(values[0])
    return Pair(
        id=block["id"],
        key=trim_key(_joined(_tokens(block, by_id))),
        value=_value([token for value in values for token in _tokens(value, by_id)]),
        confidence=confidence,
    )


def _linked(block: _Block, relation: str, by_id: dict[str, _Block]) -> list[_Block]:
    """Return the blocks that a block points to, in its order."""
    relationships = block.get("relationships")
    if relationships is None:
        return []
    if type(relationships) is not list:
        raise TypeError
    found = []
    for relationship in relationships:
        if relationship.get("type") == relation:
            for block_id in relationship["ids"] or ():
                if block_id in by_id:
                    found.append(by_id[block_id])
                elif type(block_id) is not str or type(relationship["ids"]) is not list:
                    raise TypeError
    return found


def _tokens(block: _Block, by_id: dict[str, _Block]) -> list[str | Value]:
    """Return what a block says: its own text, or its words and selection elements."""
    own = _own(block)
    if own is not None:
        return [own]
    children = [_own(child) for child in _linked(block, "CHILD", by_id)]
    return [token for token in children if token is not None]


def _own(block: _Block) -> str | Value | None:
    text: str | None = block.get("text")
    if text:
        return text
    status = block.get("selectionStatus")
    return None if status is None else _CHOSEN.get(status, status)


def _value(tokens: list[str | Value]) -> Value:
    """Return a lone selection element as a boolean, anything else as text."""
    if len(tokens) == 1 and isinstance(tokens[0], Value):
        return tokens[0]
    return text_value(_joined(tokens))


def _joined(tokens: list[str | Value]) -> str:
    """Return words as one text, with selection elements among them by name."""
    return " ".join([_NAMES[token] if isinstance(token, Value) else token for token in tokens])


_NAMES = {value: status for status, value in _CHOSEN.items()}


def _confidence(block: _Block) -> float | None:
    confidence = block.get("confidence")
    if confidence is None:
        return None
    if type(confidence) is not float and type(confidence) is not int:
        raise TypeError
    if confidence - confidence != 0:  # infinite
        raise ValueError
    return float(confidence)


def _refuse_misshapen(blocks: list[Any], place: Place) -> None:
    """Raise at the first thing in the blocks that has a wrong type."""
    for index, entry in enumerate(blocks):
        here = place.at(index)
        block = an_object(entry, here)
        if type(block.get("id")) is not str:
            raise here.at("id").expected("text")
        for key in ("blockType", "text", "selectionStatus"):
            optional_text(block.get(key), here.at(key))
        optional_number(block.get("confidence"), here.at("confidence"))
        _refuse_texts(block.get("entityTypes"), here.at("entityTypes"))
        relationships = optional_list(block.get("relationships"), here.at("relationships"))
        for number, relationship in enumerate(relationships):
            there = here.at("relationships").at(number)
            an_object(relationship, there)
            optional_text(relationship.get("type"), there.at("type"))
            _refuse_texts(relationship.get("ids"), there.at("ids"))


def _refuse_texts(entries: Any, place: Place) -> None:
    for index, entry in enumerate(optional_list(entries, place)):
        if type(entry) is not str:
            raise place.at(index).expected("text")


def read_aliases(results: Any, place: Place) -> dict[str, str]:
    """Read which keys the flow's activation conditions call the same.

    Parameters
    ----------
    results
        The ``humanTaskActivationConditionResults`` of the output, or None.
    place
        Where they stand, for errors.

    Returns
    -------
    dict[str, str]
        For each key with aliases, and each alias, one key that stands for them all.
    """
    groups: list[list[str]] = []
    results = optional_object(results, place)
    pending = [(results.get("Conditions"), place.at("Conditions"))]
    while pending:
        conditions, here = pending.pop()
        for index, entry in enumerate(optional_list(conditions, here)):
            there = here.at(index)
            condition = an_object(entry, there)
            pending += [(condition.get(key), there.at(key)) for key in ("Or", "And")]
            parameters = there.at("ConditionParameters")
            groups.append(_read_names(condition.get("ConditionParameters"), parameters))
    return _join_groups(groups)


def _read_names(parameters: Any, place: Place) -> list[str]:
    parameters = optional_object(parameters, place)
    names = [optional_text(parameters.get("ImportantFormKey"), place.at("ImportantFormKey"))]
    here = place.at("ImportantFormKeyAliases")
    for index, alias in enumerate(optional_list(parameters.get("ImportantFormKeyAliases"), here)):
        names.append(optional_text(alias, here.at(index)))
    # "*" stands for any key, not for one.
    return [trim_key(name) for name in names if name and name != "*"]


def _join_groups(groups: Sequence[Sequence[str]]) -> dict[str, str]:
    """Join groups that share a name; return for each name the first one of its group."""
    leader: dict[str, str] = {}

    def lead(name: str) -> str:
        while leader[name] != name:
            leader[name] = leader[leader[name]]
            name = leader[name]
        return name

    for group in groups:
        for name in group:
            leader.setdefault(name, name)
            leader[lead(name)] = lead(group[0])
    return {name: lead(name) for name in leader}
