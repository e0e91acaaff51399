"""``human-loops agreement``: the votes of all loops of a flow definition, field by field."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from human_loops_cli.alpha import measure
from tests.cli.conftest import run, run_json
from tests.cli.outputs import FLOW, label, output, write
from tests.unit.documents import blocks_of, forms

SAMPLES = Path(__file__).parents[2] / "local" / "samples" / "outputs"

VOTES = ["AA", "BB", "AB", "BB", "AA"]


@pytest.fixture
def mapping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mapping") / "mapping"
    path.write_text('[{"name": "category", "prediction": "guess", "answer": "category.label"}]')
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(
        tmp_path,
        *(output(f"loop-{n}", *(label(vote) for vote in votes)) for n, votes in enumerate(VOTES)),
        output("alone", label("A")),
        output("nobody"),
    )
    return tmp_path


def only(agreement: dict[str, Any]) -> dict[str, Any]:
    (flow,) = agreement["flowDefinitions"]
    found: dict[str, Any] = flow
    return found


def test_alpha_is_computed_from_the_votes_of_all_loops(folder: Path) -> None:
    flow = only(run_json("agreement", str(folder)))
    expected = measure([Counter(votes) for votes in VOTES]).alpha
    assert expected is not None
    assert (flow["flowDefinitionArn"], flow["loops"]) == (FLOW, 7)
    assert flow["fields"] == [
        {
            "name": "category",
            "alpha": round(expected, 4),
            "reason": None,
            "units": 5,
            "votes": 10,
            "categories": 2,
            "interval": None,
            "ac1": 0.6,
        }
    ]
    assert (flow["alpha"], flow["units"]) == (round(expected, 4), 5)


def test_flow_definitions_and_fields_are_told_apart(tmp_path: Path) -> None:
    other = FLOW.replace("tickets", "claims")
    for number, votes in enumerate(("AA", "BB", "AB")):
        labels = [label(vote) for vote in votes]
        write(tmp_path, output(f"t{number}", *labels), output(f"c{number}", *labels, flow=other))
    write(tmp_path, output("t9", label("x"), label("y"), field="town"))
    flows = run_json("agreement", str(tmp_path))["flowDefinitions"]
    assert [(flow["flowDefinitionArn"], flow["loops"]) for flow in flows] == [(other, 3), (FLOW, 4)]
    assert [field["name"] for field in flows[1]["fields"]] == ["category", "town"]
    assert flows[1]["fields"][1]["reason"] == "fewer than two units with at least two reviewers"
    # A field without an alpha changes nothing in the combined one.
    assert flows[0]["alpha"] == flows[1]["alpha"]


def test_undefined_alpha_is_null_with_a_reason(tmp_path: Path) -> None:
    write(tmp_path, *(output(f"l{n}", label("A"), label("A")) for n in range(3)))
    flow = only(run_json("agreement", str(tmp_path)))
    assert flow["alpha"] is None
    assert "chance cannot be estimated" in flow["reason"]
    assert "undefined: all reviewers gave the same" in run("agreement", str(tmp_path)).stdout


def test_loops_of_one_reviewer_have_no_alpha(tmp_path: Path) -> None:
    write(tmp_path, *(output(f"l{n}", label("A")) for n in range(3)))
    flow = only(run_json("agreement", str(tmp_path)))
    assert (flow["alpha"], flow["units"]) == (None, 0)
    assert flow["reason"] == "fewer than two units with at least two reviewers"


def test_blank_answer_is_a_vote(tmp_path: Path) -> None:
    votes = [("x", "x"), ("", "y"), ("z", "")]
    write(tmp_path, *(output(f"l{n}", *each, field="note") for n, each in enumerate(votes)))
    (field,) = only(run_json("agreement", str(tmp_path)))["fields"]
    assert field["categories"] == 4
    assert field["alpha"] == round(measure([Counter(each) for each in votes]).alpha or 0, 4)


def test_numbers_within_the_tolerance_of_the_mapping_agree(tmp_path: Path) -> None:
    votes = [("10", "10.2"), ("20", "20.4"), ("30", "31")]
    write(tmp_path, *(output(f"l{n}", *each, field="amount") for n, each in enumerate(votes)))
    mapping = tmp_path / "mapping"
    entry = {"name": "Amount", "prediction": "guess", "answer": "amount", "tolerance": 0.5}
    mapping.write_text(json.dumps([entry]))
    options = ("agreement", str(tmp_path), "--mapping", str(mapping))
    (field,) = only(run_json(*options))["fields"]
    expected = measure(
        [Counter(map(float, each)) for each in votes], same=lambda a, b: abs(a - b) <= 0.5
    ).alpha
    assert expected is not None
    assert field["alpha"] == round(expected, 4)


@pytest.mark.parametrize(("other_key", "categories"), [("Total", 1), ("Amount", 2)])
def test_same_value_under_a_moved_key_is_another_vote(
    tmp_path: Path, other_key: str, categories: int
) -> None:
    shown = blocks_of(("Total", "5", "k"), confidence=40.0)
    moved = blocks_of((other_key, "5", "k"))
    document = forms(shown, blocks_of(("Total", "5", "k")), moved)
    (tmp_path / "output.json").write_text(json.dumps(document))
    (field,) = only(run_json("agreement", str(tmp_path)))["fields"]
    assert (field["name"], field["votes"], field["categories"]) == ("Total", 2, categories)


def test_unreadable_output_is_named_and_gives_status_1(folder: Path) -> None:
    (folder / "bad.json").write_text("{")
    agreement = run_json("agreement", str(folder), status=1)
    assert agreement["unreadable"] == [
        {
            "input": f"{folder}/bad.json",
            "error": f"{folder}/bad.json: line 1 column 2: expected JSON",
        }
    ]
    assert only(agreement)["loops"] == 7
    assert "bad.json" in run("agreement", str(folder)).stderr


def test_every_sample_can_be_counted() -> None:
    samples = [
        str(path)
        for path in SAMPLES.glob("*.json")
        if not path.name.endswith((".outcome.json", ".mapping.json"))
    ]
    flows = run_json("agreement", *samples)["flowDefinitions"]
    assert sum(flow["loops"] for flow in flows) == len(samples) > 20


def test_pairs_of_values_that_are_confused_are_shown_on_request_only(
    tmp_path: Path, mapping: Path
) -> None:
    votes = [("Billing", "Delivery"), ("Delivery", "Billing"), ("Billing", "Other")]
    write(tmp_path, *(output(f"l{n}", *map(label, each)) for n, each in enumerate(votes)))
    options = ("agreement", str(tmp_path), "--mapping", str(mapping))
    (field,) = only(run_json(*options))["fields"]
    assert "confused" not in field
    (field,) = only(run_json(*options, "--values"))["fields"]
    assert field["confused"] == [
        ['"Billing"', '"Delivery"', 2],
        ['"Billing"', '"Other"', 1],
    ]
    assert '"Delivery"' in run(*options, "--values").stdout
    assert "Delivery" not in run(*options).stdout


def test_last_answer_of_a_reviewer_who_answered_twice_counts(tmp_path: Path, mapping: Path) -> None:
    document = output("l1", label("Billing"), label("Delivery"), label("Delivery"))
    for place, answer in enumerate(document["humanAnswers"]):
        answer["workerId"] = ("one", "one", "two")[place]
        answer["submissionTime"] = f"2026-03-14T09:0{place}:00Z"
    write(tmp_path, document)
    (field,) = only(run_json("agreement", str(tmp_path), "--mapping", str(mapping)))["fields"]
    assert (field["votes"], field["categories"]) == (2, 1)


def test_agreement_has_an_interval_and_ac1(tmp_path: Path, mapping: Path) -> None:
    pairs = [("Billing", "Billing")] * 20 + [("Delivery", "Delivery")] * 15
    pairs += [("Billing", "Delivery")] * 5
    write(tmp_path, *(output(f"l{n}", *map(label, each)) for n, each in enumerate(pairs)))
    (field,) = only(run_json("agreement", str(tmp_path), "--mapping", str(mapping)))["fields"]
    low, high = field["interval"]
    assert low < field["alpha"] < high
    assert 0.7 < field["ac1"] < 0.8
    shown = run("agreement", str(tmp_path), "--mapping", str(mapping)).stdout
    assert f"{low:.3f} to {high:.3f}" in shown


def test_copy_of_an_output_counts_once(folder: Path) -> None:
    once = only(run_json("agreement", str(folder)))
    copy = folder / "copy"
    copy.mkdir()
    (copy / "output.json").write_text((folder / "loop-1" / "output.json").read_text())
    assert only(run_json("agreement", str(folder)))["loops"] == once["loops"]
    assert "copies of others, left out: 1" in run("agreement", str(folder)).stderr
