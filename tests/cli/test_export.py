"""``human-loops export``: what reviewers agreed on, in each format, and nothing else.

The expected files are in tests/cli/exports. `tests/formats` loads them with the libraries that read
them. After a wanted change: UPDATE_EXPORTS=1 pytest tests/cli/test_export.py, and read the diff.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from human_loops_cli.errors import CommandError
from human_loops_cli.exports.export_writer import ExportWriter
from human_loops_cli.exports.formats import FORMATS
from human_loops_cli.exports.left_out import LeftOutError
from human_loops_cli.files import complete_file
from tests.cli.conftest import run, run_json
from tests.cli.export_rules import (
    check_blocks,
    check_comprehend,
    check_corrected,
    check_ground_truth,
    check_jsonl,
    check_label_studio,
    check_rekognition,
    json_lines,
)
from tests.cli.exported_loops import loop_of, with_source
from tests.cli.outputs import label, output, write

ROOT = Path(__file__).parents[2]
SAMPLES = Path("local/samples/outputs")
EXPECTED = ROOT / "tests" / "cli" / "exports"
MAPPING = ("--mapping", "tests/cli/exports/mapping.json")
MAPPED_BOXES = ("--mapping", f"{SAMPLES}/custom-bounding-box-mapped.mapping.json")

#: The expected file, the format, the samples and the options, and the check of its rules.
CASES: dict[str, tuple[str, Sequence[str], Sequence[str], Callable[[str], Any]]] = {
    "samples.jsonl": (
        "jsonl",
        (
            "textract-added-removed-disputed",
            "textract-relabelled",
            "rekognition-moderation",
            "custom-bounding-box-mapped",
            "custom-classifier-mapped",
        ),
        MAPPING,
        check_jsonl,
    ),
    "corrected.jsonl": (
        "jsonl",
        (
            "textract-added-removed-disputed",
            "rekognition-moderation",
            "custom-bounding-box-mapped",
            "custom-classifier-mapped",
        ),
        (*MAPPING, "--only", "corrected"),
        check_jsonl,
    ),
    "class.manifest": ("ground-truth", ("custom-classifier",), (), check_ground_truth),
    "documents.jsonl": (
        "corrected",
        (
            "textract-added-removed-disputed",
            "textract-invoice",
            "textract-unshown",
            "rekognition-moderation",
            "custom-bounding-box-mapped",
            "custom-classifier-mapped",
        ),
        MAPPING,
        check_corrected,
    ),
    "blocks.jsonl": (
        "corrected-blocks",
        ("textract-added-removed-disputed", "textract-preview-2020"),
        (),
        check_blocks,
    ),
    "labels.manifest": (
        "ground-truth",
        ("rekognition-moderation", "rekognition-early-2020", "rekognition-minority"),
        (),
        check_ground_truth,
    ),
    "text-labels.manifest": (
        "ground-truth",
        ("custom-multi-select",),
        ("--source", "text"),
        check_ground_truth,
    ),
    "boxes.manifest": (
        "ground-truth",
        ("custom-bounding-box-mapped",),
        MAPPED_BOXES,
        check_ground_truth,
    ),
    "moderation.manifest": (
        "rekognition-adapter",
        (
            "rekognition-moderation",
            "rekognition-early-2020",
            "rekognition-minority",
            "rekognition-none-of-these",
        ),
        (),
        check_rekognition,
    ),
    "class.csv": ("comprehend-csv", ("custom-classifier",), (), check_comprehend),
    "labels.csv": (
        "comprehend-csv",
        ("custom-multi-select",),
        ("--source", "text", "--delimiter", ";"),
        lambda text: check_comprehend(text, delimiter=";"),
    ),
    "images.json": (
        "label-studio",
        (
            "custom-bounding-box-mapped",
            "rekognition-moderation",
            "textract-added-removed-disputed",
            "textract-invoice",
        ),
        (*MAPPED_BOXES, "--labeling-config", "images.xml"),
        check_label_studio,
    ),
    "texts.json": (
        "label-studio",
        ("custom-classifier", "custom-multi-select"),
        ("--source", "text || taskObject", "--labeling-config", "texts.xml"),
        check_label_studio,
    ),
    "class.json": (
        "label-studio",
        ("custom-classifier",),
        ("--field", "category", "--labeling-config", "class.xml"),
        check_label_studio,
    ),
}


#: The formats of test_export_texts.py, and how many samples they take without a mapping.
OF_TEXTS = {"comprehend-entities": 1, "translations": 0, "translate-tmx": 0}


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def same_as_expected(name: str, text: str) -> None:
    if os.environ.get("UPDATE_EXPORTS"):
        (EXPECTED / name).write_bytes(text.encode())
    assert text == (EXPECTED / name).read_bytes().decode()


@pytest.mark.parametrize("name", CASES)
def test_samples_are_exported_by_the_rules_of_the_format(name: str, tmp_path: Path) -> None:
    format_name, samples, options, check = CASES[name]
    config = tmp_path / "config.xml"
    others = [str(config) if each.endswith(".xml") else each for each in options]

    result = run(
        "export", *(f"{SAMPLES}/{each}.json" for each in samples), "--format", format_name, *others
    )

    assert result.exit_code == 0, result.stderr
    check(result.stdout)
    same_as_expected(name, result.stdout)
    if config.exists():
        same_as_expected(Path(name).with_suffix(".xml").name, config.read_text())


HOSTILE = (
    'a\nb\r\n"c"',
    "x\u2028y\u2029z\x85",
    "nul \x00 and \x1b[2J",
    "=1+1, </script>]]>",
    "emoji \U0001f600 \ufffe {{x}} $image",
)


@pytest.mark.parametrize(
    ("name", "format_name", "options"),
    [
        ("hostile.jsonl", "jsonl", ()),
        ("hostile.csv", "comprehend-csv", ("--field", "category")),
        ("hostile.json", "label-studio", ("--field", "category")),
        ("hostile.manifest", "ground-truth", ("--field", "category")),
    ],
)
def test_hostile_texts_are_exported_by_the_rules_of_the_format(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    format_name: str,
    options: Sequence[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for number, text in enumerate(HOSTILE):
        document = with_source(output(f"loop-{number}", label(text), label(text)), text)
        for answer in document["humanAnswers"]:
            answer["answerContent"][text] = text
        write(Path("outputs"), document)
    if format_name == "label-studio":
        options = (*options, "--labeling-config", "config.xml")

    result = run("export", "outputs", "--format", format_name, *options)

    assert result.exit_code == 0, result.stderr
    checks = {case[0]: case[3] for case in CASES.values()} | {"comprehend-csv": check_comprehend}
    checks[format_name](result.stdout)
    same_as_expected(name, result.stdout)
    if format_name == "label-studio":
        same_as_expected("hostile.xml", Path("config.xml").read_text())


def test_every_format_has_an_expected_file() -> None:
    assert {case[0] for case in CASES.values()} | OF_TEXTS.keys() == FORMATS.keys()


def values_of(value: Any, keys: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, str) and any(each in key.lower() for each in keys):
                yield inner
            else:
                yield from values_of(inner, keys)
    elif isinstance(value, list):
        for inner in value:
            yield from values_of(inner, keys)


@pytest.mark.slow
@pytest.mark.parametrize("format_name", FORMATS)
def test_no_reviewer_comment_or_token_of_any_sample_is_exported(format_name: str) -> None:
    secret = ("workerid", "sub", "issuer", "workercomment", "token")
    hidden: set[str] = set()
    entries: list[str] = []
    for sample in sample_outputs():
        document = json.loads(sample.read_text())
        hidden |= set(values_of(document, secret))
        inputs = document.get("inputContent") or document.get("humanLoopInputContent") or {}
        others = {"taskToken": "token-of-a-task", "url": "https://x/1.png?X-Amz-Signature=secret"}
        document["inputContent"] = {**others, **inputs}
        for source in ("taskObject", "text || initialValue", "url"):
            with suppress(LeftOutError):
                entries.append(FORMATS[format_name]().write(loop_of(document, source=source)))
    assert len(hidden) > 5
    assert len(entries) >= OF_TEXTS.get(format_name, 4)
    hidden |= {"token-of-a-task", "Signature"}
    assert [each for each in hidden for entry in entries if each in entry] == []


def sample_outputs() -> list[Path]:
    return [
        each
        for each in sorted(SAMPLES.glob("*.json"))
        if not each.stem.endswith((".outcome", ".mapping"))
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two loops that agree, one confirmed and one corrected, and one that does not."""
    outputs = tmp_path / "outputs"
    write(
        outputs,
        *(
            with_source(each, f"text of {each['humanLoopName']}")
            for each in (
                output("confirmed", label("Billing")),
                output("corrected", label("Delivery"), label("Delivery"), label("Refund")),
                output("disputed", label("Delivery"), label("Refund")),
                output("unanswered"),
            )
        ),
    )
    return outputs


@pytest.fixture
def mapping(tmp_path: Path) -> str:
    path = tmp_path / "mapping"
    path.write_text('[{"name": "Category", "prediction": "guess", "answer": "category.label"}]')
    return str(path)


def test_file_is_written_and_the_summary_names_every_loop_that_is_left_out(
    folder: Path, mapping: str, tmp_path: Path
) -> None:
    file = tmp_path / "train.csv"

    result = run(
        *("export", str(folder), "--format", "comprehend-csv", "--mapping", mapping),
        *("-o", str(file)),
    )

    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    assert file.read_text() == ('"Billing","text of confirmed"\n"Delivery","text of corrected"\n')
    assert result.stderr == (
        "Category: prediction found in 3 of 3 files, answer in 3 of 3\n"
        f"2 of 4 outputs exported to {file}\n"
        "left out: 1: no value is known to have more than half of the reviewers: disputed\n"
        "left out: 1: no reviewer answered: unanswered\n"
    )
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_only_corrected_leaves_out_what_the_reviewers_upheld(folder: Path, mapping: str) -> None:
    for format_name in ("comprehend-csv", "ground-truth", "jsonl", "label-studio"):
        result = run(
            *("export", str(folder), "--format", format_name, "--mapping", mapping),
            *("--only", "corrected"),
        )
        assert result.exit_code == 0, result.stderr
        assert "text of corrected" in result.stdout
        assert "confirmed" not in result.stdout
        assert "left out: 1: the reviewers corrected nothing: confirmed\n" in result.stderr


def test_image_is_corrected_if_one_of_its_labels_was() -> None:
    """Then it has all its labels: a set without the confirmed ones would be wrong."""
    samples = ("rekognition-moderation", "rekognition-none-of-these", "rekognition-minority")
    result = run(
        *("export", *(f"{SAMPLES}/{each}.json" for each in samples)),
        *("--format", "rekognition-adapter", "--only", "corrected"),
    )
    assert result.exit_code == 0
    assert [
        [each["Name"] for each in line["content-moderation-groundtruth"]["ModerationLabels"]]
        for line in json_lines(result.stdout)
    ] == [["Alcohol", "Alcoholic Beverages", "Revealing Clothes", "Suggestive"], []]
    assert "left out: 1: the reviewers corrected nothing: image-4\n" in result.stderr


def test_summary_as_json_names_all_loops(folder: Path, mapping: str, tmp_path: Path) -> None:
    file = tmp_path / "train.jsonl"
    summary = run_json(
        *("export", str(folder), "--format", "jsonl", "--mapping", mapping, "-o", str(file))
    )
    assert summary["exported"] == 2
    assert summary["leftOut"] == {"disputed": 1, "unanswered": 1}
    assert summary["loops"][0] == {
        "input": str(folder / "disputed" / "output.json"),
        "humanLoopName": "disputed",
        "reason": "disputed",
        "explanation": "no value is known to have more than half of the reviewers",
    }
    lines = json_lines(file.read_text())
    assert [line["human_loop_name"] for line in lines] == ["confirmed", "corrected"]


def test_json_without_a_file_is_refused(folder: Path) -> None:
    result = run("export", str(folder), "--format", "jsonl", "--json")
    assert result.exit_code == 2
    assert "name a file with -o" in result.stderr


def test_same_output_twice_is_exported_once(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.json"
    document = json.loads((folder / "confirmed" / "output.json").read_text())
    copy.write_text(json.dumps(document, indent=2))  # the same, written in another way

    result = run("export", str(folder), str(copy), "--format", "jsonl")

    assert result.exit_code == 0
    assert "left out: 1: the same output again: confirmed\n" in result.stderr
    assert len(json_lines(result.stdout)) == 2


def test_name_that_is_used_again_is_another_loop(tmp_path: Path) -> None:
    for folder, vote in (("a", "x"), ("b", "y")):
        write(tmp_path / folder, with_source(output("loop", label(vote)), "text"))
    result = run("export", str(tmp_path), "--format", "comprehend-csv")
    assert result.stdout == '"x","text"\n"y","text"\n'


def test_nothing_to_export_is_an_error_and_leaves_no_file(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "train.manifest"
    file.write_text("of yesterday")
    result = run("export", str(folder), "--format", "rekognition-adapter", "-o", str(file))
    assert result.exit_code == 1
    assert "error: nothing to export: no file" in result.stderr
    assert "left out: 3: the format does not take this task type" in result.stderr
    assert file.read_text() == "of yesterday"
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_task_type_that_does_not_fit_is_status_1_and_the_others_are_exported(
    folder: Path,
) -> None:
    form = str(SAMPLES / "textract-invoice.json")
    result = run("export", str(folder), form, "--format", "comprehend-csv")
    assert result.exit_code == 1
    assert "left out: 1: the format does not take this task type: invoice-1042" in result.stderr
    assert len(result.stdout.splitlines()) == 2


def test_documents_are_exported_whole_and_whatever_was_corrected() -> None:
    names = ("textract-invoice", "textract-early-2020", "rekognition-disputed-preview-2020")
    samples = [f"{SAMPLES}/{name}.json" for name in names]
    every = run("export", *samples, "--format", "corrected")
    corrected = run("export", *samples, "--format", "corrected", "--only", "corrected")

    assert [json.loads(each)["complete"] for each in every.stdout.splitlines()] == [
        *(True, True, False)
    ]
    assert "fields left out" not in every.stderr
    (only,) = corrected.stdout.splitlines()
    assert json.loads(only)["humanLoopName"] == "invoice-1042"
    assert corrected.exit_code == 0


def test_outputs_without_a_document_say_why(folder: Path) -> None:
    broken = json.loads((SAMPLES / "textract-invoice.json").read_text())
    broken["inputContent"]["aiServiceResponse"]["blocks"].append({"id": 5})
    write(folder, {**broken, "humanLoopName": "broken"})
    samples = (str(folder), f"{SAMPLES}/textract-invoice.json")
    result = run("export", *samples, "--format", "corrected")

    assert result.exit_code == 1
    assert "3: the prediction is not known, which takes a --mapping" in result.stderr
    assert "inputContent.aiServiceResponse.blocks[28].id: expected text" in result.stderr
    assert len(result.stdout.splitlines()) == 1


def test_unreadable_output_is_named_and_status_1(folder: Path) -> None:
    (folder / "broken.json").write_text("{")
    result = run("export", str(folder), "--format", "jsonl")
    assert result.exit_code == 1
    assert f"{folder}/broken.json: line 1 column 2: expected JSON" in result.stderr


def test_reasons_name_the_first_loops_and_count_the_others(tmp_path: Path) -> None:
    write(tmp_path, output("z", label("x")), *(output(f"loop-{n}") for n in range(7)))
    result = run("export", str(tmp_path), "--format", "jsonl")
    assert (
        "left out: 7: no reviewer answered: loop-0, loop-1, loop-2, loop-3, loop-4 and 2 more"
    ) in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--format", "textract-adapter"), "queries"),
        (("--format", "parquet"), "expected one of jsonl, ground-truth"),
        (("--format", "jsonl", "--delimiter", ";"), "--delimiter is for comprehend-csv"),
        (("--format", "comprehend-csv", "--delimiter", "||"), "expected one of"),
        (("--format", "jsonl", "--labeling-config", "x"), "--labeling-config is for label-studio"),
        (("--format", "rekognition-adapter", "--field", "x"), "takes no --field"),
        (("--format", "corrected", "--field", "x"), "takes no --field"),
        (("--format", "jsonl", "--source", "a..b"), "--source a..b: not a JMESPath expression"),
        (("--format", "jsonl", "-o", "/dev/null"), "not a regular file"),
        (
            ("--format", "label-studio", "-o", "x", "--labeling-config", "./x"),
            "-o and --labeling-config name one file",
        ),
        (
            ("--format", "label-studio", "--labeling-config", "-"),
            "-o and --labeling-config name one file",
        ),
        (("--format", "jsonl", "-o", "-", "--json"), "name a file with -o"),
    ],
)
def test_option_that_does_not_fit_is_refused(arguments: Sequence[str], said: str) -> None:
    result = run("export", f"{SAMPLES}/custom-classifier.json", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_output_that_is_read_is_not_written_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder / "confirmed")
    before = Path("output.json").read_text()
    result = run("export", str(folder), "--format", "jsonl", "-o", "output.json")
    assert result.exit_code == 2
    assert "is an output to read" in result.stderr
    assert Path("output.json").read_text() == before


def test_file_in_a_missing_directory_is_an_error_before_anything_is_read(folder: Path) -> None:
    result = run("export", str(folder), "--format", "jsonl", "-o", str(folder / "no" / "file"))
    assert result.exit_code == 2
    assert "no such directory" in result.stderr


def test_configuration_in_a_missing_directory_is_an_error_before_anything_is_written(
    folder: Path, tmp_path: Path
) -> None:
    file, config = tmp_path / "tasks.json", tmp_path / "no" / "config.xml"
    result = run(
        *("export", str(folder), "--format", "label-studio", "-o", str(file)),
        *("--labeling-config", str(config)),
    )
    assert result.exit_code == 2
    assert "no such directory" in result.stderr
    assert not file.exists()


def test_full_disk_is_an_error_and_leaves_no_file(folder: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with full.open("wb", buffering=0) as stream:
        destination = ExportWriter(stream, start="", separator="", end="")
        with pytest.raises(CommandError, match="No space left"), complete_file(folder / "x"):
            destination.add("entry")
    assert list(folder.glob("*x*")) == []


def test_interrupted_run_leaves_the_earlier_file(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text("of yesterday")

    def interrupt(*_: Any, **__: Any) -> Mapping[str, Any]:
        raise KeyboardInterrupt

    monkeypatch.setattr("human_loops_cli.commands.export.review_output", interrupt)
    result = run("export", str(folder), "--format", "jsonl", "-o", str(file))
    assert result.exit_code == 130
    assert file.read_text() == "of yesterday"
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []
