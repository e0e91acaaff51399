"""The deployed review handler and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from human_loop_reviews.settings import Settings, SettingsError
from human_loops_cli.errors import CommandError
from human_loops_cli.session import Session


@dataclass(frozen=True, kw_only=True)
class DeployedHandler:
    """The review handler of a stack."""

    name: str
    """The function's name."""
    settings: Settings
    """Its settings."""
    configuration: Mapping[str, Any]
    """The response of GetFunctionConfiguration."""


def read_handler(session: Session) -> DeployedHandler:
    """Read the settings of the stack's review handler.

    Raises
    ------
    CommandError
        If the function is a custom one without settings, or its settings are unknown to this
        version.
    """
    name = session.stack["HandlerName"]
    configuration = session.client("lambda").get_function_configuration(FunctionName=name)
    variables = configuration.get("Environment", {}).get("Variables", {})
    try:
        settings = Settings.from_environment(variables)
    except SettingsError as error:
        raise CommandError(
            f"the settings of function {name} cannot be read: {error}",
            advice="Is it a review handler, and of this version? Deploy this version of the stack.",
        ) from error
    return DeployedHandler(name=name, settings=settings, configuration=configuration)
