"""Runs the commands `aws …` of the documentation in the emulator, with botocore's definitions."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jmespath
from botocore import xform_name

from local.emulator import Emulator

DOCS = Path(__file__).parents[2] / "docs"


def commands_of(page: str, section: str) -> list[str]:
    """Return the commands in the code blocks of a section, each in one line."""
    text = (DOCS / page).read_text(encoding="utf-8").split(f"\n## {section}\n")[1]
    blocks = re.findall(r"^```\n(.*?)^```", text.split("\n## ")[0], re.M | re.S)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]


class AwsCommands:
    """Runs commands of the AWS CLI, with the variables of a shell."""

    def __init__(self, emulator: Emulator, **variables: str) -> None:
        self._emulator = emulator
        self.variables = variables
        self.files: dict[str, Any] = {}
        """What commands wrote to files, as JSON."""

    def run(self, line: str) -> None:
        """Run a command, or set a variable to what a command prints."""
        assigned = re.fullmatch(r"(\w+)=\$\((.*)\)", line)
        text = self._run(assigned[2] if assigned else line)
        if assigned:
            self.variables[assigned[1]] = text

    def _run(self, line: str) -> str:
        for name, value in self.variables.items():
            line = line.replace(f'"${name}"', shlex.quote(value))
        assert "$" not in line, f"an unknown variable: {line}"
        aws, service, operation, *arguments = shlex.split(line)
        assert aws == "aws", line
        client = self._emulator.client(service)
        if operation == "wait":
            waiter, *arguments = arguments
            parameters = dict(_parameters(client, "describe-table", arguments))
            client.get_waiter(waiter.replace("-", "_")).wait(**parameters)
            return ""
        file = arguments.pop() if (service, operation) == ("lambda", "invoke") else None
        query = ""
        if "--query" in arguments:
            at = arguments.index("--query")
            query = arguments[at + 1]
            del arguments[at : at + 4]  # with --output text
        answer = getattr(client, operation.replace("-", "_"))(
            **dict(_parameters(client, operation, arguments))
        )
        if file is not None:
            assert "FunctionError" not in answer, answer
            self.files[file] = json.loads(answer["Payload"].read())
        return str(jmespath.search(query, answer)) if query else ""


def _parameters(client: Any, operation: str, arguments: list[str]) -> Iterator[tuple[str, Any]]:
    model = client.meta.service_model
    names = {xform_name(name, "-"): name for name in model.operation_names}
    members: Mapping[str, Any] = model.operation_model(names[operation]).input_shape.members
    of_option = {f"--{xform_name(name, '-')}": name for name in members}
    remaining = iter(arguments)
    for option in remaining:
        name = of_option[option]
        shape = members[name]
        if shape.type_name == "boolean":
            yield name, True
        elif shape.type_name == "structure":
            yield name, _structure(shape, next(remaining))
        else:
            yield name, next(remaining)


def _structure(shape: Any, text: str) -> dict[str, Any]:
    """Return the shorthand of the AWS CLI, such as ``Enabled=true,AttributeName=expiresAt``."""
    pairs = (pair.split("=", 1) for pair in text.split(","))
    return {
        name: value == "true" if shape.members[name].type_name == "boolean" else value
        for name, value in pairs
    }
