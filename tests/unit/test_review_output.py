"""The review as a whole: consensus, agreement, counts, order, times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from human_loop_reviews.a2i.task_type import FORMS, MODERATION
from human_loop_reviews.outcome import describe_review
from human_loop_reviews.outcome_values import Layout, TaskType
from human_loop_reviews.review_output import review_output
from tests.unit.documents import (
    answer_of,
    blocks_of,
    custom,
    fields,
    forms,
    label,
    moderation,
    parse,
    review,
    verdicts,
)

CREATED = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)


def filled(*values: str | None) -> dict[str, Any]:
    """Return a form of which reviewers filled one field in; None left it empty."""
    shown = blocks_of(("Total", "5", "k"))
    return forms(shown, *[blocks_of(("Total", value, "x")) if value else [] for value in values])


@pytest.mark.parametrize(
    ("values", "verdict", "consensus"),
    [
        (("5",), "confirmed", "5"),
        (("6",), "corrected", "6"),
        ((None,), "removed", None),
        (("5", "5"), "confirmed", "5"),
        (("5", "6"), "disputed", None),
        (("5", None), "disputed", None),
        ((None, None), "removed", None),
        (("6", "6", "5"), "corrected", "6"),
        (("5", None, None), "removed", None),
        (("5", "6", None), "disputed", None),
        (("5", "6", "7"), "disputed", None),
        (("5", "5", "6", "6"), "disputed", None),
    ],
)
def test_consensus_is_more_than_half_of_the_reviewers(
    values: tuple[str | None, ...], verdict: str, consensus: str | None
) -> None:
    field = fields(filled(*values))["Total"]
    assert (field.verdict, field.consensus, field.answers) == (verdict, consensus, values)


def test_agreement_leaves_ties_out() -> None:
    shown = [label(name) for name in ("A", "B", "C")]
    result = review(moderation(shown, shown[:1], [shown[0], shown[2]]))
    assert [field.verdict for field in result.fields] == ["confirmed", "removed", "disputed"]
    assert result.agreement == 0.5
    assert {str(verdict): count for verdict, count in result.verdict_counts.items()} == {
        "confirmed": 1,
        "corrected": 0,
        "added": 0,
        "removed": 1,
        "rejected": 0,
        "relabelled": 0,
        "disputed": 1,
    }


def test_agreement_is_none_where_all_is_tied() -> None:
    assert review(filled("5", "6")).agreement is None


@pytest.mark.parametrize(
    ("values", "agreement"),
    [(("5",), None), (("5", "5"), 1.0), (("5", "6"), 0.0), (("5", "5", None), 1 / 3)],
)
def test_reviewer_agreement_is_the_share_of_agreeing_pairs(
    values: tuple[str | None, ...], agreement: float | None
) -> None:
    assert review(filled(*values)).reviewer_agreement == agreement


def test_reviewer_agreement_is_the_mean_over_fields() -> None:
    result = review(custom({"a": "x", "b": "y"}, {"a": "x", "b": "z"}))
    assert result.reviewer_agreement == 0.5


@pytest.mark.parametrize(
    "document", [forms(blocks_of(("Total", "5", "k"))), moderation([label("A")]), custom()]
)
def test_unanswered_is_neither_agreement_nor_an_error(document: Any) -> None:
    result = review(document)
    assert result.unanswered
    assert (result.fields, result.agreement, result.reviewer_agreement) == ((), None, None)


def test_fields_are_sorted_by_name() -> None:
    assert list(fields(custom({"b": "x", "a": "x", "C": "x"}))) == ["C", "a", "b"]


# Layouts


@pytest.mark.parametrize("layout", list(Layout))
def test_layouts_say_the_same(layout: Layout) -> None:
    document = forms(blocks_of(("Total", "5", "k")), blocks_of(("Total", "6", "k")))
    content = document.pop("inputContent")
    document |= content if layout is Layout.TOP_LEVEL else {layout.value: content}
    assert parse(document).layout is layout
    assert verdicts(document) == {"Total": "corrected"}


@pytest.mark.parametrize(
    ("document", "task_type"),
    [
        (forms([]), TaskType.TEXTRACT_FORMS),
        (moderation([]), TaskType.REKOGNITION_MODERATION),
    ],
)
def test_earliest_outputs_tell_their_task_by_their_prediction(
    document: dict[str, Any], task_type: TaskType
) -> None:
    document.pop("awsManagedHumanLoopRequestSource")
    assert parse(document).task_type is TaskType.CUSTOM
    document |= document.pop("inputContent")
    assert parse(document).task_type is task_type


def test_unknown_request_source_is_its_own_task_type() -> None:
    document = custom({"a": "x"}) | {"awsManagedHumanLoopRequestSource": "AWS/New/Task/V1"}
    assert parse(document).task_type is TaskType.OTHER
    assert not review(document).prediction_known


# Reviewers and times


def test_reviewers_are_counted_by_worker_where_the_output_names_them() -> None:
    document = custom()
    workers = ["a", "b", "a", None]
    document["humanAnswers"] = [answer_of({"x": "y"}, workerId=worker) for worker in workers]
    output = parse(document)
    assert (output.reviewer_count, len(output.answers)) == (3, 4)


def test_answers_are_ordered_by_time() -> None:
    document = custom()
    document["humanAnswers"] = [
        answer_of({"x": "second"}, submissionTime="2026-03-14T10:00:00.000Z"),
        answer_of({"x": "untimed"}),
        answer_of({"x": "first"}, submissionTime="2026-03-14T10:30:00+01:00"),
    ]
    assert review(document).fields[0].answers == ("first", "second", "untimed")


def timed() -> dict[str, Any]:
    document = custom()
    document["humanAnswers"] = [
        answer_of(
            {"x": "y"},
            acceptanceTime="2026-03-14T09:02:00.500Z",
            submissionTime="2026-03-14T09:03:00Z",
            timeSpentInSeconds=30,
        ),
        answer_of({"x": "y"}, acceptanceTime="2026-03-14T09:05:00.000Z"),
    ]
    return document


def test_times_are_told_where_they_are_known() -> None:
    result = review_output(parse(timed()), creation_time=CREATED)
    assert result.seconds_to_first_acceptance == 120.5
    assert result.seconds_worked == (30.0, None)


def worked(**times: Any) -> float | None:
    document = custom()
    document["humanAnswers"] = [answer_of({"x": "y"}, **times)]
    (seconds,) = review(document).seconds_worked
    return seconds


ACCEPTED, SUBMITTED = "2026-03-14T09:02:00.500Z", "2026-03-14T09:03:00Z"


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        ({"timeSpentInSeconds": 30}, 30.0),
        ({"acceptanceTime": ACCEPTED, "submissionTime": SUBMITTED, "timeSpentInSeconds": 30}, 30.0),
        ({"acceptanceTime": ACCEPTED, "submissionTime": SUBMITTED, "timeSpentInSeconds": 0}, 0.0),
        ({"acceptanceTime": ACCEPTED, "submissionTime": SUBMITTED}, 59.5),
        ({"acceptanceTime": ACCEPTED, "submissionTime": SUBMITTED, "timeSpentInSeconds": -1}, 59.5),
        ({"acceptanceTime": SUBMITTED, "submissionTime": ACCEPTED}, None),
        ({"acceptanceTime": ACCEPTED}, None),
        ({"submissionTime": SUBMITTED}, None),
        ({}, None),
    ],
)
def test_seconds_worked_fall_back_to_submission_minus_acceptance(
    times: dict[str, Any], seconds: float | None
) -> None:
    assert worked(**times) == seconds


def test_times_are_none_where_they_are_not_known() -> None:
    assert review(timed()).seconds_to_first_acceptance is None


def test_times_in_reverse_are_none() -> None:
    result = review_output(parse(timed()), creation_time=CREATED.replace(hour=10))
    assert result.seconds_to_first_acceptance is None


def test_time_without_zone_is_in_utc() -> None:
    result = review_output(parse(timed()), creation_time=CREATED.replace(tzinfo=None))
    assert result.seconds_to_first_acceptance == 120.5


# The outcome's part


def described(document: Any, *, include_values: bool = False) -> dict[str, Any]:
    output = parse(document)
    return describe_review(output, review_output(output), include_values=include_values)


def test_description_has_values_only_if_asked() -> None:
    shown = blocks_of(("Total", "5", "k"), confidence=41.29)
    document = forms(shown, blocks_of(("Total", "6", "k")))
    (without,) = described(document)["fields"]
    (including,) = described(document, include_values=True)["fields"]
    values = including.pop("values")
    assert including == without
    assert values.items() >= {"predicted": "5", "answers": ["6"], "consensus": "6"}.items()
    assert (
        without.items()
        >= {
            "name": "Total",
            "verdict": "corrected",
            "modelCorrect": False,
            "upheldShare": 0.0,
            "reviewerAgreement": None,
            "confidence": 41.29,
            "shown": True,
        }.items()
    )


def test_description_says_whether_the_prediction_is_known() -> None:
    assert described(custom({"a": "x"}))["predictionKnown"] is False
    assert described(moderation([]))["predictionKnown"] is True


def test_description_counts_answers_and_reviewers() -> None:
    document = custom()
    document["humanAnswers"] = [answer_of({"x": "y"}, workerId=worker) for worker in "aab"]
    result = described(document)
    assert (result["answerCount"], result["reviewerCount"]) == (3, 2)


def test_shares_are_rounded_in_descriptions_only() -> None:
    document = moderation([label(n) for n in "ABC"], [label("A")])
    assert review(document).agreement == 1 / 3
    assert described(document)["agreement"] == 0.3333


def test_other_tasks_content_is_not_mistaken_for_another() -> None:
    document = moderation([label("A")], {FORMS: {"blocks": []}, MODERATION: None})
    assert verdicts(document) == {"A": "removed"}
