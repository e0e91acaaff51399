"""Outputs give the same outcomes wherever they are reviewed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from human_loops_cli.mappings.mapping_file import MappingFile, PathCounts
from human_loops_cli.outcome_data import output_reviewers
from human_loops_cli.outcome_data.output_reviewers import OutputReviewers
from human_loops_cli.outcome_data.reviewed_output import Reviewed

OUTPUTS: Final = Path(__file__).parents[2] / "local" / "samples" / "outputs"
SAMPLES: Final = [path for path in sorted(OUTPUTS.glob("*.json")) if path.suffixes == [".json"]]
OTHERS: Final = (b'{"x": "humanAnswers"}', b'{"humanAnswers": 1}', b'{"humanAnswers": [', b"[]")
CONTENTS: Final = [*(path.read_bytes() for path in SAMPLES), *OTHERS]


def reviews(processes: int, mapping: Path | None = None) -> tuple[list[Reviewed], PathCounts]:
    mappings = MappingFile(mapping)
    reviewers = OutputReviewers(mappings, processes)
    try:
        found = [
            each
            for number, content in enumerate(CONTENTS)
            for each in reviewers.review(content, f"{number}.json")
        ]
        found += reviewers.finish()
    finally:
        reviewers.close()
    return sorted(found, key=lambda each: int(each.place.partition(".")[0])), mappings.counts


@pytest.fixture
def small_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_reviewers, "_FEW_BYTES", 3000)
    monkeypatch.setattr(output_reviewers, "_SHARE_BYTES", 5000)


@pytest.mark.slow
@pytest.mark.usefixtures("small_shares")
def test_processes_review_as_one_process_does(tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.json"
    mapping.write_bytes((OUTPUTS / "custom-line-items-mapped.mapping.json").read_bytes())
    expected = reviews(1, mapping)
    assert sum(each.outcome is not None for each in expected[0]) == len(SAMPLES) > 5
    assert sum(expected[1].found.values()) > 0
    assert [each.content for each in expected[0][-4:]] == [OTHERS[0], b"", *OTHERS[2:]]
    assert "expected a list" in str(expected[0][-3].problem)
    assert reviews(2, mapping) == expected


@pytest.mark.usefixtures("small_shares")
def test_outputs_of_a_process_that_ended_are_reviewed_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started = output_reviewers._Worker.__init__

    def start_and_end(worker: Any, mappings: MappingFile) -> None:
        started(worker, mappings)
        worker.end()

    expected = reviews(1)
    monkeypatch.setattr(output_reviewers._Worker, "__init__", start_and_end)
    assert reviews(2) == expected


@pytest.mark.slow
@pytest.mark.usefixtures("small_shares")
def test_processes_end_with_the_reviewers(monkeypatch: pytest.MonkeyPatch) -> None:
    workers: list[Any] = []
    started = output_reviewers._Worker.__init__

    def noted(worker: Any, mappings: MappingFile) -> None:
        started(worker, mappings)
        workers.append(worker)

    monkeypatch.setattr(output_reviewers._Worker, "__init__", noted)
    reviews(2)
    assert workers
    assert all(each._process.returncode is not None for each in workers)
