"""The outputs of a stack: none, or those of several constructs."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Stack, run


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("resend", "a"),
        ("outcomes", "download", "--all"),
        ("dead-letters", "list"),
        ("verify",),
    ],
)
def test_stack_without_outputs_says_how_to_add_them(stack: Stack, command: tuple[str, ...]) -> None:
    stack.outputs.clear()
    result = run(*command)
    assert result.exit_code != 0
    assert "call add_outputs() on its HumanLoopEvents and deploy it" in result.stderr


def test_construct_is_named_by_the_prefix_of_its_outputs(stack: Stack) -> None:
    both = {
        f"{prefix}{name}": value
        for prefix in ("Claims", "Invoices")
        for name, value in stack.outputs.items()
    }
    stack.outputs.clear()
    stack.outputs |= {**both, "ClaimsAlertsTopicArn": "arn", "InvoicesAlertsTopicArn": "arn"}
    result = run("dead-letters", "list")
    assert result.exit_code == 2
    assert "error: stack HumanLoops has no outputs without a prefix" in result.stderr
    assert "Name the prefix with --prefix. There are: Claims, Invoices." in result.stderr
    result = run("dead-letters", "list", "--prefix", "Claim")
    assert "has no outputs with the prefix Claim" in result.stderr
    assert run("dead-letters", "list", "--prefix", "Claims").exit_code == 0
    only = {k: v for k, v in stack.outputs.items() if k.startswith("Claims")}
    stack.outputs.clear()
    stack.outputs |= only
    assert run("dead-letters", "list").exit_code == 0, "the only prefix need not be named"
