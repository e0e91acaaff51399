"""Answers that are verdicts: which of their values uphold the prediction, and which reject it."""

from __future__ import annotations

from typing import Any

import pytest

from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.review.verdicts import FieldReview
from tests.unit.documents import custom, fields

AGREE = {"agree": "upheld", "disagree": "rejected"}


def judge(values: dict[str, str], *answers: Any, **changes: Any) -> FieldReview:
    mapping = FieldMapping(
        **{"name": "f", "prediction": "p", "answer": "a", "answer_values": values, **changes}
    )
    contents = [{} if answer is None else {"a": answer} for answer in answers]
    return fields(custom(*contents, inputs={"p": "x"}), mapping)["f"]


@pytest.mark.parametrize(
    ("values", "answer", "verdict"),
    [
        (AGREE, {"agree": True, "disagree": False}, "confirmed"),
        (AGREE, {"agree": False, "disagree": True}, "rejected"),
        ({"good": "upheld", "bad": "rejected"}, "good", "confirmed"),
        ({"good": "upheld", "bad": "rejected"}, " bad ", "rejected"),
        ({"Correct": "upheld", "Wrong": "rejected"}, {"label": "Wrong"}, "rejected"),
        ({"Correct": "upheld", "Wrong": "rejected"}, {"labels": ["Correct"]}, "confirmed"),
        (
            {"approve": "upheld", "edit": "rejected", "reject": "rejected"},
            {"approve": False, "edit": True, "reject": False},
            "rejected",
        ),
        ({"true": "upheld", "false": "rejected"}, {"correct": True}, "confirmed"),
        ({"true": "upheld", "false": "rejected"}, {"correct": False}, "rejected"),
        ({"true": "rejected", "false": "upheld"}, {"wrong": False}, "confirmed"),
        ({"on": "upheld", "false": "rejected"}, {"on": True}, "confirmed"),
        ({"true": "upheld", "false": "rejected"}, False, "rejected"),
        ({"1": "upheld", "0": "rejected"}, 1, "confirmed"),
        ({"1": "upheld", "0": "rejected"}, "0", "rejected"),
    ],
)
def test_answer_says_whether_the_prediction_is_right(
    values: dict[str, str], answer: Any, verdict: str
) -> None:
    field = judge(values, answer)
    assert (field.verdict, field.model_correct) == (verdict, verdict == "confirmed")
    assert field.answers == (("x",) if verdict == "confirmed" else (None,))
    assert field.consensus == ("x" if verdict == "confirmed" else None)


@pytest.mark.parametrize(
    "answer",
    ["perhaps", "Agree", {"agree": True, "disagree": True}, {"unsure": True, "agree": False}, 5],
)
def test_answer_that_is_not_listed_is_not_compared(answer: Any) -> None:
    agreeing = {"agree": True, "disagree": False}
    for answers in ([answer], [answer, agreeing, agreeing]):
        field = judge(AGREE, *answers)
        assert (field.note, field.verdict, field.model_correct) == ("notComparable", None, None)


@pytest.mark.parametrize("answer", [None, "", {"agree": False, "disagree": False}, {}, []])
def test_nothing_selected_is_what_absent_states(answer: Any) -> None:
    assert judge(AGREE, answer).note == "answerNotFound"
    assert judge(AGREE, answer, absent="upheld").verdict == "confirmed"
    agreeing = {"agree": True, "disagree": False}
    assert judge(AGREE, answer, agreeing).details == {"absentAnswers": 1}


@pytest.mark.parametrize(
    ("answers", "verdict", "correct", "agreement"),
    [
        (["agree", "agree", "disagree"], "confirmed", True, 1 / 3),
        (["disagree", "disagree", "agree"], "rejected", False, 1 / 3),
        (["disagree", "disagree", "disagree"], "rejected", False, 1.0),
        (["agree", "disagree"], "disputed", None, 0.0),
    ],
)
def test_more_than_half_decide(
    answers: list[str], verdict: str, correct: bool | None, agreement: float
) -> None:
    for order in (answers, answers[::-1]):
        field = judge(AGREE, *order)
        assert (field.verdict, field.model_correct) == (verdict, correct)
        assert field.reviewer_agreement == pytest.approx(agreement)


@pytest.mark.parametrize(
    "prediction",
    [
        {"boundingBoxes": [{"label": "a", "left": 1, "top": 1, "width": 5, "height": 5}]},
        {"polygons": [{"label": "a", "vertices": [{"x": 1, "y": 2}]}]},
        {"labeledImage": {"pngImageData": "x"}},
        {"moderationLabels": [{"name": "Violence", "parentName": ""}]},
        {"ModerationLabels": [{"Name": "Violence", "Confidence": 99.0, "ParentName": ""}]},
        [{"width": 1}],
        {"a": [1, {"b": None}]},
        0.93,
        True,
        [],
        "",
    ],
)
def test_prediction_of_any_kind_can_be_judged(prediction: Any) -> None:
    mapping = FieldMapping(name="f", prediction="p", answer="a", answer_values=AGREE)
    for answer, verdict in (("agree", "confirmed"), ("disagree", "rejected")):
        (field,) = fields(custom({"a": answer}, inputs={"p": prediction}), mapping).values()
        assert (field.verdict, field.note) == (verdict, None)


def test_verdicts_by_row() -> None:
    mapping = FieldMapping(
        name="R",
        prediction="pairs",
        rows=True,
        answer_name="rating{number}",
        answer_values={"good": "upheld", "bad": "rejected"},
    )
    content = {
        "rating1": {"good": True, "bad": False},
        "rating2": {"good": False, "bad": True},
        "rating3": {"good": False, "bad": False},
    }
    found = fields(custom(content, inputs={"pairs": ["a", "b", "c"]}), mapping)
    assert {name: field.verdict or field.note for name, field in found.items()} == {
        "R[0]": "confirmed",
        "R[1]": "rejected",
        "R[2]": "answerNotFound",
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"answer_values": {}}, "expected an object with each value of the answer"),
        ({"answer_values": {"agree": "upheld"}}, "both at least once"),
        ({"answer_values": {"agree": "confirmed", "no": "rejected"}}, "'upheld' or 'rejected'"),
        ({"answer_values": {"": "upheld", "no": "rejected"}}, "answer_values="),
        ({"answer_values": ["agree"]}, "answer_values=['agree']; expected an object"),
        ({"answer_values": {"a": [], "b": {}}}, "answer_values="),
        ({"answer_values": AGREE, "absent": "blank"}, "expected unknown or upheld"),
    ],
)
def test_unusable_answer_values_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared below
        FieldMapping(name="f", path="a", **changes)
    assert message in str(caught.value)


def test_mapping_with_answer_values_is_written_compared_and_hashed() -> None:
    one, other = [FieldMapping(name="f", path="a", answer_values=dict(AGREE)) for _ in range(2)]
    assert one.to_json() == {"name": "f", "path": "a", "answer_values": AGREE}
    assert len({one, other}) == 1
    assert one != FieldMapping(name="f", path="a")
