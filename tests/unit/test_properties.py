"""What holds of any document: order never matters, and nothing but one error is ever raised."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from human_loop_reviews.a2i.output import Output, parse_output
from human_loop_reviews.a2i.task_type import FORMS, MODERATION
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.outcome import describe_review
from human_loop_reviews.outcome_values import Verdict
from human_loop_reviews.review.natural_order import natural_key
from human_loop_reviews.review_output import review_output

MAPPING = (
    FieldMapping(name="label", prediction="guess", answer="a.label", normalize=["case"]),
    FieldMapping(name="number", prediction="guess", answer="b", tolerance=0.5),
    FieldMapping(
        name="judged",
        prediction="guess",
        answer="b",
        answer_values={"5": "upheld", "6": "rejected", "Total": "rejected"},
    ),
    FieldMapping(name="any", prediction="@", answer="@"),
    FieldMapping(name="failing", prediction="length(guess)", answer="sum(b)"),
)
WORDS = st.sampled_from(["Total", "Total:", "Name", "A", "B", "5", "6", "", " ", "Ünï", "Straße"])
IDS = st.sampled_from([f"i{number}" for number in range(12)])
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | WORDS
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


# Documents as Amazon A2I writes them, tangled on purpose: ids repeat, point nowhere and in circles.

RELATIONS = st.fixed_dictionaries(
    {"type": st.sampled_from(["CHILD", "VALUE"]), "ids": st.lists(IDS, max_size=3)}
)
BLOCKS = st.fixed_dictionaries(
    {
        "id": IDS,
        "blockType": st.sampled_from(["WORD", "KEY_VALUE_SET", "SELECTION_ELEMENT", "PAGE"]),
    },
    optional={
        "text": WORDS,
        "confidence": st.floats(0, 100),
        "entityTypes": st.sampled_from([["KEY"], ["VALUE"], []]),
        "relationships": st.lists(RELATIONS, max_size=3),
        "selectionStatus": st.sampled_from(["SELECTED", "NOT_SELECTED", "OTHER"]),
    },
)
WHOLE_PAIRS = st.builds(
    lambda key, value, number: [
        {"blockType": "WORD", "id": f"kw{number}", "text": key},
        {"blockType": "WORD", "id": f"vw{number}", "text": value},
        {
            "blockType": "KEY_VALUE_SET",
            "confidence": 50.5,
            "entityTypes": ["KEY"],
            "id": f"k{number}",
            "relationships": [
                {"type": "VALUE", "ids": [f"v{number}"]},
                {"type": "CHILD", "ids": [f"kw{number}"]},
            ],
        },
        {
            "blockType": "KEY_VALUE_SET",
            "entityTypes": ["VALUE"],
            "id": f"v{number}",
            "relationships": [{"type": "CHILD", "ids": [f"vw{number}"]}],
        },
    ],
    WORDS,
    WORDS,
    st.integers(0, 9),
)
FORM = st.builds(
    lambda pairs, loose: {"blocks": [block for pair in pairs for block in pair] + loose},
    st.lists(WHOLE_PAIRS, max_size=5),
    st.lists(BLOCKS, max_size=5),
)
CONDITIONS = st.fixed_dictionaries(
    {
        "Conditions": st.lists(
            st.fixed_dictionaries(
                {
                    "ConditionParameters": st.fixed_dictionaries(
                        {
                            "ImportantFormKey": WORDS,
                            "ImportantFormKeyAliases": st.lists(WORDS, max_size=2),
                        }
                    )
                }
            ),
            max_size=2,
        )
    }
)
LABELS = st.fixed_dictionaries(
    {
        "moderationLabels": st.lists(
            st.fixed_dictionaries(
                {"name": st.sampled_from(["A", "B/C"]), "parentName": st.sampled_from(["", "A"])},
                optional={"confidence": st.floats(0, 100)},
            ),
            max_size=4,
        )
    }
)  # fmt: skip
SIDE = st.integers(0, 4)
BOXES = st.lists(
    st.fixed_dictionaries(
        {"label": WORDS, "left": SIDE, "top": SIDE, "width": SIDE, "height": SIDE}
    ),
    max_size=4,
)
ELEMENTS = st.one_of(
    WORDS,
    st.integers(0, 3),
    st.fixed_dictionaries({"label": WORDS}),
    st.fixed_dictionaries({"labels": st.lists(WORDS, max_size=3)}),
    st.dictionaries(st.sampled_from(["x", "y"]), st.booleans(), max_size=2),
    st.fixed_dictionaries({"boundingBoxes": BOXES}),
    st.fixed_dictionaries({"polygons": st.lists(st.fixed_dictionaries({"label": WORDS}))}),
    st.fixed_dictionaries({"labeledImage": st.just({"pngImageData": "AAAA"})}),
    JSON,
    JSON.map(json.dumps),
)
CONTENT = st.dictionaries(st.sampled_from(["a", "b", "c", "d.e", "d.f[0]", "d"]), ELEMENTS)
TIMES = st.sampled_from(["2026-03-14T09:30:00.000Z", "2026-03-14T09:31:00Z"])


def answers(content: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    answer = st.fixed_dictionaries(
        {"answerContent": content},
        optional={
            "acceptanceTime": TIMES,
            "submissionTime": TIMES,
            "timeSpentInSeconds": st.floats(0, 100),
            "workerId": st.sampled_from(["w1", "w2"]),
        },
    )
    return st.lists(answer, max_size=4)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Draw an output of any task in any layout."""
    task = draw(st.sampled_from([FORMS, MODERATION, None]))
    if task == FORMS:
        inputs = {
            "aiServiceResponse": draw(FORM),
            "humanTaskActivationConditionResults": draw(CONDITIONS),
            "selectedAiServiceResponse": draw(FORM),
        }
        content = st.fixed_dictionaries({}, optional={FORMS: FORM})
    elif task == MODERATION:
        inputs = {"selectedAiServiceResponse": draw(LABELS)}
        content = st.fixed_dictionaries({}, optional={MODERATION: LABELS})
    else:
        inputs = {"guess": draw(ELEMENTS)}
        content = CONTENT
    document = {"humanAnswers": draw(answers(content)), "humanLoopName": "loop"}
    if task:
        document["awsManagedHumanLoopRequestSource"] = task
    layout = draw(st.sampled_from(["inputContent", "humanLoopInputContent", None]))
    return document | (inputs if layout is None else {layout: inputs})


def parse(document: Any) -> Output:
    return parse_output(json.dumps(document), source="output.json")


def shuffled(value: Any, chance: random.Random) -> Any:
    """Return the value with its objects' keys, answers, blocks and labels in another order."""
    if isinstance(value, dict):
        entries = list(value.items())
        chance.shuffle(entries)
        return {
            key: reordered(shuffled(entry, chance), chance)
            if key in ("humanAnswers", "blocks", "moderationLabels", "boundingBoxes", "labels")
            else shuffled(entry, chance)
            for key, entry in entries
        }
    if isinstance(value, list):
        return [shuffled(entry, chance) for entry in value]
    return value


def reordered(entries: Any, chance: random.Random) -> Any:
    if isinstance(entries, list):
        chance.shuffle(entries)
    return entries


@pytest.mark.parametrize("verdict", [*Verdict, None])
@pytest.mark.full
def test_generated_documents_reach_every_verdict(verdict: Verdict | None) -> None:
    mapping = MAPPING if verdict is Verdict.REJECTED else ()  # it needs answer_values

    def reached(document: Any) -> bool:
        review = review_output(parse(document), mapping=mapping)
        return verdict in {field.verdict for field in review.fields}

    find(documents(), reached, settings=settings(max_examples=50_000, phases=[Phase.generate]))


@given(documents(), st.randoms(use_true_random=False))
def test_order_never_matters(document: Any, chance: random.Random) -> None:
    other = shuffled(document, chance)
    comparable = [entry for entry in MAPPING if entry.name != "any"]
    for mapping in ((), comparable):
        one, two = [described(parse(each), mapping) for each in (document, other)]
        assert one == two


@given(documents())
def test_a_review_is_whole(document: Any) -> None:
    for mapping in ((), MAPPING):
        check(parse(document), mapping)


def described(output: Output, mapping: Sequence[FieldMapping]) -> dict[str, Any]:
    review = review_output(output, mapping=mapping)
    return describe_review(output, review, include_values=True)


def check(output: Output, mapping: Sequence[FieldMapping]) -> None:
    review, answers = review_output(output, mapping=mapping), len(output.answers)
    assert review.answer_count == answers
    names = [field.name for field in review.fields]
    assert names == sorted(names, key=natural_key)
    for verdict in Verdict:
        told = sum(field.verdict is verdict for field in review.fields)
        assert review.verdict_counts[verdict] == told
    for field in review.fields:
        assert (field.verdict is Verdict.CONFIRMED) == (field.model_correct is True)
        assert field.upheld_share is None or 0 <= field.upheld_share <= 1
    assert 0 <= review.fields_correct <= review.fields_judged <= len(review.fields)
    assert (review.agreement is None) == (review.fields_judged == 0)
    assert review.agreement is None or 0 <= review.agreement <= 1
    assert review.reviewer_agreement is None or 0 <= review.reviewer_agreement <= 1
    assert all(len(field.answers) == answers for field in review.fields)
    assert answers or not review.fields
    outcome = describe_review(output, review, include_values=True)
    assert json.loads(json.dumps(outcome, allow_nan=False)) == outcome
    assert outcome["answerCount"] == answers


@given(st.binary())
def test_any_bytes_are_an_output_or_unreadable(text: bytes) -> None:
    read_anything(text)


@given(documents(), st.data())
def test_a_damaged_document_is_an_output_or_unreadable(document: Any, data: st.DataObject) -> None:
    text = json.dumps(document).encode()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 20)))
    read_anything(text[:start] + data.draw(st.binary(max_size=8)) + text[end:])


@given(documents(), st.data())
def test_a_wrong_value_anywhere_is_an_output_or_unreadable(
    document: Any, data: st.DataObject
) -> None:
    document = json.loads(json.dumps(document))  # what was drawn is not ours to change
    target, depth = document, data.draw(st.integers(0, 8))
    for _ in range(depth):
        keys = list(target) if isinstance(target, dict) else list(range(len(target)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if depth == 0 or not isinstance(target[key], dict | list) or not target[key]:
            target[key] = data.draw(JSON)
            break
        if data.draw(st.booleans()) and data.draw(st.booleans()):
            target[key] = data.draw(JSON)
            break
        target = target[key]
    read_anything(json.dumps(document).encode())


def read_anything(text: bytes) -> None:
    for mapping in ((), MAPPING):
        try:
            output = parse_output(text, source="output.json")
            review_output(output, mapping=mapping)
        except UnreadableOutputError:
            return
        check(output, mapping)
