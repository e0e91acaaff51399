"""The colours of the report are told apart from what is behind them, in both modes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STYLE = (Path(__file__).parents[2] / "human_loops_cli/report/style.css").read_text(encoding="utf-8")
TEXTS = ("ink", "quiet", "accent")
#: The colours of bars and points, in legends and beside each other.
FILLS = ("upheld", "changed", "removed", "relabelled", "added", "open", "none")
LIGHT, DARK = (
    dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", block))
    for block in re.findall(r":root \{\n(.*?)\}", STYLE, re.DOTALL)[:2]
)


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_both_modes_have_the_same_colours() -> None:
    assert LIGHT.keys() == DARK.keys()
    assert {*TEXTS, *FILLS, "paper", "partial", "range"} <= LIGHT.keys()


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", TEXTS)
def test_texts_have_enough_contrast(colours: dict[str, str], name: str) -> None:
    assert contrast(colours[name], colours["paper"]) >= 4.5


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", FILLS)
def test_fills_have_enough_contrast(colours: dict[str, str], name: str) -> None:
    assert contrast(colours[name], colours["paper"]) >= 3
    if name == "upheld":
        assert contrast(colours[name], colours["partial"]) >= 3


def test_every_colour_is_used_and_defined() -> None:
    package = (Path(__file__).parents[2] / "human_loops_cli/report").rglob("*")
    sources = "".join(
        path.read_text(encoding="utf-8")
        for path in package
        if path.is_file() and path.suffix in {".py", ".css", ".js"}
    )
    assert set(re.findall(r"var\(--(\w+)\)", sources)) == set(LIGHT)
