"""The code in the documentation is right: it runs if it is complete, and is parsed if it is not."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]


class Block(NamedTuple):
    """Code in a page."""

    page: str
    language: str
    code: str


BLOCKS = [
    Block(page.name, language, code)
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    for language, code in re.findall(
        r"^```(\w*)\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
]


def _of(language: str) -> pytest.MarkDecorator:
    """Give each block of a language to a test, named by its page."""
    blocks = [block for block in BLOCKS if block.language == language]
    return pytest.mark.parametrize("block", blocks, ids=[block.page for block in blocks])


def _is_complete(block: Block) -> bool:
    """Return whether Python imports what it needs. Otherwise it is a part of an app."""
    return (
        block.language == "python" and re.search(r"^(from|import) ", block.code, re.M) is not None
    )


def test_languages_of_code_are_known() -> None:
    assert {block.language for block in BLOCKS} == {
        *("", "console", "html", "json", "mermaid", "python", "yaml")
    }
    assert len(BLOCKS) > 60


@_of("json")
def test_json_is_right(block: Block) -> None:
    try:
        json.loads(block.code)
    except ValueError:
        # A key of an object that has others, as in a context.
        json.loads(f"{{{block.code}}}")


@_of("yaml")
def test_yaml_is_right(block: Block) -> None:
    assert YAML(typ="safe", pure=True).load(block.code)


@pytest.mark.slow
@_of("python")
def test_python_is_right(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = ast.parse(block.code)
    # The tests of the README run its apps already.
    if not _is_complete(block) or block.page == "README.md":
        return
    monkeypatch.setenv("CDK_OUTDIR", str(tmp_path))
    names: dict[str, Any] = {}
    exec(compile(tree, block.page, "exec"), names)  # noqa: S102 - the documentation's own code
    for name, test in list(names.items()):
        if name.startswith("test_"):
            test()


def test_complete_python_is_run() -> None:
    complete = [block for block in BLOCKS if _is_complete(block) and block.page != "README.md"]
    assert len(complete) >= 6
    assert sum("def test_" in block.code for block in complete) == 3
