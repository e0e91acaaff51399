"""Form blocks: the pairs that they hold, and blocks that are refused."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.a2i.validation import Place, UnreadableOutputError
from human_loop_reviews.review_output import review_output
from human_loop_reviews.tasks.form_blocks import (
    MAX_PAIRS,
    MAX_RELATIONSHIPS,
    MAX_REPEATED_TEXT,
    read_form,
)
from tests.unit.documents import (
    Block,
    blocks_of,
    error_of,
    forms,
    key_block,
    links,
    value_block,
    word,
)

PLACE = Place("output.json")


def read(*blocks: Block) -> list[tuple[str, Any]]:
    form = read_form({"blocks": list(blocks)}, PLACE)
    return [(pair.key, pair.value.display) for pair in form.pairs]


def box(block_id: str, status: str) -> Block:
    return {"blockType": "SELECTION_ELEMENT", "id": block_id, "selectionStatus": status}


def test_key_and_value_are_their_words() -> None:
    assert read(*blocks_of(("Invoice  Total :", "EUR 148.99", "k"))) == [
        ("Invoice Total", "EUR 148.99")
    ]


def test_trailing_colons_of_any_kind_do_not_belong_to_the_key() -> None:
    assert read(*blocks_of(("合計\uff1a", "5", "k1"), ("A:B ::", "5", "k2"))) == [
        ("合計", "5"),
        ("A:B", "5"),
    ]


def test_text_of_a_block_goes_before_its_words() -> None:
    blocks = blocks_of(("Old", "old", "k"))
    blocks[2]["text"], blocks[3]["text"] = "New:", "new"
    assert read(*blocks) == [("New", "new")]


def test_key_without_a_value_has_an_empty_one() -> None:
    assert read({**key_block("k"), "text": "Policy Number"}) == [("Policy Number", "")]
    assert read(key_block("k", VALUE=["v"]), value_block("v")) == [("", "")]


def test_lone_selection_element_is_yes_or_no() -> None:
    assert read(*blocks_of(("Paid", True, "k1"), ("Due", False, "k2"))) == [
        ("Paid", True),
        ("Due", False),
    ]


def test_selection_element_beside_words_is_named() -> None:
    blocks = [key_block("k", VALUE=["v"]), value_block("v", "s", "w")]
    assert read(*blocks, box("s", "SELECTED"), word("Yes", "w")) == [("", "SELECTED Yes")]
    assert read(*blocks, box("s", "BLURRED"), word("Yes", "w")) == [("", "BLURRED Yes")]


def test_ids_that_point_nowhere_are_passed_over() -> None:
    blocks = [key_block("k", VALUE=["gone", "v"], CHILD=["w", "gone"]), value_block("v", "gone")]
    assert read(*blocks, word("Total", "w")) == [("Total", "")]


def test_several_values_are_one_text() -> None:
    blocks = [key_block("k", VALUE=["v1", "v2"]), value_block("v1", "a"), value_block("v2", "s")]
    assert read(*blocks, word("A", "a"), box("s", "NOT_SELECTED")) == [("", "A NOT_SELECTED")]


def test_value_may_point_directly_to_words_or_a_box() -> None:
    assert read(key_block("k", VALUE=["w"]), word("A", "w")) == [("", "A")]
    assert read(key_block("k", VALUE=["s"]), box("s", "SELECTED")) == [("", True)]


def test_relationships_of_one_kind_add_up() -> None:
    block = key_block("k", CHILD=["a"])
    block["relationships"] += links(CHILD=["b"])
    assert read(block, word("A", "a"), word("B", "b")) == [("A B", "")]


def test_blocks_that_share_an_id_count_once_whatever_their_order() -> None:
    one, other = blocks_of(("Total", "1", "k")), blocks_of(("Total", "2", "k"))
    assert read(*one, *one) == read(*one)
    assert read(*one, *other) == read(*other, *one) == read(*reversed([*one, *other]))


def test_values_without_key_and_other_blocks_say_nothing() -> None:
    page = {"blockType": "PAGE", "id": "p", "relationships": links(CHILD=["k"])}
    assert read(page, value_block("v", "w"), word("A", "w"), word("B", "x")) == []


def test_confidence_is_that_of_the_key() -> None:
    value = {**value_block("v"), "confidence": 7}
    content = {"blocks": [key_block("k", VALUE=["v"]), value]}
    assert read_form(content, PLACE).pairs[0].confidence is None
    content["blocks"][0]["confidence"] = 5
    assert read_form(content, PLACE).pairs[0].confidence == 5.0


def test_text_is_displayed_as_it_is_written() -> None:
    block = {**value_block("v"), "text": " 12 High Street,\n Exampleville "}
    form = read_form({"blocks": [key_block("k", VALUE=["v"]), block]}, PLACE)
    value = form.pairs[0].value
    assert value.display == " 12 High Street,\n Exampleville "
    assert value.comparison_key == "12 High Street, Exampleville"


# Blocks that are refused


BLOCK = "inputContent.selectedAiServiceResponse.blocks[0]"


@pytest.mark.parametrize(
    ("block", "place", "expected"),
    [
        (5, BLOCK, "an object"),
        ("text", BLOCK, "an object"),
        ({}, f"{BLOCK}.id", "text"),
        ({"id": 5}, f"{BLOCK}.id", "text"),
        ({"id": ["x"]}, f"{BLOCK}.id", "text"),
        ({"id": "k", "blockType": "KEY_VALUE_SET", "entityTypes": "KEY"}, None, "a list"),
        ({"relationships": 5}, None, "a list"),
        ({"relationships": "CHILD"}, None, "a list"),
        ({"relationships": [5]}, None, "an object"),
        ({"relationships": [{"type": "CHILD", "ids": "w"}]}, None, "a list"),
        ({"relationships": [{"type": "CHILD", "ids": {"w": 1}}]}, None, "a list"),
        ({"relationships": [{"type": "CHILD", "ids": [5]}]}, None, "text"),
        ({"relationships": [{"type": "CHILD", "ids": [["w"]]}]}, None, "text"),
        ({"relationships": [{"type": "VALUE", "ids": [{}]}]}, None, "text"),
        ({"text": 5}, f"{BLOCK}.text", "text"),
        ({"text": ["x"]}, f"{BLOCK}.text", "text"),
        ({"confidence": "high"}, f"{BLOCK}.confidence", "a finite number"),
        ({"confidence": True}, f"{BLOCK}.confidence", "a finite number"),
        ({"confidence": 10**400}, f"{BLOCK}.confidence", "a finite number"),
    ],
)
def test_misshapen_block_is_named(block: Any, place: str | None, expected: str) -> None:
    if isinstance(block, dict) and "id" not in block and block:
        block = {"blockType": "KEY_VALUE_SET", "entityTypes": ["KEY"], "id": "k", **block}
    message = error_of(json.dumps(forms([block])))
    assert message.startswith(place or BLOCK)
    assert message.endswith(f": expected {expected}")


def test_misshapen_word_that_a_key_needs_is_named() -> None:
    blocks = blocks_of(("Total", "5", "k"))
    blocks[0]["text"] = 5
    assert error_of(json.dumps(forms(blocks))) == f"{BLOCK}.text: expected text"


def test_endless_nesting_inside_repeated_blocks_is_refused_or_read() -> None:
    deep = "[" * 400 + "]" * 400
    block = f'{{"blockType": "WORD", "id": "w", "x": {deep}}}'
    text = json.dumps(forms([])).replace('"blocks": []', f'"blocks": [{block}, {block}]')
    assert review_output(parse_output(text, source="s")).prediction_known


# Limits


def refusal(*blocks: Block) -> str:
    """Return the error about a form, which must take seconds at most."""
    start = time.process_time()
    with pytest.raises(UnreadableOutputError) as caught:
        read_form({"blocks": list(blocks)}, PLACE)
    assert time.process_time() - start < 5
    return str(caught.value)


@pytest.mark.full
def test_keys_are_limited() -> None:
    blocks = [key_block(f"k{number}") for number in range(MAX_PAIRS + 1)]
    assert len(read(*blocks[:-1])) == MAX_PAIRS
    assert refusal(*blocks) == "output.json: blocks: expected at most 50,000 keys"


def test_relationships_of_a_block_are_limited() -> None:
    block = key_block("k")
    block["relationships"] = links(CHILD=["w"]) * MAX_RELATIONSHIPS
    assert read(block, word("A", "w")) == [(" ".join("A" * MAX_RELATIONSHIPS), "")]
    block["relationships"] += links(CHILD=["w"])
    assert refusal(word("A", "w"), block) == (
        "output.json: blocks[1].relationships: expected at most 100 relationships"
    )


def test_text_of_any_length_is_read_once_or_twice() -> None:
    text = "x" * 2 * MAX_REPEATED_TEXT
    blocks = [word(text, "w"), key_block("k1", CHILD=["w"]), key_block("k2", CHILD=["w"])]
    assert [len(key) for key, _ in read(*blocks)] == [len(text)] * 2


def test_text_at_the_limit_is_read_and_above_it_is_refused() -> None:
    # A word of n characters, referenced by m keys, counts m (n + 1).
    # Twice the blocks' own: 2 (n + 1 + 2 m).
    def blocks(letters: int) -> list[Block]:
        keys = [key_block(f"k{number}", CHILD=["w"]) for number in range(100)]
        return [word("x" * letters, "w"), *keys]

    letters = (MAX_REPEATED_TEXT + 400) // 98 - 1
    assert len(read(*blocks(letters))) == 100
    assert "at most" in refusal(*blocks(letters + 1))


@pytest.mark.parametrize(
    "blocks",
    [
        # One long word that one key references often.
        [word("x" * 100_000, "w"), key_block("k", CHILD=["w"] * 50_000)],
        # One long name of many keys.
        [word("x" * 100_000, "w"), *[key_block(f"k{n}", CHILD=["w"]) for n in range(11_000)]],
        # One long value of many keys.
        [
            {**value_block("v"), "text": "x" * 100_000},
            *[key_block(f"k{n}", VALUE=["v"]) for n in range(5_000)],
        ],
        # One value of many references that many keys share, of which none is found.
        [
            value_block("v", *["gone"] * 20_000),
            *[key_block(f"k{n}", VALUE=["v"]) for n in range(20_000)],
        ],
        # One key that references such a value often.
        [value_block("v", *["w"] * 20_000), word("x", "w"), key_block("k", VALUE=["v"] * 20_000)],
        # One value without words and with many relationships.
        [
            {**value_block("v"), "relationships": links(CHILD=[]) * 100},
            key_block("k", VALUE=["v"] * 300_000),
        ],
    ],
)
def test_blocks_that_repeat_each_other_are_refused_before_they_are_joined(
    blocks: list[Block],
) -> None:
    assert "at most" in refusal(*blocks)


def test_many_relationships_with_many_ids_are_read_in_linear_time() -> None:
    block = key_block("k")
    block["relationships"] = links(CHILD=["w"] * 2_000) * MAX_RELATIONSHIPS
    start = time.process_time()
    assert len(read(block, word("A", "w"))[0][0]) == 2 * 200_000 - 1
    assert time.process_time() - start < 5
