"""Adds pages to the site that are not in docs: the README, the examples' code, the Python API.

The pages in docs are written for GitHub too. On the site, their links to files outside of docs lead
to pages of the site.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PACKAGES = ("human_loop_events", "human_loop_events.testing")

#: The pages that are made of files outside of docs.
PAGES = {"README.md": "index.md", "CHANGELOG.md": "changelog.md"}

#: The languages of examples, by the suffix of the file.
LANGUAGES = {"py": "python", "tf": "terraform", "ts": "typescript"}

#: A diagram with more lines is wider than the text.
LARGE_DIAGRAM_LINES = 15

#: Files that the pages load, and their paths in the repository.
ASSETS = {
    "site/extra.css": ROOT / "docs_site" / "extra.css",
    "site/mermaid.js": ROOT / "node_modules" / "@mermaid-js" / "tiny" / "dist" / "mermaid.tiny.js",
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add a page for each public name to the navigation."""
    nav: Any = config.nav
    for package in PACKAGES:
        nav.append({package: [{name: _api_page(package, name)} for name in _public(package)]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages and assets that are not in docs."""
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=_linked_from_root(text)))
    for package in PACKAGES:
        for name in _public(package):
            content = f"---\ntitle: {name}\n---\n\n::: {package}.{name}\n"
            files.append(File.generated(config, _api_page(package, name), content=content))
    for page, path in ASSETS.items():
        files.append(File.generated(config, page, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """Show the code of an example below a line with nothing but its link."""
    if page.file.src_uri.startswith("api/"):
        return markdown
    shown = re.sub(
        r"^\[`(examples/[\w/]+\.(\w+))`\]\(\.\./examples/[\w/.]+\)$",
        _code,
        markdown,
        flags=re.MULTILINE,
    )
    return _linked(shown, prefix="../")


def on_page_content(html: str, **_: Any) -> str:
    """Put each diagram into a scrollable element."""
    return re.sub(r'<pre class="mermaid">.*?</pre>', _scrolling, html, flags=re.DOTALL)


def _scrolling(diagram: re.Match[str]) -> str:
    large = " diagram-large" if diagram[0].count("\n") > LARGE_DIAGRAM_LINES else ""
    return f'<div class="diagram{large}">{diagram[0]}</div>'


def _linked_from_root(text: str) -> str:
    """Point the links of a file in the root folder to pages of the site."""
    return _linked(re.sub(r"\]\(docs/", "](", text), prefix="")


def _linked(text: str, *, prefix: str) -> str:
    """Point links to files outside of docs to pages of the site."""
    for source, page in PAGES.items():
        text = text.replace(f"]({prefix}{source}", f"]({page}")
    return re.sub(rf"\]\({re.escape(prefix)}examples(/\w+\.py)?\)", "](examples.md)", text)


def _code(link: re.Match[str]) -> str:
    code = (ROOT / link[1]).read_text(encoding="utf-8")
    return f'```{LANGUAGES[link[2]]} title="{link[1]}"\n{code}```'


def _api_page(package: str, name: str) -> str:
    return f"api/{package}.{name}.md"


def _public(package: str) -> list[str]:
    """Return the names in a package's ``__all__``, without importing it."""
    path = ROOT.joinpath(*package.split("."), "__init__.py")
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    raise ValueError(f"{path}: expected __all__")
