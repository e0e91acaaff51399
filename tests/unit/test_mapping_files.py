"""The mappings of a deployed handler: found in a layer, and parsed when they are needed."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from human_loop_reviews.a2i.validation import InvalidDocumentError
from human_loop_reviews.mapping import FieldMapping, TaskMapping
from human_loop_reviews.mapping_files import MappingFiles, UnusableMappingError
from human_loop_reviews.tasks import mapping_json

LAYER = "arn:aws:lambda:eu-west-1:111122223333:layer:Mappings:3"
TOWN = TaskMapping(fields=[FieldMapping(name="Town", path="town")])


def write(folder: Path, name: str, content: Any) -> None:
    path = folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a layer that Lambda extracted."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "python")])
    folder = tmp_path / "python" / "human_loop_mappings"
    write(folder, "tickets", TOWN.to_json())
    return folder


def test_mapping_is_found_in_the_layer(folder: Path) -> None:
    files = MappingFiles.in_layer(LAYER)
    assert files.find("111122223333/eu-west-1/tickets", "tickets") == TOWN
    assert files.find("claims") is None
    assert folder.is_dir()


def test_mapping_with_account_and_region_takes_precedence(folder: Path) -> None:
    write(folder, "444455556666/us-east-1/tickets", [{"name": "City", "path": "city"}])
    files = MappingFiles.in_layer(LAYER)
    found = files.find("444455556666/us-east-1/tickets", "tickets")
    assert found is not None
    assert found.fields[0].name == "City"
    assert files.find("111122223333/us-east-1/tickets", "tickets") == TOWN


def test_mappings_in_an_archive_are_found(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "layer.zip", "w") as archive:
        archive.writestr("python/human_loop_mappings/tickets.json", json.dumps(TOWN.to_json()))
    folder = zipfile.Path(tmp_path / "layer.zip", "python/human_loop_mappings/")
    files = MappingFiles(folder, source=LAYER)
    assert files.find("tickets") == TOWN
    assert files.find("claims") is None


def test_only_the_mapping_that_is_needed_is_parsed_and_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = []
    parse = mapping_json.parse_task_mapping

    def note(text: bytes | str) -> TaskMapping:
        parsed.append(text)
        return parse(text)

    monkeypatch.setattr(mapping_json, "parse_task_mapping", note)
    for n in range(50):
        write(folder, f"flow-{n}", TOWN.to_json())
    files = MappingFiles.in_layer(LAYER)
    assert [files.find("flow-7"), files.find("flow-7")] == [TOWN, TOWN]
    assert len(parsed) == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "mappings: line 1"),
        ([{"name": "Town", "path": "a["}], "is not a JMESPath expression"),
        ([{"name": "Town", "path": "town", "later": 1}], "'later' is none of name"),
        ([], "expected at least one FieldMapping"),
    ],
)
def test_mapping_that_cannot_be_parsed_breaks_no_other_one(
    folder: Path, content: Any, says: str
) -> None:
    write(folder, "claims", content)
    files = MappingFiles.in_layer(LAYER)
    for _ in range(2):
        with pytest.raises(UnusableMappingError) as error:
            files.find("claims")
        assert says in str(error.value)
        assert str(error.value).startswith(f"the mapping of claims in layer {LAYER} cannot be used")
    assert files.find("tickets") == TOWN
    assert isinstance(error.value, InvalidDocumentError), "no retry can succeed"


def test_missing_layer_is_an_error_and_not_a_review_without_mapping() -> None:
    files = MappingFiles.in_layer(LAYER)
    with pytest.raises(UnusableMappingError, match=r"claims are unknown: layer .*:3 has no folder"):
        files.find("111122223333/eu-west-1/claims", "claims")


@pytest.mark.parametrize(
    "name", ["../tickets", "/etc/passwd", "", "a/../tickets", "Tickets", "x\0"]
)
def test_name_from_an_event_leaves_the_folder_nowhere(folder: Path, name: str) -> None:
    write(folder.parent, "tickets", [{"name": "Outside", "path": "a"}])
    assert MappingFiles.in_layer(LAYER).find(name) is None
