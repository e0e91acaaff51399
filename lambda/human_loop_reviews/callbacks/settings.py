"""The settings of the function that resumes waiting executions, from its environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from human_loop_reviews.callback_contract import CallbackSetting
from human_loop_reviews.settings import EnvironmentVariables, parse_texts, watches


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackSettings:
    """The settings."""

    callback_table: str
    """Name of the table of callbacks."""
    ledger_table: str
    """Name of the ledger."""
    flow_definitions: tuple[str, ...]
    """Names or ARNs of the flow definitions that the review handler receives events of. Empty for
    all."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> CallbackSettings:
        """Read the settings.

        Parameters
        ----------
        environment
            Such as ``os.environ``.

        Raises
        ------
        SettingsError
            If a variable is missing or wrong. The message names it.
        """
        read = EnvironmentVariables(environment).read
        return cls(
            callback_table=read(CallbackSetting.CALLBACK_TABLE, str),
            ledger_table=read(CallbackSetting.LEDGER_TABLE, str),
            flow_definitions=read(CallbackSetting.FLOW_DEFINITIONS, parse_texts),
        )

    def watch(self, flow_definition_arn: str) -> bool:
        """Return whether the events of a flow definition reach the review handler.

        Examples
        --------
        >>> settings = CallbackSettings(
        ...     callback_table="callbacks", ledger_table="ledger", flow_definitions=("invoices",)
        ... )
        >>> settings.watch("arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/claims")
        False
        """
        return watches(self.flow_definitions, flow_definition_arn)
