"""What the documentation of each format says about a file, as checks."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import botocore.session
import jsonschema
from botocore.validate import ParamValidator

S3_URI = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+"

#: The JSON Schema of corrected documents.
DOCUMENT = jsonschema.Draft202012Validator(
    json.loads(
        (Path(__file__).parents[2] / "docs" / "corrected-document.schema.json").read_text("utf-8")
    )
)

_ANALYZED = (
    botocore.session.get_session()
    .get_service_model("textract")
    .operation_model("AnalyzeDocument")
    .output_shape
)
_SAGEMAKER = botocore.session.get_session().get_service_model("sagemaker")
_COMPREHEND = botocore.session.get_session().get_service_model("comprehend")

#: The columns of each line of `jsonl`, and of each field, with the types of their values.
COLUMNS: dict[str, tuple[type, ...]] = {
    "human_loop_name": (str,),
    "flow_definition_arn": (str,),
    "output_uri": (str,),
    "task_type": (str,),
    "source": (str, type(None)),
    "fields": (list,),
}
FIELD_COLUMNS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "predicted_name": (str, type(None)),
    "kind": (str,),
    "predicted": (str, type(None)),
    "consensus": (str, type(None)),
    "verdict": (str, type(None)),
    "confidence": (float, type(None)),
}


def json_lines(text: str) -> list[dict[str, Any]]:
    """Read JSON Lines, whichever characters a reader takes for the end of a line."""
    lines = text.splitlines()
    assert lines
    assert text.endswith("\n")
    assert lines == text.removesuffix("\n").split("\n")
    return [json.loads(line) for line in lines]


def check_corrected(text: str) -> None:
    """Every line is a document of the schema, and only decided fields have a value."""
    for line in json_lines(text):
        assert line.pop("outputUri")
        DOCUMENT.validate(line)
        statuses = [field["status"] for field in line["fields"]]
        assert line["complete"] == ("disputed" not in statuses)
        for field in line["fields"]:
            assert (field["value"] is None) == (field["status"] in ("removed", "disputed"))


def check_blocks(text: str) -> None:
    """Every response has the members of Textract's API, in their types."""
    assert _ANALYZED is not None
    for line in json_lines(text):
        assert list(line)[:2] == ["humanLoopName", "flowDefinitionArn"]
        report = ParamValidator().validate(line["response"], _ANALYZED)
        assert not report.has_errors(), report.generate_report()
        assert line["response"]["Blocks"]


def check_jsonl(text: str) -> None:
    """Every line has the same columns, in one order, each with one type."""
    for line in json_lines(text):
        assert list(line) == list(COLUMNS)
        assert all(type(line[name]) in types for name, types in COLUMNS.items())
        assert line["fields"]
        for field in line["fields"]:
            assert list(field) == list(FIELD_COLUMNS)
            assert all(type(field[name]) in types for name, types in FIELD_COLUMNS.items())
            if field["kind"] != "text":
                for value in (field["predicted"], field["consensus"]):
                    assert value is None or json.loads(value) is not None


def check_ground_truth(text: str) -> None:
    """Check an augmented manifest.

    https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
    """
    attributes, types = set(), set()
    classes: dict[int, str] = {}
    for line in json_lines(text):
        assert ("source-ref" in line) != ("source" in line)
        if "source-ref" in line:
            assert re.fullmatch(S3_URI, line["source-ref"], re.DOTALL)
        (metadata_name,) = (name for name in line if name.endswith("-metadata"))
        attribute = metadata_name.removesuffix("-metadata")
        attributes.add(attribute)
        label, metadata = line[attribute], line[metadata_name]
        types.add(metadata["type"])
        assert metadata["human-annotated"] == "yes"
        assert re.fullmatch(
            _SAGEMAKER.shape_for("LabelingJobName").metadata["pattern"], metadata["job-name"]
        )
        written = metadata["creation-date"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", written)
        assert datetime.fromisoformat(written)
        classes_of_line = _check_label(label, metadata, "source-ref" in line)
        for number, name in classes_of_line.items():
            assert classes.setdefault(number, name) == name
    (attribute,) = attributes
    shape = _SAGEMAKER.shape_for("LabelAttributeName").metadata
    assert re.fullmatch(shape["pattern"], attribute)
    assert len(attribute) <= shape["max"]
    assert not attribute.endswith(("-metadata", "-ref"))
    assert len(types) == 1
    assert len(set(classes.values())) == len(classes)


def _check_label(label: Any, metadata: dict[str, Any], is_image: bool) -> dict[int, str]:
    media = "image" if is_image else "text"
    always = {"type", "human-annotated", "creation-date", "job-name"}
    if metadata["type"] == "groundtruth/object-detection":
        assert is_image
        assert metadata.keys() == always | {"objects", "class-map"}
        return _check_boxes(label, metadata)
    if metadata["type"] == "groundtruth/text-span":
        assert not is_image
        assert metadata.keys() == always | {"entities"}
        entities = label["annotations"]["entities"]
        assert len(metadata["entities"]) == len(entities)
        assert all(each.keys() == {"startOffset", "endOffset", "label"} for each in entities)
        assert all(0 <= each["startOffset"] < each["endOffset"] for each in entities)
        named = {each["label"] for each in label["annotations"]["labels"]}
        assert named == {each["label"] for each in entities}
        return {}
    if metadata["type"] == f"groundtruth/{media}-classification":
        assert metadata.keys() == always | {"class-name", "confidence"}
        assert type(label) is int
        assert 0 <= metadata["confidence"] <= 1
        assert metadata["class-name"]
        return {label: metadata["class-name"]}
    assert metadata["type"] == f"groundtruth/{media}-classification-multilabel"
    assert metadata.keys() == always | {"class-map", "confidence-map"}
    assert label, "workers choose at least one"
    assert len(set(label)) == len(label)
    assert metadata["class-map"].keys() == metadata["confidence-map"].keys()
    assert metadata["class-map"].keys() == {str(number) for number in label}
    assert all(0 <= each <= 1 for each in metadata["confidence-map"].values())
    return {int(number): name for number, name in metadata["class-map"].items()}


def _check_boxes(label: dict[str, Any], metadata: dict[str, Any]) -> dict[int, str]:
    assert label.keys() == {"image_size", "annotations"}
    (size,) = label["image_size"]
    assert size.keys() == {"width", "height", "depth"}
    for box in label["annotations"]:
        assert box.keys() == {"class_id", "left", "top", "width", "height"}
        assert all(type(each) is int for each in box.values())
        assert box["left"] >= 0
        assert box["top"] >= 0
        assert box["width"] > 0
        assert box["height"] > 0
        assert box["left"] + box["width"] <= size["width"]
        assert box["top"] + box["height"] <= size["height"]
    assert len(metadata["objects"]) == len(label["annotations"])
    assert all(0 <= each["confidence"] <= 1 for each in metadata["objects"])
    used = {str(box["class_id"]) for box in label["annotations"]}
    assert metadata["class-map"].keys() == used
    return {int(number): name for number, name in metadata["class-map"].items()}


def check_rekognition(text: str) -> None:
    """Check the manifest of a Custom Moderation adapter.

    https://docs.aws.amazon.com/rekognition/latest/dg/using-adapters-manifest-files.html
    """
    buckets = set()
    for line in json_lines(text):
        assert line.keys() == {"source-ref", "content-moderation-groundtruth"}
        assert re.fullmatch(S3_URI, line["source-ref"], re.DOTALL)
        buckets.add(line["source-ref"].split("/")[2])
        labelled = line["content-moderation-groundtruth"]
        assert labelled.keys() == {"ModerationLabels"}
        assert all(label.keys() == {"Name"} for label in labelled["ModerationLabels"])
        names = [label["Name"] for label in labelled["ModerationLabels"]]
        assert all(names)
        assert len(set(names)) == len(names)
    assert len(buckets) == 1, "all images of a data set are in one bucket"


def check_comprehend(text: str, *, delimiter: str | None = None) -> list[list[str]]:
    """Check a classifier's CSV, and return its rows.

    https://docs.aws.amazon.com/comprehend/latest/dg/prep-class-data-format.html
    """
    assert text.endswith("\n")
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert rows
    assert len(rows) == len(text.splitlines()), "a row is one line"
    for row in rows:
        label, document = row
        assert document
        labels = [label] if delimiter is None else label.split(delimiter)
        assert all(each and each == each.strip() for each in labels)
    if delimiter is not None:
        assert re.fullmatch(_COMPREHEND.shape_for("LabelDelimiter").metadata["pattern"], delimiter)
    return rows


def check_label_studio(text: str) -> None:
    """Check tasks: what `label-studio-sdk` checks too, and that each region is complete.

    https://labelstud.io/guide/task_format
    """
    tasks = json.loads(text)
    assert tasks
    for task in tasks:
        assert task.keys() <= {"data", "annotations", "predictions"}
        assert ("image" in task["data"]) != ("text" in task["data"])
        (annotation,) = task["annotations"]
        assert annotation.keys() == {"result"}
        for whole in (*task["annotations"], *task.get("predictions", ())):
            for region in whole["result"]:
                assert {"id", "from_name", "to_name", "type", "value"} <= region.keys()
                if region["type"] == "rectanglelabels":
                    box = region["value"]
                    assert 0 <= box["x"] < 100
                    assert 0 <= box["y"] < 100
                    assert 0 < box["width"] <= 100 - box["x"] + 1e-9
                    assert 0 < box["height"] <= 100 - box["y"] + 1e-9
