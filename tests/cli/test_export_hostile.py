"""Exports of what nobody expects: every entry follows its format's rules, or the loop is left out.

Names, labels and texts come from documents, reviewers and callers.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import botocore.session
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from human_loop_reviews.a2i.task_type import MODERATION
from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.review.values import fold, single_spaced
from human_loops_cli.exports.comprehend_csv import DELIMITERS, ComprehendCsv
from human_loops_cli.exports.format import ExportFormat
from human_loops_cli.exports.formats import FORMATS
from human_loops_cli.exports.ground_truth import GroundTruth, attribute_name
from human_loops_cli.exports.jsonl import Jsonl
from human_loops_cli.exports.label_studio import LabelStudio
from human_loops_cli.exports.left_out import LeftOutError, Reason
from human_loops_cli.exports.loop import FieldLeftOut, ReviewSelection
from human_loops_cli.exports.rekognition_adapter import RekognitionAdapter
from tests.cli.export_rules import (
    check_comprehend,
    check_ground_truth,
    check_jsonl,
    check_label_studio,
    check_rekognition,
)
from tests.cli.exported_loops import loop_of, with_source
from tests.cli.outputs import label, output
from tests.unit.documents import blocks_of, forms

IMAGE: Final = "s3://amzn-s3-demo-bucket/photo.jpg"
HOSTILE: Final = (
    "a\nb",
    "\r\n",
    "\x00",
    "x\u2028y\x85z",
    "=1+1",
    "@SUM(A1)",
    '"',
    ',"',
    "a|b",
    " a ",
    "",
    "s3://",
    "https://x/1.png?X-Amz-Signature=1",
    "\U0001f600\ufffe",
    "]]></View>",
    "a-metadata",
    "x" * 300,
)

texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20))
numbers = st.one_of(
    st.integers(-5, 700), st.floats(-5, 700), st.sampled_from((1e308, -1e99, 10**400, 0, 0.4))
)
boxes = st.fixed_dictionaries(
    {"label": texts, **dict.fromkeys(("left", "top", "width", "height"), numbers)}
)
answers = st.one_of(
    texts,
    st.builds(lambda name: {"label": name}, texts),
    st.builds(lambda names: {"labels": names}, st.lists(texts, max_size=3)),
    st.builds(
        lambda drawn, width: {
            "boundingBoxes": drawn,
            "inputImageProperties": {"width": width, "height": 480},
        },
        st.lists(boxes, max_size=3),
        st.one_of(st.just(640), numbers),
    ),
    numbers,
    st.booleans(),
    st.recursive(texts, lambda inner: st.lists(inner, max_size=2), max_leaves=4),
)
sources = st.one_of(texts, st.just(IMAGE), st.none(), numbers)

CHECKS: Final[dict[str, Callable[[str], Any]]] = {
    "jsonl": check_jsonl,
    "ground-truth": check_ground_truth,
    "comprehend-csv": check_comprehend,
    "label-studio": check_label_studio,
}


def complete(written_as: ExportFormat, *entries: str) -> str:
    return written_as.START + written_as.SEPARATOR.join(entries) + written_as.END


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKS)
def test_whatever_is_exported_follows_the_rules(name: str) -> None:
    exported = 0

    @settings(max_examples=150)
    @given(
        field=texts.filter(bool),
        vote=answers,
        others=st.lists(answers, max_size=2),
        agree=st.booleans(),
        source=sources,
    )
    def check(field: str, vote: Any, others: list[Any], agree: bool, source: Any) -> None:
        nonlocal exported
        written_as = FORMATS[name]()
        votes = [vote] * 3 if agree else [vote, *others]
        document = with_source(output("loop", *votes, field=field), source)
        with suppress(LeftOutError):
            text = complete(written_as, written_as.write(loop_of(document)))
            assert text.encode().decode() == text
            CHECKS[name](text)
            exported += 1

    check()
    assert exported > 10


@pytest.mark.full
def test_moderation_labels_with_any_name_follow_the_rules() -> None:
    exported = 0

    @settings(max_examples=150)
    @given(st.lists(st.tuples(texts, texts), max_size=4), st.one_of(texts, st.just("1.jpg")))
    def check(labels: list[tuple[str, str]], key: str) -> None:
        nonlocal exported
        with suppress(LeftOutError):
            written_as = RekognitionAdapter()
            entry = written_as.write(loop_of(moderated(labels, key)))
            check_rekognition(complete(written_as, entry))
            exported += 1

    check()
    assert exported > 10


def moderated(labels: list[tuple[str, str]], key: str) -> dict[str, Any]:
    given_labels = [{"name": name, "parentName": parent} for name, parent in labels if fold(name)]
    return {
        "awsManagedHumanLoopRequestSource": MODERATION,
        "flowDefinitionArn": "arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/images",
        "humanLoopName": "loop",
        "humanAnswers": [{"answerContent": {MODERATION: {"moderationLabels": given_labels}}}],
        "inputContent": {
            "aiServiceRequest": {
                "image": {"s3Object": {"bucket": "amzn-s3-demo-bucket", "name": key}}
            },
            "selectedAiServiceResponse": {"moderationLabels": []},
        },
    }


@given(texts)
def test_label_attribute_is_one_that_ground_truth_takes(name: str) -> None:
    attribute = attribute_name(name)
    line = {
        "source": "text",
        attribute: 0,
        f"{attribute}-metadata": {
            "class-name": "x",
            "confidence": 0,
            "type": "groundtruth/text-classification",
            "human-annotated": "yes",
            "creation-date": "2026-03-14T11:05:00.000000",
            "job-name": "tickets",
        },
    }
    check_ground_truth(json.dumps(line) + "\n")


@given(texts, texts)
def test_comprehend_reads_the_exact_text_but_for_line_breaks(name: str, text: str) -> None:
    document = with_source(output("loop", label(name)), text)
    with suppress(LeftOutError):
        row = ComprehendCsv().write(loop_of(document))
        ((read_label, read_text),) = csv.reader(io.StringIO(row, newline=""))
        assert read_label == single_spaced(name)
        assert read_text.split() == text.split()
        if len(text.splitlines()) == 1 and text == text.splitlines()[0]:
            assert read_text == text


def refused(written_as: ExportFormat, document: Any, *mapping: FieldMapping, **more: Any) -> Reason:
    with pytest.raises(LeftOutError) as raised:
        written_as.write(loop_of(document, *mapping, **more))
    return raised.value.reason


def drawing(*drawn: dict[str, Any], width: float = 640) -> dict[str, Any]:
    return {
        "boundingBoxes": list(drawn),
        "inputImageProperties": {"width": width, "height": 480},
    }


def box(left: float = 0, top: float = 0, width: float = 10, height: float = 10) -> dict[str, Any]:
    return {"label": "dog", "left": left, "top": top, "width": width, "height": height}


def test_formula_is_exact_in_the_csv() -> None:
    document = with_source(output("loop", label("=A1")), "=1+1")
    assert ComprehendCsv().write(loop_of(document)) == '"=A1","=1+1"\n'


def test_label_with_the_delimiter_is_refused_and_another_delimiter_helps() -> None:
    document = with_source(output("loop", {"labels": ["a|b", "c"]}), "text")
    assert refused(ComprehendCsv(), document) is Reason.DELIMITER_IN_LABEL
    assert ComprehendCsv(";").write(loop_of(document)) == '"a|b;c","text"\n'
    one_class = with_source(output("loop", label("a|b")), "text")
    assert ComprehendCsv().write(loop_of(one_class)) == '"a|b","text"\n'


def test_delimiters_are_those_of_amazon_comprehend() -> None:
    model = botocore.session.get_session().get_service_model("comprehend")
    pattern = model.shape_for("LabelDelimiter").metadata["pattern"]
    assert {chr(each) for each in range(256) if re.match(pattern, chr(each))} == DELIMITERS


@pytest.mark.parametrize("written_as", [GroundTruth, LabelStudio])
@pytest.mark.parametrize(
    ("drawn", "reason"),
    [
        (drawing(box(left=635)), Reason.BOX_OUTSIDE_IMAGE),
        (drawing(box(top=-1)), Reason.BOX_OUTSIDE_IMAGE),
        (drawing(box(width=1e99)), Reason.BOX_OUTSIDE_IMAGE),
        (drawing(box(width=0)), Reason.EMPTY_BOX),
        (drawing(box(height=-3)), Reason.EMPTY_BOX),
        (drawing(box(), width=0), Reason.NO_IMAGE_SIZE),
        ({"boundingBoxes": [box()]}, Reason.NO_IMAGE_SIZE),
    ],
)
def test_box_that_cannot_be_on_the_image_is_refused(
    written_as: type[ExportFormat], drawn: dict[str, Any], reason: Reason
) -> None:
    assert refused(written_as(), with_source(output("loop", drawn), IMAGE)) is reason


def test_reviewers_with_different_image_sizes_are_refused() -> None:
    document = with_source(output("loop", drawing(box()), drawing(box(), width=320)), IMAGE)
    assert refused(GroundTruth(), document) is Reason.NO_IMAGE_SIZE


def test_removed_boxes_are_an_image_without_boxes() -> None:
    document = with_source(output("loop", drawing()), IMAGE, guess=[box()])
    mapping = FieldMapping(name="Dogs", prediction="guess", answer="category")
    written_as = GroundTruth()
    text = complete(written_as, written_as.write(loop_of(document, mapping)))
    check_ground_truth(text)
    assert json.loads(text)["Dogs"]["annotations"] == []


def test_edges_of_boxes_are_rounded() -> None:
    document = with_source(output("loop", drawing(box(0.4, 0.6, 639.4, 10))), IMAGE)
    line = json.loads(GroundTruth().write(loop_of(document)))
    (annotation,) = line["category"]["annotations"]
    assert (annotation["left"], annotation["width"]) == (0, 640)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("s3://", Reason.INVALID_S3_URI),
        ("s3://Upper_Case/x.jpg", Reason.INVALID_S3_URI),
        ("s3://amzn-s3-demo-bucket/", Reason.INVALID_S3_URI),
        ("https://example.com/1.jpg", Reason.SOURCE_IS_URL),
        ("s3://amzn-s3-demo-bucket/form.pdf", Reason.SOURCE_IS_NO_IMAGE),
        (None, Reason.NO_SOURCE),
        ({"s3": "x"}, Reason.NO_SOURCE),
        ("  ", Reason.NO_SOURCE),
    ],
)
def test_source_that_cannot_be_used_is_refused(source: Any, reason: Reason) -> None:
    document = with_source(output("loop", label("dog")), source)
    assert refused(GroundTruth(), document) is reason
    assert refused(LabelStudio(), document) is reason


def test_text_is_no_image_to_draw_on() -> None:
    document = with_source(output("loop", drawing(box())), "a text")
    assert refused(GroundTruth(), document) is Reason.SOURCE_IS_TEXT
    assert refused(LabelStudio(), document) is Reason.SOURCE_IS_TEXT
    removed = with_source(output("loop", drawing()), "a text", guess=[box()])
    mapping = FieldMapping(name="Dogs", prediction="guess", answer="category")
    assert refused(LabelStudio(), removed, mapping) is Reason.SOURCE_IS_TEXT


def test_object_is_no_text_for_comprehend() -> None:
    document = with_source(output("loop", label("dog")), IMAGE)
    assert refused(ComprehendCsv(), document) is Reason.SOURCE_IS_OBJECT


def test_query_of_a_url_is_not_exported() -> None:
    document = with_source(
        output("loop", label("x")), "https://example.com/1.jpg?X-Amz-Signature=1"
    )
    assert json.loads(Jsonl().write(loop_of(document)))["source"] == "https://example.com/1.jpg"


@pytest.mark.parametrize("written_as", [GroundTruth, ComprehendCsv])
def test_one_file_has_one_field_and_one_kind_of_value(written_as: type[ExportFormat]) -> None:
    file = written_as()
    file.write(loop_of(with_source(output("loop", label("dog")), "text")))
    other_kind = with_source(output("loop", {"labels": ["dog"]}), "text")
    assert refused(file, other_kind) is Reason.MIXED
    other_field = with_source(output("loop", label("dog"), field="animal"), "text")
    assert refused(file, other_field) is Reason.MIXED


def test_label_studio_has_one_control_for_a_name() -> None:
    file = LabelStudio()
    file.write(loop_of(with_source(output("loop", label("dog")), "text")))
    other = with_source(output("loop", {"labels": ["dog"]}), "text")
    assert refused(file, other) is Reason.MIXED
    assert file.configuration().count("category") == 1


def test_several_fields_take_the_name_of_one() -> None:
    document = with_source(output("loop", label("dog")), "text")
    document["humanAnswers"][0]["answerContent"]["breed"] = label("terrier")
    assert refused(ComprehendCsv(), document) is Reason.SEVERAL_FIELDS
    assert refused(ComprehendCsv(), document, field="colour") is Reason.NO_FIELD
    assert ComprehendCsv().write(loop_of(document, field="breed")) == '"terrier","text"\n'


def test_only_corrections_of_an_unknown_prediction_are_refused() -> None:
    document = with_source(output("loop", label("dog")), "text")
    assert refused(Jsonl(), document, only=ReviewSelection.CORRECTED) is Reason.NO_PREDICTION
    assert (
        refused(ComprehendCsv(), document, only=ReviewSelection.CORRECTED) is Reason.NO_PREDICTION
    )
    assert Reason.NO_PREDICTION.is_refusal


def test_disputed_field_is_left_out_and_counted() -> None:
    document = with_source(output("loop", label("dog"), label("cat")), "text")
    for answer in document["humanAnswers"]:
        answer["answerContent"]["breed"] = label("terrier")
    loop = loop_of(document)
    assert [each["name"] for each in json.loads(Jsonl().write(loop))["fields"]] == ["breed"]
    assert loop.fields_left_out == {FieldLeftOut.DISPUTED: 1}


def test_values_are_left_out_if_it_is_not_known_which_of_the_same_keys_they_replace() -> None:
    shown = blocks_of(("Date", "1/1", "a"), ("Date", "2/2", "b"), ("Total", "5", "t"))
    answer = blocks_of(("Date", "3/3", "x"), ("Date", "4/4", "y"), ("Total", "6", "z"))
    loop = loop_of(forms(shown, answer))

    (field,) = json.loads(Jsonl().write(loop))["fields"]

    assert (field["name"], field["predicted"], field["consensus"]) == ("Total", "5", "6")
    assert loop.fields_left_out == {FieldLeftOut.DISPUTED: 2}


def test_removal_is_left_out_if_an_absent_input_can_mean_something_else() -> None:
    mapping = FieldMapping(name="Note", prediction="note", answer="remark")
    document = with_source(output("loop", *[label("dog")] * 3), "text", note="paid")
    document["humanAnswers"][0]["answerContent"]["remark"] = "paid"

    assert refused(Jsonl(), document, mapping, field="Note") is Reason.DISPUTED
    blank = FieldMapping(name="Note", prediction="note", answer="remark", absent="blank")
    (field,) = json.loads(Jsonl().write(loop_of(document, blank, field="Note")))["fields"]
    assert (field["verdict"], field["consensus"]) == ("removed", None)


def test_value_of_a_minority_is_not_exported_nor_its_name() -> None:
    document = with_source(output("loop", label("dog"), label("dog"), label("dog")), "text")
    document["humanAnswers"][0]["answerContent"]["remark of one"] = "secret"
    assert "of one" not in Jsonl().write(loop_of(document))


def test_numbers_that_are_near_the_prediction_but_not_each_other_are_the_prediction() -> None:
    mapping = FieldMapping(name="Total", prediction="total", answer="category", tolerance=1)
    document = with_source(output("loop", "9", "11"), "text", total="10")
    (field,) = json.loads(Jsonl().write(loop_of(document, mapping)))["fields"]
    assert (field["verdict"], field["consensus"]) == ("confirmed", "10")


def test_text_instead_of_a_number_is_of_a_kind_of_its_own() -> None:
    mapping = FieldMapping(name="Total", prediction="total", answer="category")
    document = with_source(output("loop", "none"), "text", total=5)
    (field,) = json.loads(Jsonl().write(loop_of(document, mapping)))["fields"]
    assert (field["kind"], field["predicted"], field["consensus"]) == ("mixed", "5", '"none"')
    task = json.loads(LabelStudio().write(loop_of(document, mapping, field="Total")))
    assert task["annotations"][0]["result"][0]["value"] == {"choices": ["none"]}
    assert "predictions" not in task


def test_class_ids_are_the_same_in_all_lines() -> None:
    file = GroundTruth()
    lines = [
        json.loads(file.write(loop_of(with_source(output("loop", label(name)), "text"))))
        for name in ("dog", "cat", "dog")
    ]
    assert [line["category"] for line in lines] == [0, 1, 0]


def test_images_of_an_adapter_are_in_one_bucket() -> None:
    file = RekognitionAdapter()

    def image(bucket: str) -> dict[str, Any]:
        return {
            "awsManagedHumanLoopRequestSource": MODERATION,
            "humanAnswers": [{"answerContent": {}}],
            "inputContent": {
                "aiServiceRequest": {"image": {"s3Object": {"bucket": bucket, "name": "1.jpg"}}},
                "selectedAiServiceResponse": {"moderationLabels": [{"name": "Violence"}]},
            },
        }

    assert json.loads(file.write(loop_of(image("first-bucket"))))
    assert refused(file, image("second-bucket")) is Reason.OTHER_BUCKET
