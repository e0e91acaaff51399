"""Bounds: which values they admit, and what their messages say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from aws_cdk import Duration, Size, Token

from human_loop_events.aws.bounds import (
    ALARM_PERIOD,
    FROM_ONE,
    WHOLE_DAYS,
    NumberBounds,
    ShareBounds,
    SizeBounds,
    TextForm,
    TimeBounds,
)

MINUTES = TimeBounds(timedelta(minutes=2), timedelta(minutes=15), because="calls take a minute")
SIZES = SizeBounds(1024, 1024**3)


def refusal(bounds: Any, value: Any) -> str:
    with pytest.raises(ValueError, match=r"^it: expected ") as refused:
        bounds.require("it", value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("bounds", "least", "most"),
    [
        (MINUTES, Duration.minutes(2), Duration.minutes(15)),
        (ALARM_PERIOD, Duration.minutes(1), Duration.hours(24)),
        (WHOLE_DAYS, Duration.hours(24), Duration.days(100_000)),
        (SIZES, Size.kibibytes(1), Size.gibibytes(1)),
        (NumberBounds(2, 1000), 2, 1000),
        (FROM_ONE, 1, 10**9),
        (ShareBounds(), 0.001, 1),
    ],
)
def test_bounds_are_included(bounds: Any, least: Any, most: Any) -> None:
    assert bounds.require("it", least) == least
    assert bounds.require("it", most) == most


@pytest.mark.parametrize(
    ("bounds", "value", "message"),
    [
        (
            MINUTES,
            Duration.seconds(119),
            "it: expected a time, 2 minutes to 15 minutes, got 1 minute 59 seconds: calls take a "
            "minute",
        ),
        (WHOLE_DAYS, Duration.hours(36), "it: expected whole days, got 1 day 12 hours"),
        (WHOLE_DAYS, Duration.days(0), "it: expected whole days, got 0 days"),
        (MINUTES, 300, "it: expected a Duration, such as Duration.minutes(5), got 300"),
        (MINUTES, None, "it: expected a Duration, such as Duration.minutes(5), got None"),
        (SIZES, Size.bytes(1023), "it: expected a size, 1 KiB to 1 GiB, got 1,023 bytes"),
        (NumberBounds(2, 1000), 1001, "it: expected a whole number, 2 to 1,000, got 1001"),
        (FROM_ONE, True, "it: expected a whole number from 1, got True"),
        (FROM_ONE, 1.0, "it: expected a whole number from 1, got 1.0"),
        (FROM_ONE, "1", "it: expected a whole number from 1, got '1'"),
        (ShareBounds(), 0, "it: expected a share, over 0 up to 1, got 0"),
        (ShareBounds(), float("nan"), "it: expected a share, over 0 up to 1, got nan"),
        (TextForm("[0-9]{2}", "two digits"), "123", "it: expected two digits, got '123'"),
        (TextForm("[0-9]{2}", "two digits"), "12\n", "it: expected two digits, got '12\\n'"),
        (TextForm("[0-9]{2}", "two digits"), 12, "it: expected two digits, got 12"),
    ],
)
def test_value_out_of_bounds_is_refused_with_what_is_expected(
    bounds: Any, value: Any, message: str
) -> None:
    assert refusal(bounds, value) == message


def test_fraction_of_a_second_is_no_whole_minute() -> None:
    assert "got" in refusal(ALARM_PERIOD, Duration.millis(60_500))


def test_tokens_are_admitted() -> None:
    lazy = Token.as_number({"Ref": "Parameter"})
    assert MINUTES.require("it", Duration.seconds(lazy)).is_unresolved()
    assert SIZES.require("it", Size.bytes(lazy)).is_unresolved()
    text = TextForm("[0-9]{12}", "12 digits").require("it", Token.as_string({"Ref": "Parameter"}))
    assert Token.is_unresolved(text)
