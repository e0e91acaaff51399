"""The links in the documentation lead somewhere, on GitHub and on the site."""

from __future__ import annotations

import functools
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]


# MkDocs names Python objects in tags, which this keeps as they are.
SITE: dict[str, Any] = YAML(pure=True).load(
    (ROOT / "docs_site" / "mkdocs.yml").read_text(encoding="utf-8")
)


def _text(path: Path) -> str:
    """Return a page without code."""
    text = re.sub(r"^ *(```+).*?^ *\1", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.sub(r"(?<!\[)`[^`\n]+`(?!\])", "", text)


def _links(path: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", _text(path))


@functools.cache
def _anchors(path: Path) -> frozenset[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^ *(```+).*?^ *\1", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    slugs: Counter[str] = Counter()
    anchors = set()
    for heading in re.findall(r"^#+ +(.+?) *$", text, flags=re.M):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        anchors.add(f"{slug}-{slugs[slug]}" if slugs[slug] else slug)
        slugs[slug] += 1
    return frozenset(anchors)


LINKS = [(page, link) for page in PAGES for link in _links(page)]
LOCAL = [(page, link) for page, link in LINKS if "://" not in link]


@pytest.mark.parametrize(
    ("page", "link"), LOCAL, ids=[f"{page.name}: {link}" for page, link in LOCAL]
)
def test_link_leads_to_a_file_and_a_heading(page: Path, link: str) -> None:
    place, _, anchor = link.partition("#")
    target = (page.parent / place).resolve() if place else page

    assert target.exists()
    assert target.is_relative_to(ROOT)
    if anchor:
        assert anchor in _anchors(target)


def test_there_are_links_of_each_kind() -> None:
    assert len(LOCAL) > 80
    assert sum(link.startswith("#") for _, link in LOCAL) > 5
    assert sum(".md#" in link for _, link in LOCAL) > 20
    assert sum("../examples/" in link for _, link in LOCAL) >= 10


def test_links_to_the_web_are_encrypted() -> None:
    web = [link for _, link in LINKS if "://" in link]
    assert len(web) > 5
    assert [link for link in web if not link.startswith("https://")] == []


def test_wrong_anchor_is_found() -> None:
    anchors = _anchors(DOCS / "reference.md")
    assert {"deployment-configuration", "settings-and-supplied-parts"} <= anchors
    assert "settings" not in anchors


def _nav(entries: list[Any]) -> list[str]:
    pages: list[str] = []
    for entry in entries:
        for content in entry.values():
            pages += _nav(content) if isinstance(content, list) else [content]
    return pages


def test_site_has_every_page() -> None:
    pages = _nav(SITE["nav"])
    added = {"index.md", "changelog.md"}
    assert len(pages) == len({*pages})
    assert {*pages} - added == {path.name for path in DOCS.glob("*.md")}


def test_every_example_is_shown() -> None:
    page = (DOCS / "examples.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\[`(examples/\w+\.py)`\]\(\.\./(examples/\w+\.py)\)$", page, re.M)
    assert all(text == link for text, link in shown)
    assert {text for text, _ in shown} == {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "examples").glob("*.py")
    }


def test_site_loads_nothing_from_elsewhere() -> None:
    assert SITE["theme"]["font"] is False
    loaded = [*SITE["extra_css"], *SITE["extra_javascript"]]
    assert loaded
    assert [each for each in loaded if "//" in each] == []
    assert "repo_url" not in SITE  # the theme would ask GitHub about it
