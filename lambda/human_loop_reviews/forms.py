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
_STATUS = {value: status for status, value in _CHOSEN.items()}

_Block = dict[str, Any]
_Blocks = dict[str, _Block]

# What words and other blocks say by themselves, by id.
_Said = dict[str, str | Value | None]


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

    def written(self) -> str:
        """Write the form, the same for whatever says the same in another order."""
        return str(self.pairs)


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
    sets: _Blocks = {}  # keys and values
    said: _Said = {}
    for block in blocks:
        if block.get("blockType") == "KEY_VALUE_SET":
            sets[block["id"]] = block
        else:
            said[block["id"]] = block.get("text") or _chosen(block)
    if len(sets) + len(said) < len(blocks):
        return _read_blocks(_one_per_id(blocks))
    if not (set(map(type, sets)) | set(map(type, said))) <= {str}:
        raise TypeError
    pairs = [_read_pair(block, sets, said) for block in sets.values() if _is_key(block)]
    pairs.sort()  # by id, as no two are the same
    return Form(tuple(pairs))


def _one_per_id(blocks: list[_Block]) -> list[_Block]:
    """Of blocks that share an id, take the same one whatever the order of the blocks is."""
    by_id: dict[str, list[_Block]] = {}
    for block in blocks:
        by_id.setdefault(block["id"], []).append(block)
    return [min(same, key=_written) if len(same) > 1 else same[0] for same in by_id.values()]


def _written(block: _Block) -> str:
    return json.dumps(block, sort_keys=True)


def _chosen(block: _Block) -> str | Value | None:
    """Return the state of a selection element, None for any other block."""
    status: str | None = block.get("selectionStatus")
    return None if status is None else _CHOSEN.get(status) or status


def _is_key(block: _Block) -> bool:
    entity_types = block.get("entityTypes")
    if entity_types is not None and type(entity_types) is not list:
        raise TypeError
    return entity_types is not None and "KEY" in entity_types


def _read_pair(block: _Block, sets: _Blocks, said: _Said) -> Pair:
    values, words = _links(block)
    key = _read_said(block, words, said)
    confidence = _confidence(block)
    value_block = sets.get(values[0]) if len(values) == 1 else None
    if value_block is None:
        value = _read_values(values, sets, said)
    else:
        value = _read_said(value_block, _links(value_block)[1], said)
        if confidence is None:
            confidence = _confidence(value_block)
    return Pair(
        block["id"],
        trim_key(_spell(key)),
        text_value(value) if isinstance(value, str) else value,
        confidence,
    )


def _read_values(ids: list[str], sets: _Blocks, said: _Said) -> str | Value:
    """Read the value of a key that points to several values, to none, or directly to words."""
    values = [
        _read_said(sets[one], _links(sets[one])[1], said)
        if one in sets
        else _read_said({}, [one], said)
        for one in ids
    ]
    return values[0] if len(values) == 1 else " ".join(map(_spell, values))


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


def _read_said(block: _Block, words: list[str], said: _Said) -> str | Value:
    """Return a block's own text, or its words as one text, or its one selection element."""
    text = block.get("text")
    if text:
        if type(text) is not str:
            raise TypeError
        return text
    try:
        return " ".join(map(said.get, words))  # type: ignore[arg-type]
    except TypeError:
        return _read_mixed(words, said)


def _read_mixed(ids: list[str], said: _Said) -> str | Value:
    """Read what is not all words: ids that point nowhere are among them, or selection elements."""
    if not set(map(type, ids)) <= {str}:
        raise TypeError
    tokens = [token for block_id in ids if (token := said.get(block_id)) is not None]
    if len(tokens) == 1 and isinstance(tokens[0], Value):
        return tokens[0]
    return " ".join(map(_spell, tokens))


def _spell(token: str | Value) -> str:
    """Return text as it is, and a selection element by Textract's name for its state."""
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


def _refuse_misshapen(blocks: list[Any], place: Place) -> None:
    """Raise at the first thing in the blocks that has a wrong type."""
    for index, entry in enumerate(blocks):
        here = place.at(index)
        block = an_object(entry, here)
        if type(block.get("id")) is not str:
            raise here.at("id").expected("text")
        for key in ("blockType", "text", "selectionStatus"):
            optional_text(block.get(key), here, key)
        optional_number(block.get("confidence"), here, "confidence")
        _refuse_other_than_texts(block.get("entityTypes"), here.at("entityTypes"))
        relationships = optional_list(block.get("relationships"), here, "relationships")
        for number, relationship in enumerate(relationships):
            there = here.at("relationships", number)
            an_object(relationship, there)
            optional_text(relationship.get("type"), there, "type")
            _refuse_other_than_texts(relationship.get("ids"), there.at("ids"))


def _refuse_other_than_texts(entries: Any, place: Place) -> None:
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
            pending += [
                (condition[key], there.at(key)) for key in ("Or", "And") if key in condition
            ]
            parameters = condition.get("ConditionParameters")
            groups.append(_read_names(parameters, there.at("ConditionParameters")))
    return _join_groups(groups)


def _read_names(parameters: Any, place: Place) -> list[str]:
    parameters = optional_object(parameters, place)
    names = [optional_text(parameters.get("ImportantFormKey"), place, "ImportantFormKey")]
    aliases = parameters.get("ImportantFormKeyAliases")
    for index, alias in enumerate(optional_list(aliases, place, "ImportantFormKeyAliases")):
        names.append(optional_text(alias, place, "ImportantFormKeyAliases", index))
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
