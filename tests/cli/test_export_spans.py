"""Exports of spans of texts, and of radio buttons."""

from __future__ import annotations

import json
from typing import Any

import pytest

from human_loop_reviews.mapping import FieldMapping
from human_loops_cli.exports.comprehend_csv import ComprehendCsv
from human_loops_cli.exports.ground_truth import GroundTruth
from human_loops_cli.exports.label_studio import LabelStudio
from human_loops_cli.exports.left_out import LeftOutError, Reason
from tests.cli.export_rules import check_ground_truth, check_label_studio
from tests.cli.exported_loops import loop_of, with_source
from tests.cli.outputs import output

TEXT = "Ada \U0001f600 works at Example Ltd"
ADA, EXAMPLE = (0, 3, "person"), (16, 27, "company")


def entities(*spans: tuple[int, int, str]) -> dict[str, Any]:
    keys = ("startOffset", "endOffset", "label")
    return {"entities": [dict(zip(keys, span, strict=True)) for span in spans]}


def spans_of(*answers: Any, text: str = TEXT) -> dict[str, Any]:
    return with_source(output("loop", *answers, field="marked"), text)


@pytest.mark.parametrize("spans", [(ADA,), (ADA, EXAMPLE), (EXAMPLE, ADA)])
def test_spans_are_a_named_entity_manifest(spans: tuple[Any, ...]) -> None:
    line = GroundTruth().write(loop_of(spans_of(entities(*spans), entities(*spans))))
    check_ground_truth(f"{line}\n")
    label, metadata = (json.loads(line)[key] for key in ("marked", "marked-metadata"))
    assert metadata["type"] == "groundtruth/text-span"
    found = [(*each.values(),) for each in label["annotations"]["entities"]]
    assert found == sorted(spans)
    assert metadata["entities"] == [{"confidence": 1.0}] * len(spans)


def test_spans_are_regions_of_label_studio_with_start_and_end() -> None:
    written_as = LabelStudio()
    task = written_as.write(loop_of(spans_of(entities(ADA, EXAMPLE))))
    check_label_studio(f"[{task}]")
    (annotation,) = json.loads(task)["annotations"]
    assert {each["type"] for each in annotation["result"]} == {"labels"}
    assert [each["value"] for each in annotation["result"]] == [
        {"start": 0, "end": 3, "text": "Ada", "labels": ["person"]},
        {"start": 16, "end": 27, "text": "Example Ltd", "labels": ["company"]},
    ]
    assert (
        '<Labels name="marked" toName="reviewed-text"><Label value="company"/>'
        '<Label value="person"/></Labels>'
    ) in written_as.configuration()


@pytest.mark.parametrize(
    "span",
    [
        (0, 28, "x"),  # beyond the end
        (3, 3, "x"),  # empty
        (5, 3, "x"),
        (-1, 3, "x"),
        (4, 5, "x"),  # half of an emoji
        (5, 8, "x"),
    ],
)
@pytest.mark.parametrize("written_as", [GroundTruth, LabelStudio])
def test_span_that_is_not_within_the_text_is_refused(written_as: Any, span: Any) -> None:
    with pytest.raises(LeftOutError) as error:
        written_as().write(loop_of(spans_of(entities(span))))
    assert error.value.reason is Reason.SPAN_OUTSIDE_TEXT


def test_classifier_takes_no_spans() -> None:
    with pytest.raises(LeftOutError) as error:
        ComprehendCsv().write(loop_of(spans_of(entities(ADA))))
    assert error.value.reason is Reason.VALUE_KIND


def test_spans_of_an_object_in_s3_are_refused() -> None:
    document = spans_of(entities(ADA), text="s3://amzn-s3-demo-bucket/a.txt")
    with pytest.raises(LeftOutError) as error:
        GroundTruth().write(loop_of(document))
    assert error.value.reason is Reason.SOURCE_IS_OBJECT


KIND = FieldMapping(name="kind", prediction="guess", answer="kind")


def chosen(guess: Any, **buttons: bool) -> dict[str, Any]:
    return with_source(output("loop", buttons, field="kind"), "text", guess=guess)


@pytest.mark.parametrize(
    ("guess", "buttons", "type_"),
    [
        ("spam", {"spam": True, "ham": False}, "text-classification"),
        ("ham", {"spam": True, "ham": False}, "text-classification"),
        ("a", {"a": False, "b": False, "c": True}, "text-classification"),
        (["spam"], {"spam": True, "ham": False}, "text-classification-multilabel"),
        ("spam", {"spam": True, "ham": True}, "text-classification-multilabel"),
    ],
)
def test_one_radio_button_is_one_class_if_the_model_predicts_a_text(
    guess: Any, buttons: dict[str, bool], type_: str
) -> None:
    line = GroundTruth().write(loop_of(chosen(guess, **buttons), KIND))
    check_ground_truth(f"{line}\n")
    assert json.loads(line)["kind-metadata"]["type"] == f"groundtruth/{type_}"


def test_no_radio_button_is_no_class() -> None:
    with pytest.raises(LeftOutError) as error:
        GroundTruth().write(loop_of(chosen("spam", spam=False, ham=False), KIND))
    assert error.value.reason is Reason.NO_LABEL


def test_path_that_is_found_in_the_prediction_and_the_answers_counts_too() -> None:
    document = with_source(
        output("loop", {"spam": True, "ham": False}, field="kind"), "text", kind="spam"
    )
    line = GroundTruth().write(loop_of(document, FieldMapping(name="kind", path="kind")))
    assert json.loads(line)["kind-metadata"]["type"] == "groundtruth/text-classification"


def test_labels_of_spans_are_exported_as_they_were_written() -> None:
    line = GroundTruth().write(loop_of(spans_of(entities((0, 3, "Example\u2122  Ltd")))))
    assert "Example\u2122 Ltd" in json.dumps(json.loads(line), ensure_ascii=False)
