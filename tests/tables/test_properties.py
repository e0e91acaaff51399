"""A column states its property, and a property that does not exist is an error at import."""

from __future__ import annotations

import pytest

from human_loop_tables.properties import Expression, property_named


@pytest.mark.parametrize("sql", ["{endTme}", "coalesce({endTime}, {createdTime})", "{end_time}"])
def test_expression_with_a_misspelt_property_is_an_error(sql: str) -> None:
    with pytest.raises(ValueError, match="outcomes have no property"):
        Expression(sql)


def test_expression_is_written_with_each_property_in_its_place() -> None:
    days = Expression("{endTime} - {endTime} > '[0-9]{{2}}'")

    assert days.written(lambda name: f'"{name}"') == '"endTime" - "endTime" > \'[0-9]{2}\''
    assert days.property is None
    assert Expression("{endTime}").property == property_named("endTime")
