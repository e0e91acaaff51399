"""Normalization: which texts are numbers and dates, and which are neither."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from human_loop_reviews.mapping import Normalization
from human_loop_reviews.review.normalization import Rules, normalize_values, read_amount, read_date
from human_loop_reviews.review.values import labels_value, structure_value, text_value

AMOUNTS = [
    ("5", "5", ""),
    ("1e3", "1000", ""),
    ("1,250.40", "1250.40", ""),
    ("1.250,40", "1250.40", ""),
    ("1'250.40", "1250.40", ""),
    ("1 250,40", "1250.40", ""),
    ("1,250", "1250", ""),
    ("1.250", "1.250", ""),
    ("12,34", "12.34", ""),
    ("0,125", "0.125", ""),
    ("1.234.567", "1234567", ""),
    ("1,00,000", "100000", ""),
    ("$ 5.00", "5", "USD"),
    ("5,00 \u20ac", "5", "EUR"),
    ("CHF 5", "5", "CHF"),
    ("A$5", "5", "A$"),
    ("-$5", "-5", "USD"),
    ("($5)", "-5", "USD"),
    ("\u22125", "-5", ""),
    (".5", "0.5", ""),
]


@pytest.mark.parametrize(("text", "number", "currency"), AMOUNTS)
def test_number_is_read_however_it_is_written(text: str, number: str, currency: str) -> None:
    assert read_amount(text) == (Decimal(number), currency)


@pytest.mark.parametrize(
    "text",
    [
        *("", "abc", "USD", "$", "5 kg", "5-6", "5-", "1,2,3", "1.2.3", "12,34,5", "1,250,40"),
        *("1 2", "$5 EUR 6", "5%", "usd 5", "--5", "1" * 81),
    ],
)
def test_text_that_is_no_number_is_left(text: str) -> None:
    assert read_amount(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("2026-03-14", "2026/3/14", "14.03.2026", "14. 3. 2026", "14/03/2026", "03/14/2026"),
        *("14 March 2026", "14-Mar-2026", "14th Mar. 2026", "March 14, 2026", "Mar 14th 2026"),
        *("2026-03-14T09:30:00.000Z", "2026-03-14 09:30", "2026-03-14T09:30+01:00"),
    ],
)
def test_date_is_read_however_it_is_written(text: str) -> None:
    assert read_date(text) == "2026-03-14"


@pytest.mark.parametrize(
    "text",
    [
        *("", "03/04/2026", "31.02.2026", "14 Marsh 2026", "14.03.26", "20260314", "2026-03"),
        *("2026-13-01", "0000-01-01", "March 2026", "2026-03-14T25", "x" * 81),
    ],
)
def test_text_that_is_no_certain_date_is_left(text: str) -> None:
    assert read_date(text) is None


def test_month_equal_to_the_day_is_certain() -> None:
    assert read_date("04/04/2026") == "2026-04-04"


@given(
    st.lists(
        st.none()
        | st.text().map(text_value)
        | st.lists(st.text()).map(labels_value)
        | st.dictionaries(st.text(), st.text()).map(structure_value)
    ),
    st.sets(st.sampled_from(Normalization)),
)
def test_any_text_is_normalized_and_shown_as_it_was(
    values: list[object], normalize: set[str]
) -> None:
    normalized = normalize_values(values, Rules(normalize))  # type: ignore[arg-type]
    assert [each and each.display for each in normalized] == [
        each and each.display  # type: ignore[attr-defined]
        for each in values
    ]
    assert [each and each.is_blank for each in normalized] == [
        each and each.is_blank  # type: ignore[attr-defined]
        for each in values
    ]
