"""The response of Amazon Textract to a reviewed form, with the reviewers' corrections applied.

Programs that read Textract's responses read it as they read the prediction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, TypeAlias
from uuid import UUID, uuid5

from human_loop_reviews.a2i.output import Output
from human_loop_reviews.a2i.strict_json import garbage_collector_paused
from human_loop_reviews.a2i.validation import Place, UnreadableOutputError
from human_loop_reviews.corrected.depth import require_depth
from human_loop_reviews.corrected.errors import NoCorrectedDocumentError
from human_loop_reviews.corrected.form_document import (
    CorrectedPair,
    PredictedForm,
    correct_pairs,
    read_predicted_form,
)
from human_loop_reviews.outcome_values import FieldStatus, TaskType
from human_loop_reviews.review.values import boolean_value, text_value
from human_loop_reviews.review.verdicts import Review
from human_loop_reviews.tasks.form_blocks import Pair, read_form

_Block: TypeAlias = dict[str, Any]

# The ids of new blocks are made from what they are for: the same output gives the same ids.
_NEW_IDS: Final = UUID("6f2d4b0e-5a3c-5e0c-9d0a-1f6f4d1d7c55")


def correct_blocks(output: Output, review: Review) -> dict[str, Any]:
    """Return the response of Amazon Textract with the corrections applied, ready for JSON.

    The ids of keys and values stay. Corrected text is in new ``WORD`` blocks, without a confidence
    and a geometry, which nobody measured. ``LINE`` and ``TABLE`` blocks are what the model read.

    Parameters
    ----------
    output, review
        The output of a form, and the review of it.

    Returns
    -------
    dict[str, Any]
        ``Blocks``, and ``DocumentMetadata`` and ``AnalyzeDocumentModelVersion`` if the output
        has them, with the names that Amazon Textract's API has.

    Raises
    ------
    NoCorrectedDocumentError
        If the output is not of a form, or if its response cannot be read.
    """
    if output.task_type is not TaskType.TEXTRACT_FORMS:
        raise NoCorrectedDocumentError("only forms of Amazon Textract have blocks")
    with garbage_collector_paused(output.size):
        require_depth(output.inputs)
        form = read_predicted_form(output)
        blocks = _CorrectedBlocks(form)
        for pair in correct_pairs(form, review):
            blocks.correct(pair)
        blocks.check()
        response = output.inputs.get("aiServiceResponse") or {}
        whole = {
            name: response.get(name) for name in ("documentMetadata", "analyzeDocumentModelVersion")
        }
        corrected: dict[str, Any] = _as_in_the_api({**whole, "blocks": blocks.written()})
    return corrected


class _CorrectedBlocks:
    """The blocks of a form, which are corrected pair by pair.

    Parameters
    ----------
    form
        What the model read. It is not changed.
    """

    def __init__(self, form: PredictedForm) -> None:
        blocks = {
            block["id"]: block for each in (form.shown, form.response) for block in each.blocks
        }
        keys = {pair.id for pair in form.response.pairs}
        blocks |= {
            pair.id: form.shown.sets[pair.id] for pair in form.shown.pairs if pair.id not in keys
        }
        order = dict.fromkeys(block["id"] for each in form for block in each.blocks)
        self._blocks: dict[str, _Block] = {each: dict(blocks[each]) for each in order}
        self._dropped: set[str] = set()
        self._written = _read(self.written())  # what the blocks say before they are corrected
        self._expected: list[tuple[str, str, Any]] = []
        self._references = Counter(
            block_id for block in self._blocks.values() for block_id in _related(block)
        )
        pages = [block for block in self._blocks.values() if block.get("blockType") == "PAGE"]
        self._pages = [(page, {*_related(page, "CHILD")}) for page in pages]
        self._added = 0

    def correct(self, pair: CorrectedPair) -> None:
        """Correct the blocks of a pair."""
        if pair.predicted is None:
            self._add(pair)
            return
        key = self._blocks[pair.predicted.id]
        if pair.decision.status is FieldStatus.REMOVED:
            self._drop_values(key)
            self._dropped.add(key["id"])
            return
        if pair.decision.status is FieldStatus.DISPUTED:
            self._drop_values(key)
            self._expected.append((key["id"], pair.key, ""))
            return
        self._expected.append((key["id"], pair.key, pair.decision.value))
        written = self._written[key["id"]]
        if pair.key != written.key:
            self._write_text(key, pair.key)
        value = pair.decision.value
        if (type(value), value) != (type(written.value.display), written.value.display):
            self._write_value(key, value)

    def written(self) -> list[_Block]:
        """Return the blocks, without references to those that were dropped."""
        return [
            self._without_dropped(block)
            for block_id, block in self._blocks.items()
            if block_id not in self._dropped
        ]

    def check(self) -> None:
        """Require that the corrected blocks say what was decided.

        Blocks of Amazon Textract belong to one key each. Others could not be corrected one by one.
        """
        pairs = _read(self.written())
        says = {(pair.id, pair.key, pair.value.comparison_key) for pair in pairs.values()}
        expected = {(key_id, key, _comparison_key(value)) for key_id, key, value in self._expected}
        if says != expected:
            raise NoCorrectedDocumentError("several keys of the form have the same blocks")

    def _add(self, pair: CorrectedPair) -> None:
        if pair.decision.value is None:
            return
        self._added += 1
        key = self._new("KEY_VALUE_SET", f"added/{self._added}", {"entityTypes": ["KEY"]})
        self._expected.append((key["id"], pair.key, pair.decision.value))
        self._write_text(key, pair.key)
        self._write_value(key, pair.decision.value)
        if len(self._pages) == 1:
            page, _ = self._pages[0]
            _relate(page, "CHILD", [*_related(page, "CHILD"), key["id"], *_related(key, "VALUE")])

    def _drop_values(self, key: _Block, kept: str | None = None) -> None:
        """Drop the values of a key, without those that other blocks refer to."""
        for block_id in _related(key, "VALUE"):
            if block_id != kept and self._is_own_value(block_id):
                self._dropped.add(block_id)
        _relate(key, "VALUE", [] if kept is None else [kept])

    def _is_own_value(self, block_id: str) -> bool:
        block = self._blocks.get(block_id, {})
        is_value = block.get("blockType") == "KEY_VALUE_SET" and block_id not in self._written
        of_pages = sum(block_id in children for _, children in self._pages)
        return is_value and self._references[block_id] - of_pages == 1

    def _write_value(self, key: _Block, value: Any) -> None:
        """Write a value to the first value block of a key, or to a new one."""
        own = [each for each in _related(key, "VALUE") if self._is_own_value(each)]
        if own:
            block = self._blocks[own[0]]
        else:
            block = self._new("KEY_VALUE_SET", f"{key['id']}/value", _page_of(key))
            block["entityTypes"] = ["VALUE"]
            for page, children in self._pages:
                if key["id"] in children:
                    _relate(page, "CHILD", [*_related(page, "CHILD"), block["id"]])
        self._drop_values(key, kept=block["id"])
        if type(value) is bool:
            self._write_selection(block, "SELECTED" if value else "NOT_SELECTED")
        else:
            self._write_text(block, str(value))

    def _write_text(self, block: _Block, text: str) -> None:
        """Give a key or a value new words, in place of all that it has."""
        _forget(block)
        words = [
            self._new("WORD", f"{block['id']}/{number}/{word}", {"text": word, **_page_of(block)})
            for number, word in enumerate(text.split())
        ]
        _relate(block, "CHILD", [word["id"] for word in words])

    def _write_selection(self, block: _Block, status: str) -> None:
        """Give a value a selection element: its own one with the status, or a new one."""
        _forget(block)
        children = _related(block, "CHILD")
        own = self._blocks.get(children[0], {}) if len(children) == 1 else {}
        if own.get("blockType") == "SELECTION_ELEMENT" and self._references[own["id"]] == 1:
            own["selectionStatus"] = status
            own.pop("confidence", None)  # it was that of the other status
            return
        element = self._new("SELECTION_ELEMENT", f"{block['id']}/{status}", _page_of(block))
        element["selectionStatus"] = status
        _relate(block, "CHILD", [element["id"]])

    def _new(self, block_type: str, what_for: str, content: _Block) -> _Block:
        block_id = str(uuid5(_NEW_IDS, what_for))
        self._blocks[block_id] = block = {"blockType": block_type, "id": block_id, **content}
        return block

    def _without_dropped(self, block: _Block) -> _Block:
        relationships = []
        for each in block.get("relationships") or ():
            ids = [block_id for block_id in each.get("ids") or () if block_id not in self._dropped]
            if ids:
                relationships.append({**each, "ids": ids})
        written = {**block, "relationships": relationships}
        if not relationships:
            del written["relationships"]
        return written


def _read(blocks: list[_Block]) -> dict[str, Pair]:
    """Return the pairs of blocks by the ids of their keys."""
    try:
        form = read_form({"blocks": blocks}, Place("aiServiceResponse"))
    except UnreadableOutputError as error:  # both parts of the output together exceed a limit
        raise NoCorrectedDocumentError(str(error)) from None
    return {pair.id: pair for pair in form.pairs}


def _comparison_key(value: Any) -> Any:
    return (boolean_value(value) if type(value) is bool else text_value(value)).comparison_key


def _related(block: _Block, relation: str | None = None) -> list[str]:
    """Return the ids to which a block refers, by one relationship or by all."""
    return [
        block_id
        for each in block.get("relationships") or ()
        if relation is None or each.get("type") == relation
        for block_id in each.get("ids") or ()
    ]


def _relate(block: _Block, relation: str, ids: Sequence[str]) -> None:
    """Give a block one relationship of a type, in the place of all that it has."""
    others = [each for each in block.get("relationships") or () if each.get("type") != relation]
    block["relationships"] = [*others, *([{"type": relation, "ids": list(ids)}] if ids else [])]


def _forget(block: _Block) -> None:
    """Remove from a block what the model said about the text that it no longer has."""
    for name in ("confidence", "text"):
        block.pop(name, None)


def _page_of(block: _Block) -> _Block:
    return {"page": block["page"]} if type(block.get("page")) is int else {}


def _as_in_the_api(value: Any) -> Any:
    """Return JSON with names as Amazon Textract's API has them, and without null.

    Outputs have them in camel case, as ``blockType``.
    """
    if type(value) is dict:
        return {
            name[:1].upper() + name[1:]: _as_in_the_api(inner)
            for name, inner in value.items()
            if inner is not None
        }
    if type(value) is list:
        return [_as_in_the_api(inner) for inner in value]
    return value
