"""A deployment: one account and Region, and what is deployed there, typed and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import ModelWrapValidatorHandler, ValidationError, model_validator

from stacks.cross_field_checks import cross_field_faults
from stacks.deployment_keys import DeploymentKeys
from stacks.faults import ConfigurationError, faults_of


class Deployment(DeploymentKeys):
    """One account and Region, and what to deploy there.

    Every field but `name` is a key of the deployment's entry.

    Raises
    ------
    ConfigurationError
        If anything is wrong, with a line for each fault.

    Examples
    --------
    >>> Deployment(name="prod", account="111122223333", region="eu-west-1").stack_name
    'HumanLoops-prod'
    """

    @model_validator(mode="wrap")
    @classmethod
    def _report_all_faults(cls, values: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(values, Mapping):
            return validate(values)
        faults = []
        try:
            deployment = validate(values)
        except ValidationError as error:
            faults = list(faults_of(error, cls, values))
            wrong = {fault.top_key for fault in faults}
            # The remaining keys can be invalid together.
            deployment = validate({k: v for k, v in values.items() if k not in wrong})
        wrong = {fault.top_key for fault in faults}
        for across in cross_field_faults(deployment):
            if wrong.isdisjoint(across.top_keys):
                faults.append(across.fault)
        if faults:
            raise ConfigurationError(*map(str, faults))
        return deployment
