"""The examples in docstrings run, and show what comes out."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest

import human_loop_reviews

MODULES = [
    module.name
    for module in pkgutil.walk_packages(human_loop_reviews.__path__, "human_loop_reviews.")
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module_are_right(name: str) -> None:
    result = doctest.testmod(import_module(name), optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    assert result.failed == 0


def test_modules_have_examples() -> None:
    finder = doctest.DocTestFinder()
    examples = [len(test.examples) for name in MODULES for test in finder.find(import_module(name))]
    assert sum(examples) > 40
