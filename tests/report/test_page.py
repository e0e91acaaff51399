"""What the report says, and how large it is."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from human_loop_tables.queries import QUERIES
from human_loops_cli.errors import CommandError
from human_loops_cli.outcome_data.rejects import Rejects
from human_loops_cli.report import drawing
from human_loops_cli.report.charts import FAILED, Spec, turnaround, volume
from human_loops_cli.report.data import ReportData
from human_loops_cli.report.markup import Markup, visible
from human_loops_cli.report.page import MAX_BYTES, render
from human_loops_cli.report.periods import Period
from human_loops_cli.thresholds.advice import Advice, NoThreshold, Outlook
from human_loops_cli.thresholds.advise import Question
from human_loops_cli.thresholds.learn_then_test import Candidate
from tests.examples import examples
from tests.report.outcomes import ARN, Row, example, field, hostile, judged, loop, staged

DAY = timedelta(days=1)
MARCH_3 = datetime(2026, 3, 3, 9, tzinfo=UTC)


class Page(HTMLParser):
    """The elements and the text of a page, as a browser would find them."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page.decode())
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] not in {"style", "script"}:
            self.words.append(data.replace("\u00a0", " "))

    def charts(self) -> list[str]:
        """Return the labels of the charts."""
        return [attrs["aria-label"] or "" for tag, attrs in self.elements if "viewbox" in attrs]

    def marks(self) -> list[str]:
        """Return the labels of all marks."""
        return [
            (attrs.get("aria-label") or "").replace("\u00a0", " ")
            for _, attrs in self.elements
            if attrs.get("role") == "graphics-symbol" and "aria-label" in attrs
        ]


def page_of(loops: list[Row], fields: list[Row] | None = None, **data: Any) -> Page:
    return Page(render(ReportData(sources=["a"], rows=staged(loops, fields or []), **data)))


def on_days(*days: int, **changes: Any) -> list[Row]:
    return [
        loop(place, creation_time=datetime(2026, 3, day, 9, tzinfo=UTC), **changes)
        for place, day in enumerate(days)
    ]


def test_summary_says_what_was_read_and_dropped() -> None:
    data: dict[str, Any] = {"outcomes": 9, "duplicates": 3, "replaced": 2, "verifications": 1}
    rejects = [Rejects(place="b.jsonl", problem="not JSON", lines=[3, 1400], count=2)]
    page = page_of(on_days(2, 4), rejects=rejects, **data)
    assert "2 human loops of 1 flow definition ended from 2 Mar 2026 to 4 Mar 2026" in page.text
    for fact in (
        "9 outcomes read.",
        "3 duplicates of an outcome dropped.",
        "2 outcomes replaced by another one of the same loop.",
        "1 outcome of verifications left out.",
        "2 outcomes rejected.",
        "3, 1,400",
    ):
        assert fact in page.text


def test_unknown_counts_are_not_zero() -> None:
    text = page_of(on_days(2)).text
    assert "How many outcomes were read and dropped is not known" in text
    assert "0 duplicates" not in text
    assert "0 duplicates" in page_of(on_days(2), outcomes=1).text


def test_report_without_loops_says_so() -> None:
    page = page_of([], outcomes=1, rejects=[Rejects(place="b.jsonl", problem="not JSON")])
    assert "There is no human loop to report on." in page.text
    assert "1 outcome rejected." in page.text
    assert page.charts() == []


def test_nothing_judged_is_not_zero_percent() -> None:
    page = page_of(on_days(2, status="Failed", turnaround_seconds=None))
    unknown = "what share of all predictions is correct cannot be said"
    assert f"n/a no prediction of a randomly sampled loop was judged: {unknown}" in page.text
    assert not re.search(r"\b0(\.0)? %", page.text)


@pytest.mark.full
def test_share_of_few_is_marked() -> None:
    ended = loop(1)
    fields = [field(ended, "Total"), field(ended, "Date", correct=False)]
    page = page_of([judged(ended, fields)], fields)
    assert "50 % of 2 few" in page.text
    assert "9 to 91 %" in page.text


@pytest.mark.parametrize(
    ("since", "until", "partial"),
    [
        (None, None, {"2 Mar 2026", "4 Mar 2026"}),
        ("2026-03-02T00:00:00+00:00", "2026-03-05T00:00:00+00:00", set()),
        ("2026-03-02T00:00:00+00:00", "2026-03-04T23:59:59.999999+00:00", set()),
        ("2026-03-01T00:00:00+00:00", "2026-03-04T12:00:00+00:00", {"4 Mar 2026"}),
        ("2026-03-02T00:00:00-01:00", "2026-04-01T00:00:00+00:00", {"2 Mar 2026"}),
    ],
)
def test_days_that_the_window_cuts_are_partial(
    since: str | None, until: str | None, partial: set[str]
) -> None:
    page = page_of(
        on_days(2, 4),
        since=datetime.fromisoformat(since) if since else None,
        until=datetime.fromisoformat(until) if until else None,
    )
    marked = {mark.partition(" (partial)")[0] for mark in page.marks() if "(partial)" in mark}
    assert marked == partial
    assert ("may be partial" in page.text) is bool(partial)


@pytest.mark.parametrize(("days", "widest"), [(1, 60), (3, 60), (40, 10)])
def test_few_days_do_not_fill_the_chart(days: int, widest: float) -> None:
    first = date(2026, 3, 1)
    each = [first + timedelta(days=place) for place in range(days)]
    spec = volume([Period(day, day, partial=False) for day in each], [FAILED], [[1]] * days)
    low, high = spec["layer"][1]["encoding"]["x"]["scale"]["range"]
    assert (high - low) / days <= widest
    assert high <= spec["width"]


def test_days_without_loops_are_zero() -> None:
    text = page_of(on_days(2, 4)).text
    assert "3 Mar 2026 0 0 0 n/a" in text
    assert text.index("4 Mar 2026 (partial) 1") < text.index("3 Mar 2026 0")


def test_days_without_completed_loops_have_no_turnaround() -> None:
    page = page_of([*on_days(2, 4), loop(9, status="Stopped", creation_time=MARCH_3)])
    medians = [mark for mark in page.marks() if "median" in mark]
    assert [mark.partition(" (")[0] for mark in medians] == [
        f"{day} Mar 2026: median 2 h, nine of ten within 2 h, 1 Completed" for day in (2, 4)
    ]
    assert "Turnaround: median 2 h, nine of ten within 2 h" in page.text
    assert "2 h median turnaround" not in page.text
    assert "median turnaround 2 h nine of ten within 2 h" in page.text


@pytest.mark.parametrize(
    ("days", "unit"), [(93, "day"), (94, "week"), (700, "month"), (20_000, "year")]
)
def test_many_days_are_shown_as_weeks_months_or_years(days: int, unit: str) -> None:
    first = datetime(1990, 1, 3, 9, tzinfo=UTC)
    page = page_of([loop(1, creation_time=first), loop(2, creation_time=first + (days - 1) * DAY)])
    assert f"Ended human loops by {unit} (UTC)" in page.text
    assert sum(": 1 Completed" in mark for mark in page.marks()) == 2


def test_loop_of_unknown_time_is_counted_and_left_out_of_the_days() -> None:
    unknown = dict.fromkeys(("creation_time", "reference_time", "day", "end_time"))
    page = page_of([loop(1) | unknown | {"turnaround_seconds": None}, *on_days(2)])
    assert "2 human loops" in page.text
    assert "1 loop of unknown time is left out here." in page.text
    page = page_of([loop(1) | unknown])
    assert "No loop has a known day." in page.text
    assert "ended at an unknown time" in page.text


def test_last_day_of_the_calendar_is_a_day() -> None:
    last = loop(1) | {"day": date.max, "turnaround_seconds": None}
    assert "31 Dec 9999" in page_of([last]).text


def test_sampled_loops_are_apart_from_others_and_unknown_ones() -> None:
    loops, fields = [], []
    for place in range(90):
        sampled = (True, False, None)[place % 3]
        ended = loop(place, sampled=sampled)
        its_fields = [field(ended, "Total", confidence=float(place), correct=place > 50)]
        loops.append(judged(ended, its_fields))
        fields += its_fields
    page = page_of(loops, fields)
    panels = [label for label in page.charts() if "correct predictions by confidence" in label]
    assert [label.partition(" of ")[0] for label in panels] == [
        "Sampled loops",
        "Loops selected for review",
        "Unknown whether sampled",
    ]
    assert "Sampled loops 0 to below 90 43.5 43 % of 30 27 to 61 %" in page.text
    assert "says nothing about predictions that were not selected" in page.text
    assert "may stand for anything" in page.text


def test_confidence_outside_the_scale_is_left_out_and_counted() -> None:
    ended = loop(1)
    fields = [field(ended, "A", confidence=140.0), field(ended, "B", confidence=100.0)]
    page = page_of([judged(ended, fields)], fields)
    assert "1 prediction with a confidence outside 0 to 100 left out." in page.text
    assert "Unknown whether sampled 0" not in page.text
    assert "98 to 100 100.0 100 % of 1 few" in page.text


def test_fields_left_out_of_a_chart_are_counted_and_in_the_table() -> None:
    ended = loop(1)
    fields = [field(ended, f"Field {place:02}") for place in range(20)]
    page = page_of([judged(ended, fields)], fields)
    assert "The 12 fields that occur most often, of 20; 8 are not in the chart." in page.text
    assert sum(mark.endswith("1 confirmed, of 1 fields") for mark in page.marks()) == 12
    assert page.text.count("Field 19") == 2  # with verdicts, and with the calibration


def test_wrong_prediction_that_was_not_shown_is_no_wrong_prediction_of_the_chart() -> None:
    ended = loop(1)
    fields = [field(ended, "Total", correct=False, shown=False)]
    page = page_of([judged(ended, fields)], fields)
    assert "No prediction that reviewers saw was wrong, and none was added." in page.text
    assert "Total 0 0 0 1" in page.text


def test_relabelled_keys_name_both() -> None:
    ended = loop(1)
    fields = [field(ended, "Policy", correct=False, verdict="relabelled", predicted_name="Page")]
    page = page_of([judged(ended, fields)], fields)
    assert "Relabelled keys: 1" in page.text
    assert "Page Policy 1" in page.text


def test_reviewers_who_are_alone_agree_with_nobody() -> None:
    ended = loop(1)
    page = page_of([ended], [field(ended, "Total")])
    assert "0 loops have answers of several reviewers, of 1 with answers." in page.text
    assert "How far reviewers agree is not known" in page.text


def test_failures_are_listed_by_code_with_those_without() -> None:
    loops = [
        loop(place, status="Failed", failure_code=code, turnaround_seconds=None)
        for place, code in enumerate(("Expired", "Expired", None))
    ]
    text = page_of([*loops, loop(9, unreadable=True)]).text
    assert "Expired 2 50 % of 4 few" in text
    assert "no code 1 25 % of 4 few" in text
    assert "1 loop has an output that cannot be read." in text


def test_notes_are_explained() -> None:
    ended = loop(1)
    page = page_of([ended], [field(ended, "Total", correct=None, note="minority")])
    assert "minority 1 Less than half of the reviewers" in page.text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (NoThreshold.NOT_SAMPLED, "No loop is known to be randomly sampled."),
        (NoThreshold.NO_CONFIDENCE, "No prediction in a sampled loop has a confidence."),
        (NoThreshold.TOO_FEW_SAMPLES, "Too few samples. At or above 90, 98.3 % of 120 are right."),
        (NoThreshold.TARGET_MISSED, "Too many are wrong. At or above 90, 98.3 % of 120 are right."),
    ],
)
def test_missing_threshold_has_a_reason(reason: NoThreshold, words: str) -> None:
    none = Advice(
        flow_definition_arn=f"{ARN}invoices",
        field="Total",
        samples=120,
        outlook=Outlook(closest=Candidate(90, 120, 118, 0.01, passed=False)),
        reason=reason,
    )
    question = Question(target=0.975, confidence=0.99)
    page = page_of(on_days(2), advice=[none], question=question)
    assert f"Total none n/a n/a n/a 120 0 {words}" in page.text
    assert (
        "With a probability of at least 99 %, of the loops whose lowest confidence of a field is "
        "at or above its threshold, at least 97.5 % have this field right everywhere" in page.text
    )
    assert "compare the lowest confidence of all predictions of the field" in page.text


@pytest.mark.full
def test_caveats_are_said_once() -> None:
    text = Page(render(example())).text
    for caveat in ("Reviewers saw the prediction", "Only sampled loops stand for", "Where one"):
        assert text.count(caveat) == 1


def selected_and_sampled(sampled: bool | None, right: int, count: int = 200) -> list[Row]:
    loops = [loop(place, sampled=sampled) for place in range(count)]
    return [
        each
        | {"human_loop_arn": f"{sampled}-{place}", "fields_judged": 1}
        | {"fields_correct": int(place < right)}
        for place, each in enumerate(loops)
    ]


def test_headline_is_the_sampled_share_and_never_a_pooled_one() -> None:
    # 92 % of the sampled ones, 60 % of the selected ones: 76 % of all, which means nothing.
    page = page_of([*selected_and_sampled(True, 184), *selected_and_sampled(False, 120)])
    headline = "found correct in sampled loops 92 % of 200 judged predictions; 95 % interval 87 to"
    assert headline in page.text
    assert "found correct in loops selected for review 60 % of 200 judged" in page.text
    assert "76 %" not in page.text


def test_without_sampled_loops_the_page_says_what_cannot_be_said() -> None:
    page = page_of(selected_and_sampled(False, 120))
    assert "what share of all predictions is correct cannot be said" in page.text
    assert "60 % of 200" in page.text


def test_days_with_few_loops_set_neither_title_nor_scale() -> None:
    many = on_days(*[2] * 20, *[3] * 20)
    slow = loop(99, turnaround_seconds=9e6, creation_time=datetime(2026, 3, 4, tzinfo=UTC))
    rows = staged([*many, slow], [])
    ready = [row for row in rows["turnaround"] if row["loops"] >= 10]
    (window,) = {row["flow_definition_arn"] for row in ready}
    assert window
    days = [Period(row["day"], row["day"], partial=False) for row in rows["turnaround"]]
    spec = turnaround(days, rows["turnaround"])
    domain = spec["layer"][1]["encoding"]["y"]["scale"]["domain"]
    assert domain == [0, 2]
    page = Page(render(ReportData(sources=["a"], rows=rows)))
    assert "Turnaround: median 2 h, nine of ten within 2 h" in page.text
    assert "Days with fewer than 10 loops do not set the scale." in page.text


def test_correctness_over_time_is_by_periods_with_enough_predictions() -> None:
    loops = [
        loop(place, sampled=True, creation_time=datetime(2026, 3, 2, tzinfo=UTC) + place * DAY / 5)
        | {"fields_judged": 1, "fields_correct": int(place % 10 > 0)}
        for place in range(300)
    ]
    page = page_of(loops)
    assert "Found correct by week, with the 95 % interval." in page.text
    points = [mark for mark in page.marks() if " correct, 95 % interval" in mark and "to" in mark]
    weeks = [mark for mark in points if mark.startswith("2 Mar 2026 to 8 Mar 2026")]
    assert len(weeks) == 1
    assert "of 35 correct" in weeks[0]


def test_calibration_by_field_says_how_many_lie_where() -> None:
    loops, fields = [], []
    for place in range(120):
        ended = loop(place, sampled=True)
        confidence = 99.5 if place < 80 else 75.0
        its_fields = [
            field(ended, "Total", confidence=confidence, correct=place % 8 > 0),
            field(ended, "Date", confidence=85.0),
        ]
        loops.append(judged(ended, its_fields))
        fields += its_fields
    page = page_of(loops, fields)
    assert "Calibration by field: sampled loops" in page.text
    assert re.search(r"Total 88 % of 40 88 % of 80 ", page.text)
    assert re.search(r"Date 100 % of 120 ", page.text)
    labels = [label for label in page.charts() if label.startswith("A field of invoices")]
    assert len(labels) == 2
    assert "Confidence 99 to 100: 80 judged" in page.marks()
    assert any(label.startswith("Sampled loops, 90 to 100 of invoices") for label in page.charts())


def test_flow_definitions_of_two_accounts_are_told_apart() -> None:
    other = f"{ARN}invoices".replace("1111", "4444")
    page = page_of([*on_days(2, 3), loop(9, flow_definition_arn=other)])
    headings = [attrs["id"] for tag, attrs in page.elements if tag == "h2" and "id" in attrs]
    assert headings == ["flow-1", "flow-2", "limitations"]
    assert "444422223333/eu-west-1/invoices" in page.text


def test_links_lead_to_sections() -> None:
    page = Page(render(example()))
    links = [attrs["href"] or "" for tag, attrs in page.elements if tag == "a"]
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(links) > 15
    assert {link[1:] for link in links} <= set(ids)
    assert len(ids) == len(set(ids))


@pytest.mark.full
def test_numbers_of_athena_may_be_of_any_size() -> None:
    rows = {name: [dict(row) for row in found] for name, found in example().rows.items()}
    for found in rows.values():
        for row in found:
            row.update(
                {
                    key: value * 10**20
                    for key, value in row.items()
                    if type(value) is int and key not in ("point", "band", "part")
                }
            )
    assert "100,000,000,000,000,000,000" in render(ReportData(sources=["a"], rows=rows)).decode()


@settings(max_examples=examples(15))
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_name_is_text_and_nothing_else(one: str, other: str) -> None:
    names = {f"1{one}": 1, f"2{other}": 2}
    rows = dict.fromkeys(QUERIES, ()) | {
        "totals": [
            dict.fromkeys(QUERIES["totals"].columns) | {"flow_definition_arn": "a/b", "loops": 1}
        ],
        "field_verdicts": [
            dict.fromkeys(QUERIES["field_verdicts"].columns)
            | {"flow_definition_arn": "a/b", "field": name, "fields": 9, "confirmed": 9}
            for name in names
        ],
    }
    page = Page(render(ReportData(sources=["a"], rows=rows)))
    for name in names:
        assert f"{visible(name)}: 9 confirmed, of 9 fields".replace("\u00a0", " ") in page.marks()
    assert [tag for tag, _ in page.elements].count("script") == 1


def test_page_loads_nothing_and_allows_its_own_script_only() -> None:
    page = render(hostile()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert "default-src &#x27;none&#x27;" in policy[1]
    assert "unsafe" not in policy[1]
    found = Page(page.encode()).elements
    sources = {attrs[key] for _, attrs in found for key in ("src", "href") if key in attrs}
    assert all(each.startswith("#") or each == "data:," for each in sources if each is not None)
    assert all("style" not in attrs for _, attrs in found)


@pytest.mark.full
def test_names_are_in_the_data_of_charts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Spec] = []
    draw = drawing.svg

    def svg(spec: Spec, description: str) -> Markup:
        drawn.append(spec)
        return draw(spec, description)

    monkeypatch.setattr(drawing, "svg", svg)
    render(hostile())

    def texts(part: object) -> list[str]:
        if isinstance(part, Mapping):
            return [
                text
                for key, value in part.items()
                if key != "data"
                for text in (key, *texts(value))
            ]
        if isinstance(part, list | tuple):
            return [text for each in part for text in texts(each)]
        return [part] if isinstance(part, str) else []

    assert len(drawn) > 10
    assert not [text for spec in drawn for text in texts(spec) if "alert" in text]
    assert any("alert" in str(spec["layer"][0]["data"]) for spec in drawn if "layer" in spec)


@pytest.mark.full
def test_same_data_give_the_same_bytes_in_any_process() -> None:
    program = (
        "import hashlib; from tests.report.outcomes import hostile;"
        "from human_loops_cli.report.page import render;"
        "print(hashlib.sha256(render(hostile())).hexdigest())"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": ".:lambda"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed, zone in (("1", "UTC"), ("2", "Pacific/Auckland"))
    ]
    first, second = (run.communicate()[0] for run in runs)
    assert len(first.strip()) == 64
    assert first == second


def largest() -> ReportData:
    """Return more than fits: 300 flow definitions, thousands of long names, three years of days."""
    names = [f"{place:05}" + "&" * 195 for place in range(2000)]
    days = [date(2023, 1, 1) + DAY * place for place in range(1095)]
    rows: dict[str, list[Row]] = {name: [] for name in QUERIES}
    for flow in range(300):
        arn = f"{ARN}{flow:03}" + "&" * 60
        template = {
            name: dict.fromkeys(query.columns, 10**9) | {"flow_definition_arn": arn}
            for name, query in QUERIES.items()
        }
        rows["totals"].append(
            template["totals"]
            | {"first_day": days[0], "last_day": days[-1], "task_type": "TextractForms"}
        )
        for kind, column, values in (
            ("days", "day", days),
            ("turnaround", "day", days),
            ("all_turnarounds", "median_seconds", [60.0]),
            ("field_verdicts", "field", names),
            ("relabelled", "name", names),
        ):
            some = values if flow < 8 else values[:30]
            rows[kind] += [
                template[kind]
                | {column: each}
                | ({"predicted_name": "x"} if kind[0] == "r" else {})
                for each in some
            ]
    advice = [
        Advice(flow_definition_arn=f"{ARN}000" + "&" * 60, field=name, samples=9) for name in names
    ]
    rejects = [Rejects(place=name, problem="not JSON", lines=range(10)) for name in names]
    return ReportData(sources=names, rows=rows, advice=advice, rejects=rejects)


@pytest.mark.full
def test_largest_page_leaves_out_rows_and_says_so() -> None:
    data = largest()
    start = time.process_time()
    page = render(data)
    seconds = time.process_time() - start
    assert MAX_BYTES / 4 < len(page) <= MAX_BYTES
    assert seconds < 60
    text = Page(page).text
    assert re.search(r"29\d flow definitions have no section here", text)
    left_out = re.findall(r"([\d,]+) more rows are left out .*?human-loops report --json", text)
    assert len(left_out) >= 10
    assert "1,980" in left_out  # of 2,000 rejects


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(CommandError, match="vl-convert-python") as raised:
        page_of(on_days(2))
    assert "pip install 'path/to/a2i-human-loop-events[report]'" in str(raised.value.advice)


def test_rows_are_those_of_the_queries() -> None:
    with pytest.raises(KeyError):
        render(replace(example(), rows={"totals": [{"flow_definition_arn": "a"}]}))
