"""Exports are loaded by the libraries that read them: `datasets` and `label-studio-sdk`.

`make formats` runs it in an environment of its own, without a network. The files are the expected
ones of tests/cli/test_export.py and tests/cli/test_export_texts.py.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import pytest
from label_studio_sdk.label_interface import LabelInterface

TESTS = Path(__file__).parents[1]
EXPORTS = TESTS / "cli" / "exports"


def documented() -> Any:
    """Return the features, and the data of train.jsonl, as the code in docs/cli.md makes them."""
    page = (TESTS.parent / "docs" / "cli.md").read_text()
    (code,) = re.findall(r"^```python\n(.*?load_dataset.*?)^```", page, re.M | re.S)
    names = {name: getattr(datasets, name) for name in ("Features", "List", "Value")}
    names["load_dataset"] = datasets.load_dataset
    exec(code, names)  # noqa: S102 - the documentation's own code
    return names


def load(file: Path, cache: Path, **options: Any) -> Any:
    return datasets.load_dataset(
        "json", data_files=str(file), split="train", cache_dir=str(cache), **options
    )


def lines(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_text().split("\n"):
        if line:
            yield json.loads(line)


@pytest.mark.parametrize("name", ["samples.jsonl", "corrected.jsonl", "hostile.jsonl"])
def test_hugging_face_reads_every_line_as_it_is(name: str, tmp_path: Path) -> None:
    file = EXPORTS / name
    data = load(file, tmp_path)
    assert list(data) == list(lines(file))
    assert len(data) > 1


def test_documented_features_are_needed_where_a_column_begins_with_ten_megabytes_of_null(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (line, *_) = lines(EXPORTS / "samples.jsonl")
    (field, *_) = line["fields"]
    nothing = dict.fromkeys(("predicted_name", "predicted", "verdict", "confidence"))
    empty = {**line, "source": None, "fields": [{**field, **nothing, "name": "x" * 3000}]}
    file = tmp_path / "train.jsonl"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in [empty] * 6000 + [line]))
    with pytest.raises(Exception, match="generating the dataset"):
        load(file, tmp_path / "inferred")
    monkeypatch.chdir(tmp_path)
    names = documented()
    assert len(names["data"]) == 6001
    assert names["data"][6000] == line
    assert load(EXPORTS / "samples.jsonl", tmp_path / "samples").features == names["features"]


def test_translations_have_a_source_and_a_target_in_every_line(tmp_path: Path) -> None:
    file = EXPORTS / "translations.jsonl"
    data = load(file, tmp_path)
    assert list(data) == list(lines(file))
    assert {"source", "target"} <= data.features.keys()
    assert len(data) > 1


@pytest.mark.parametrize("name", ["class.csv", "labels.csv"])
def test_rows_of_a_classifier_are_labels_and_texts(name: str, tmp_path: Path) -> None:
    data = datasets.load_dataset(
        *("csv", None),
        data_files=str(EXPORTS / name),
        split="train",
        column_names=["labels", "text"],
        cache_dir=str(tmp_path),
    )
    with (EXPORTS / name).open(encoding="utf-8", newline="") as file:
        assert [[each["labels"], each["text"]] for each in data] == list(csv.reader(file))


def test_annotations_of_entities_are_within_their_documents(tmp_path: Path) -> None:
    def loaded(kind: str, name: str) -> Any:
        return datasets.load_dataset(
            kind, data_files=str(EXPORTS / name), split="train", cache_dir=str(tmp_path)
        )

    documents = loaded("text", "entities.txt")["text"]
    annotations = loaded("csv", "entities.csv")
    assert annotations.column_names == ["File", "Line", "Begin Offset", "End Offset", "Type"]
    marked = [
        documents[each["Line"]][each["Begin Offset"] : each["End Offset"]] for each in annotations
    ]
    assert set(marked) == {"Ada", "Example Ltd"}


@pytest.mark.parametrize("name", ["class.manifest", "boxes.manifest", "labels.manifest"])
def test_manifests_are_json_lines_too(name: str, tmp_path: Path) -> None:
    assert len(load(EXPORTS / name, tmp_path)) == len(list(lines(EXPORTS / name)))


@pytest.mark.parametrize("name", ["images", "texts", "class", "hostile"])
def test_label_studio_accepts_tasks_with_the_written_configuration(name: str) -> None:
    interface = LabelInterface((EXPORTS / f"{name}.xml").read_text())
    interface.validate()
    tasks = json.loads((EXPORTS / f"{name}.json").read_text())
    regions = 0
    for task in tasks:
        assert all(task["data"].get(each.value_name) for each in interface.objects)
        for whole in (*task["annotations"], *task.get("predictions", ())):
            assert interface._validate_object(whole, return_errors=True) == []
            regions += len(whole["result"])
    assert regions >= len(tasks) > 0


def test_label_studio_refuses_a_label_that_the_configuration_does_not_have() -> None:
    """The check above can fail."""
    interface = LabelInterface((EXPORTS / "images.xml").read_text())
    (task, *_) = json.loads((EXPORTS / "images.json").read_text())
    (annotation,) = task["annotations"]
    annotation["result"][0]["value"]["rectanglelabels"] = ["unknown"]
    assert interface._validate_object(annotation, return_errors=True)
