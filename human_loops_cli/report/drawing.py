"""Drawing charts as SVG.

The page has the drawn charts, not Vega: it needs no script to be read, and stays small.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Final

from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.installation import how_to_install
from human_loops_cli.report.charts import Spec
from human_loops_cli.report.markup import Markup, element

#: The version of Vega-Lite that the specifications are written for.
_VEGA_LITE: Final = "6.4"


@dataclass(frozen=True, slots=True)
class Drawings:
    """Charts, each of which is drawn once however often it is asked for."""

    drawn: dict[str, Markup] = field(default_factory=dict)

    def draw(self, spec: Spec, description: str) -> Markup:
        """Return a chart, as `svg` does."""
        key = json.dumps([spec, description])
        if key not in self.drawn:
            self.drawn[key] = svg(spec, description)
        return self.drawn[key]


def svg(spec: Spec, description: str) -> Markup:
    """Draw a chart.

    Parameters
    ----------
    spec
        A Vega-Lite specification.
    description
        What it shows, for readers who do not see it.

    Raises
    ------
    CommandError
        If the package that draws is not installed.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise CommandError(
            "the report needs vl-convert-python, which is not installed",
            advice=how_to_install("report"),
            status=ExitStatus.USAGE,
        ) from error
    drawn = vl_convert.vegalite_to_svg(spec, vl_version=_VEGA_LITE, allowed_base_urls=[])
    found = re.match(r'<svg [^>]*viewBox="0 0 ([\d.]+) ([\d.]+)">(.*)</svg>\Z', drawn, re.DOTALL)
    if found is None:
        raise ValueError("the drawn chart is not the SVG that this version expects")
    width, height, marks = found.groups()
    # The package numbers clip paths through the life of the process. The same chart has the same.
    digest = hashlib.sha256(json.dumps([spec, description]).encode()).hexdigest()[:12]
    for place, each in enumerate(dict.fromkeys(re.findall(r'id="(clip\d+)"', marks))):
        marks = re.sub(rf'(id="|url\(#){each}(?=["\)])', rf"\1clip-{digest}-{place}", marks)
    return element(
        "svg",
        Markup(marks),
        class_="chart",
        width=width,
        height=height,
        viewBox=f"0 0 {width} {height}",
        role="graphics-document",
        aria_roledescription="chart",
        aria_label=description,
    )
