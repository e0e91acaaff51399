"""Exports of spans for Amazon Comprehend, and of translations by row."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from human_loop_reviews.mapping import FieldMapping
from human_loops_cli.exports.comprehend_entities import ComprehendEntities
from human_loops_cli.exports.left_out import LeftOutError, Reason
from human_loops_cli.exports.loop import FieldLeftOut, ReviewSelection
from human_loops_cli.exports.translate_tmx import TranslateTmx
from human_loops_cli.exports.translations import Translations
from tests.cli.conftest import run, run_json
from tests.cli.export_rules import json_lines
from tests.cli.exported_loops import loop_of, with_source
from tests.cli.outputs import output, write
from tests.cli.test_export import same_as_expected
from tests.cli.test_export_spans import ADA, EXAMPLE, TEXT, entities, spans_of

# Comprehend ---------------------------------------------------------------------------------------


#: The prediction of a model.
GUESSED = {"guessed": entities(EXAMPLE)["entities"]}


def check_entities(annotations: str, documents: str) -> list[tuple[str, str]]:
    """Check annotations and their documents, and return the text and the type of each.

    https://docs.aws.amazon.com/comprehend/latest/dg/cer-annotation-csv.html
    """
    assert documents.endswith("\n")
    lines = documents.removesuffix("\n").split("\n")
    assert lines == documents.splitlines(), "a document is one line, whoever reads it"
    header, *rows = csv.reader(io.StringIO(annotations, newline=""), strict=True)
    assert header == ["File", "Line", "Begin Offset", "End Offset", "Type"]
    found = []
    for name, line, begin, end, of_type in rows:
        assert name == "documents.txt"
        assert 0 <= int(begin) < int(end) <= len(lines[int(line)])
        assert of_type == of_type.upper()
        assert not set(of_type) & set("\n\r\t ,")
        found.append((lines[int(line)][int(begin) : int(end)], of_type))
    return found


def export_entities(*documents: Any) -> tuple[str, str]:
    written_as = ComprehendEntities("documents.txt")
    rows = "".join(written_as.write(loop_of(each)) for each in documents)
    return written_as.START + rows, written_as.documents()


def test_offsets_of_entities_count_characters() -> None:
    """The browser counts an emoji as two."""
    annotations, documents = export_entities(spans_of(entities(ADA, EXAMPLE)))
    assert check_entities(annotations, documents) == [("Ada", "PERSON"), ("Example Ltd", "COMPANY")]
    assert documents == f"{TEXT}\n"


def test_line_breaks_of_a_document_do_not_move_its_entities() -> None:
    text = "Ada\r\n\u2028works\x85at IBM"
    annotations, documents = export_entities(
        spans_of(entities((0, 3, "person"), (15, 18, "senior company"))),
        spans_of(entities((0, 3, "person"), (15, 18, "senior company")), text=text),
    )
    assert check_entities(annotations, documents)[2:] == [
        ("Ada", "PERSON"),
        ("IBM", "SENIOR_COMPANY"),
    ]


def test_loop_without_entities_is_a_document_without_rows() -> None:
    mapping = FieldMapping(name="marked", prediction="guessed", answer="marked.entities")
    written_as = ComprehendEntities("documents.txt")
    rows = [
        written_as.write(loop_of(with_source(spans_of(entities(*spans)), TEXT, **GUESSED), mapping))
        for spans in ((), (ADA,), ())
    ]
    assert rows == ["", "documents.txt,1,0,3,PERSON\n", ""]
    assert written_as.documents() == f"{TEXT}\n" * 3


@pytest.mark.parametrize(
    ("spans", "reason"),
    [
        (((0, 3, "a"), (2, 7, "b")), Reason.OVERLAPPING_SPANS),
        (((0, 3, "a b"), (6, 8, "a-b")), Reason.SAME_ENTITY_TYPE),
        (((0, 3, "--"),), Reason.NO_LABEL),
        (tuple((n, n + 1, f"t{n}") for n in range(26)), Reason.TOO_MANY_ENTITY_TYPES),
    ],
)
def test_entities_that_comprehend_does_not_take_are_refused(spans: Any, reason: Reason) -> None:
    text = "x" * 40
    written_as = ComprehendEntities()
    with pytest.raises(LeftOutError) as error:
        written_as.write(loop_of(spans_of(entities(*spans), text=text)))
    assert error.value.reason is reason
    assert written_as.documents() == ""
    assert written_as.write(loop_of(spans_of(entities((0, 1, "a"))))).startswith("documents.txt,0,")


def test_command_writes_annotations_and_documents(tmp_path: Path) -> None:
    named = [
        {**spans_of(entities(*spans)), "humanLoopName": f"loop-{number}"}
        for number, spans in enumerate([(ADA, EXAMPLE), (ADA,), (EXAMPLE,)])
    ]
    write(tmp_path / "outputs", *named)
    annotations, documents = tmp_path / "annotations.csv", tmp_path / "documents.txt"
    summary = run_json(
        *("export", str(tmp_path / "outputs"), "--format", "comprehend-entities"),
        *("-o", str(annotations), "--documents", str(documents)),
    )
    assert summary["exported"] == 3
    assert len(check_entities(annotations.read_text(), documents.read_text())) == 4
    same_as_expected("entities.csv", annotations.read_text())
    same_as_expected("entities.txt", documents.read_text())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("comprehend-entities",), "name the one for the documents with --documents"),
        (("jsonl", "--documents", "d.txt"), "--documents is for comprehend-entities"),
        (("translate-tmx",), "expected the codes of source and target, such as en,es"),
        (("translate-tmx", "--languages", "en,en"), "expected the codes"),
        (("translate-tmx", "--languages", 'en,"><x'), "expected the codes"),
        (("jsonl", "--languages", "en,es"), "--languages is for translate-tmx"),
        (
            ("comprehend-entities", "--documents", "a", "-o", "a"),
            "-o and --documents name one file",
        ),
    ],
)
def test_options_are_refused_before_anything_is_read(
    options: tuple[str, ...], message: str
) -> None:
    result = run("export", "no-such-file.json", "--format", *options)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


# Translations -------------------------------------------------------------------------------------

ROWS = FieldMapping(
    name="T",
    prediction="translationPairs[*].translation",
    answer="[translation1, translation2, translation3]",
    rows=True,
)
SOURCE = "translationPairs[*].originalText"


def translated(pairs: list[dict[str, Any]], *answers: list[str]) -> dict[str, Any]:
    """Return the output of a task with an input for each pair."""
    contents = [
        {f"translation{number}": text for number, text in enumerate(texts, 1)} for texts in answers
    ]
    document = with_source(output("loop", *contents), None, translationPairs=pairs)
    document["humanAnswers"] = [
        {**answer, "answerContent": content}
        for answer, content in zip(document["humanAnswers"], contents, strict=True)
    ]
    return document


def pair(original: Any, translation: Any) -> dict[str, Any]:
    return {"originalText": original, "translation": translation}


PAIRS = [pair("Good day", "Buenos dias."), pair("Yes", "Si."), pair("-1 & <x>\n", "-1 y <x>\n")]
REVIEWED = ["Buenos d\u00edas.", "Si.", "-1 y <x>\n"]


def lines_of(document: dict[str, Any], **options: Any) -> list[tuple[str, str, str]]:
    loop = loop_of(document, ROWS, **{"source": SOURCE, **options})
    return [
        (line["name"], line["source"], line["target"])
        for line in json_lines(Translations().write(loop) + "\n")
    ]


def test_each_row_is_a_pair_of_its_source_and_of_what_the_reviewers_gave() -> None:
    assert lines_of(translated(PAIRS, REVIEWED)) == [
        ("T[0]", "Good day", "Buenos d\u00edas."),
        ("T[1]", "Yes", "Si."),
        ("T[2]", "-1 & <x>\n", "-1 y <x>\n"),
    ]


def test_only_corrected_rows_can_be_chosen() -> None:
    document = translated(PAIRS, REVIEWED)
    assert [name for name, *_ in lines_of(document, only=ReviewSelection.CORRECTED)] == ["T[0]"]


def test_field_with_rows_can_be_named() -> None:
    assert len(lines_of(translated(PAIRS, REVIEWED), field="T")) == 3


def test_source_that_is_missing_in_one_row_moves_no_other_row() -> None:
    """A projection leaves out nulls: the next source would be paired with this translation."""
    pairs = [pair(None, "Buenos dias."), PAIRS[1], {"translation": "x"}]
    loop = loop_of(translated(pairs, [*REVIEWED[:2], "y"]), ROWS, source=SOURCE)
    (line,) = Translations().write(loop).split("\n")
    assert (json.loads(line)["source"], json.loads(line)["target"]) == ("Yes", "Si.")
    assert loop.fields_left_out[FieldLeftOut.NO_PAIR] == 2


@pytest.mark.parametrize(
    ("pairs", "source", "reason"),
    [
        ([PAIRS[0], pair("Yes", None), PAIRS[2]], SOURCE, Reason.OTHER_SOURCE_ROWS),
        (PAIRS, "translationPairs[:2].originalText", Reason.OTHER_SOURCE_ROWS),
        (PAIRS, "translationPairs[0].originalText", Reason.NO_SOURCE_ROWS),
        (PAIRS, "nothing", Reason.NO_SOURCE_ROWS),
    ],
)
def test_rows_that_cannot_be_paired_by_number_are_refused(
    pairs: Any, source: str, reason: Reason
) -> None:
    with pytest.raises(LeftOutError) as error:
        lines_of(translated(pairs, REVIEWED), source=source)
    assert error.value.reason is reason


def test_row_on_which_reviewers_disagree_is_left_out_and_counted() -> None:
    answers = [["a", "Si.", "z"], ["b", "Si.", "z"], ["c", "Si.", "z"]]
    loop = loop_of(translated(PAIRS, *answers), ROWS, source=SOURCE)
    assert Translations().write(loop).count("\n") == 1
    assert loop.fields_left_out[FieldLeftOut.DISPUTED] == 1


def units_of(text: str) -> list[dict[str, str]]:
    """Check parallel data, and return its units by language.

    https://docs.aws.amazon.com/translate/latest/dg/customizing-translations-parallel-data-input-files.html
    """
    root = ElementTree.fromstring(text.encode())  # noqa: S314 - written here
    assert (root.tag, root.attrib) == ("tmx", {"version": "1.4"})
    header, body = root
    units = []
    for unit in body:
        assert unit.tag == "tu"
        segments = {}
        for variant in unit:
            language = variant.attrib["{http://www.w3.org/XML/1998/namespace}lang"]
            (segment,) = variant
            segments[language] = segment.text or ""
        assert header.attrib["srclang"] in segments
        assert len(segments) == 2
        assert all(each.strip() and len(each.encode()) <= 1000 for each in segments.values())
        units.append(segments)
    assert units
    return units


def test_parallel_data_has_a_unit_for_each_row(tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.json"
    mapping.write_text(
        json.dumps(
            [{each: getattr(ROWS, each) for each in ("name", "prediction", "answer", "rows")}]
        )
    )
    quoted = {**translated(PAIRS[:1], ['=1 \r 34"']), "humanLoopName": "quoted"}
    write(tmp_path / "outputs", translated(PAIRS, REVIEWED), quoted)
    common = ("export", str(tmp_path / "outputs"), "--mapping", str(mapping), "--source", SOURCE)
    tmx, jsonl = tmp_path / "translations.tmx", tmp_path / "translations.jsonl"
    options = ("--format", "translate-tmx", "--languages", "en,es", "-o", str(tmx))
    assert run_json(*common, *options)["exported"] == 2
    assert run_json(*common, "--format", "translations", "-o", str(jsonl))["exported"] == 2
    pairs = [(each["source"], each["target"]) for each in json_lines(jsonl.read_text())]
    assert [(unit["en"], unit["es"]) for unit in units_of(tmx.read_bytes().decode())] == pairs
    assert ("Good day", '=1 \r 34"') in pairs
    same_as_expected("translations.tmx", tmx.read_bytes().decode())
    same_as_expected("translations.jsonl", jsonl.read_text().replace(f"{tmp_path}/", ""))


def test_text_that_translate_skips_is_left_out_and_counted() -> None:
    pairs = [pair("a", "b"), pair("c", "d"), pair("e", "f")]
    document = translated(pairs, ["\u00e9" * 501, "\x0c", "f"])
    loop = loop_of(document, ROWS, source=SOURCE)
    written_as = TranslateTmx("en", "es")
    text = written_as.START + written_as.write(loop) + written_as.END
    assert units_of(text) == [{"en": "e", "es": "f"}]
    assert loop.fields_left_out == {FieldLeftOut.NOT_TAKEN: 1, FieldLeftOut.NO_PAIR: 1}
    with pytest.raises(LeftOutError) as error:
        written_as.write(loop_of(translated(pairs[:1], ["\u00e9" * 501]), ROWS, source=SOURCE))
    assert error.value.reason is Reason.SEGMENT
