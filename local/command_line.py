"""Runs the command line `human-loops` on a stack in the emulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from local.deployment import EmulatedStack
from local.emulator import PROJECT, Emulator
from local.report import QUOTED_WIDTH


class CommandLine:
    """Runs commands on a stack.

    Parameters
    ----------
    emulator
        Where the stack is.
    stack
        The stack.
    python_path
        Additional folders that Python imports from.
    """

    def __init__(
        self, emulator: Emulator, stack: EmulatedStack, *, python_path: Sequence[str] = ()
    ) -> None:
        self._emulator = emulator
        self._stack = stack
        self._python_path = [*python_path, str(PROJECT), str(PROJECT / "lambda")]

    def json(self, *arguments: str, status: int = 0) -> Any:
        """Run a command, and return its JSON output."""
        return json.loads(self.text("--json", *arguments, status=status))

    def text(self, *arguments: str, status: int = 0) -> str:
        """Run a command, and return its output, in lines that fit a quotation.

        Raises
        ------
        RuntimeError
            If the exit status is not the expected one. The message has the command's output.
        """
        command = ["--stack", self._stack.name]
        result = subprocess.run(
            [sys.executable, "-m", "human_loops_cli", *command, *arguments],
            env={
                **self._emulator.environment,
                "PYTHONPATH": os.pathsep.join(self._python_path),
                "COLUMNS": str(QUOTED_WIDTH),
            },
            capture_output=True,
            text=True,
        )
        if result.returncode != status:
            raise RuntimeError(
                f"human-loops {' '.join(arguments)} ended with status {result.returncode}:\n"
                f"{result.stdout}{result.stderr}"
            )
        return result.stdout
