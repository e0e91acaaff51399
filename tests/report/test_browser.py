"""The report in a real browser. A browser that does not start is a failure."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from human_loops_cli.report.data import ReportData
from human_loops_cli.report.markup import visible
from human_loops_cli.report.page import render
from tests.report.outcomes import HOSTILE, example, hostile

ROOT = Path(__file__).parents[2]
MODES = ("light", "dark", "print", "narrow")
pytestmark = pytest.mark.full

QUIET = {"console": [], "errors": [], "requests": [], "dialogs": 0}

#: What only a browser's pixels could tell: axe-core does not see what is behind a text of a chart,
#: or behind a cell that is scrolled out of sight. `test_style.py` compares the colours instead.
UNDECIDED = "color-contrast:"


@pytest.fixture(scope="module")
def data() -> ReportData:
    return example()


@pytest.fixture(scope="module")
def seen(data: ReportData, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a browser does with the pages."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "example.html").write_bytes(render(data))
    (folder / "hostile.html").write_bytes(render(hostile()))
    temporary = folder / "browser"
    temporary.mkdir()
    run = subprocess.run(
        [Path(sys.executable).with_name("node"), ROOT / "tests/report/browser.mjs", folder],
        env={**os.environ, "TMPDIR": str(temporary), "HOME": str(temporary)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


@pytest.mark.parametrize("mode", [*MODES, "interaction", "hostile", "static"])
def test_page_logs_nothing_and_requests_nothing(seen: dict[str, Any], mode: str) -> None:
    assert seen[mode]["seen"] == QUIET


@pytest.mark.parametrize("mode", [*MODES, "hostile"])
def test_page_is_accessible(seen: dict[str, Any], mode: str) -> None:
    found = seen[mode]["axe"]
    assert found["passes"] > 20
    assert found["violations"] == []
    assert [each for each in found["incomplete"] if not each.startswith(UNDECIDED)] == []


@pytest.mark.parametrize("mode", MODES)
def test_page_fits_its_width(seen: dict[str, Any], mode: str) -> None:
    page = seen[mode]["page"]
    assert not page["overflow"]
    widths = [chart["width"] for chart in page["charts"]]
    assert min(widths) > 200
    assert max(widths) < (360 if mode == "narrow" else 500)


def test_modes_have_their_colours(seen: dict[str, Any]) -> None:
    papers = [seen[mode]["page"]["paper"] for mode in ("light", "dark", "print")]
    assert papers == ["rgb(255, 255, 255)", "rgb(18, 23, 29)", "rgb(255, 255, 255)"]
    bars = [seen[mode]["page"]["charts"][0]["fill"] for mode in ("light", "dark")]
    assert bars == ["rgb(47, 113, 171)", "rgb(106, 170, 228)"]


def test_charts_show_the_data(data: ReportData, seen: dict[str, Any]) -> None:
    charts = seen["light"]["page"]["charts"]
    volume = charts[0]
    assert "Stacked bars of ended human loops of invoices" in volume["label"]
    days = [row for row in data.rows["days"] if row["flow_definition_arn"].endswith("/invoices")]
    counts = [int(row[kind]) for row in days for kind in ("completed", "failed", "stopped")]
    drawn = [int(re.search(r": (\d+) ", mark)[1]) for mark in volume["marks"]]  # type: ignore[index]
    assert drawn == [count for count in counts if count]
    heights = dict(zip(drawn, volume["heights"], strict=True))
    unit = heights[max(drawn)] / max(drawn)
    assert all(abs(height - count * unit) < 1 for count, height in heights.items())
    fields = [
        row for row in data.rows["field_verdicts"] if row["flow_definition_arn"].endswith("claims")
    ]
    verdicts = [each for each in charts if "verdicts on fields of claims" in each["label"]]
    assert len(verdicts) == 1
    for row in fields:
        assert (
            f"{row['field']}: {row['confirmed']} confirmed, of {row['fields']} fields"
            in (verdicts[0]["marks"])
        )


def test_partial_days_are_marked(seen: dict[str, Any]) -> None:
    marks = seen["light"]["page"]["charts"][0]["marks"]
    partial = [mark for mark in marks if "(partial)" in mark]
    assert partial
    assert all("15\u00a0Apr\u00a02026" in mark for mark in partial)


def test_mouse_and_keys_show_what_a_mark_is(seen: dict[str, Any]) -> None:
    interaction = seen["interaction"]
    assert interaction["hovered"] == {"text": interaction["labels"][0], "inside": True}
    assert interaction["left"]["text"] == ""
    assert interaction["stops"][-1] == "chart"
    for key, label in (("focused", 0), ("next", 1), ("last", -1)):
        assert interaction[key] == {"text": interaction["labels"][label], "inside": True}
    assert interaction["escaped"]["text"] == ""


def test_tables_open_by_key_and_in_print(seen: dict[str, Any]) -> None:
    assert seen["interaction"]["toggled"]
    assert seen["printing"]["closed"] > 10
    assert seen["printing"]["printed"] == 0
    assert seen["printing"]["after"] == seen["printing"]["closed"]
    assert min(seen["print"]["page"]["tables"]) > 0


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_name_stays_text(seen: dict[str, Any], text: str) -> None:
    assert seen["hostile"]["page"]["text"].count(visible(text)) > 3


def test_hostile_names_add_no_elements_and_no_handlers(seen: dict[str, Any]) -> None:
    page = seen["hostile"]["page"]
    assert set(page["tags"]) - {"li"} <= set(seen["light"]["page"]["tags"])
    assert page["handlers"] == []
    assert page["scripts"] == 1
    assert seen["hostile"]["tooltip"]["text"]


def test_hostile_names_are_in_charts_as_text(seen: dict[str, Any]) -> None:
    charts = seen["hostile"]["page"]["charts"]
    texts = [text for chart in charts for text in chart["texts"]]
    assert any(text.startswith("</script><scrip") for text in texts)
    marks = [mark for chart in charts for mark in chart["marks"]]
    assert any(mark.startswith('" onmouseover="alert(4)" x=": ') for mark in marks)


def test_page_without_scripts_is_complete(seen: dict[str, Any], data: ReportData) -> None:
    text = seen["static"]["text"]
    assert "Human loop reviews" in text
    assert seen["static"]["charts"] == len(seen["light"]["page"]["charts"])
    assert f"{sum(row['loops'] for row in data.rows['totals']):,} human loops" in text


def test_policy_refuses_scripts_styles_and_requests_of_others(seen: dict[str, Any]) -> None:
    policy = seen["policy"]
    assert policy["title"] == "Human loop reviews"
    assert policy["failed"] == [[url, "csp"] for url in policy["requests"]]
    refused = "\n".join(policy["refused"])
    for directive in ("script-src", "style-src", "img-src", "default-src", "inline event handler"):
        assert directive in refused
