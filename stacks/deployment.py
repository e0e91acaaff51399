"""A deployment: one account and Region, and what is deployed there, typed and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import ModelWrapValidatorHandler, ValidationError, model_validator

<<<<<<< HEAD
from human_loop_events import AlertFormat, FlowDefinitions, TaskMapping
from human_loop_events.reviews.output_location import refuse_unusable_prefix
from human_loop_reviews.mapping import read_mappings
from stacks.contradictions import contradictions
from stacks.faults import ConfigurationError, faults_of
from stacks.mappings import refuse_unusable_mappings
from stacks.values import (
    Account,
    Bucket,
    BusArn,
    BusName,
    ByteSize,
    Email,
    KeyArn,
    OrganizationId,
    PolicyName,
    QueueArn,
    Region,
    ScanLimit,
    SecurityGroupId,
    SubnetId,
    TableArn,
    Text,
    Time,
    TopicArn,
    between,
)

_Status = Literal["Completed", "Failed", "Stopped"]
_LogRetention = Annotated[logs.RetentionDays, Field(strict=False)]
_AlarmPeriod = Annotated[Time, between("1 minute", "1 day", whole_minutes=True)]
_Days = Annotated[Time, between("1 day", whole_days=True)]
_Count = Annotated[int, Field(ge=1)]
=======
from stacks.cross_field_checks import cross_field_faults
from stacks.deployment_keys import DeploymentKeys
from stacks.faults import ConfigurationError, faults_of
>>>>>>> stacks15


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
<<<<<<< HEAD

    @property
    def stack_name(self) -> str:
        """The stack's name: HumanLoops-<name>."""
        return f"HumanLoops-{self.name}" if self.name else "HumanLoops"

    @property
    def flow_definitions_matched(self) -> FlowDefinitions:
        """The flow definitions, as the constructs take them."""
        if self.flow_definitions is None:
            return FlowDefinitions.any()
        if self.flow_definitions[0].startswith("arn:"):
            return FlowDefinitions.arns(*self.flow_definitions)
        return FlowDefinitions.named(*self.flow_definitions)

    @property
    def task_mappings(self) -> dict[str, TaskMapping]:
        """The mappings, as the constructs take them."""
        return read_mappings(self.handler.mappings)
=======
>>>>>>> stacks15
