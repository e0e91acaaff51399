"""One CloudFormation template without assets, for StackSets, Service Catalog and teams without CDK.

`python -m stacks.events_template` writes it to build/human-loop-events.template.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from aws_cdk import (
    App,
    BootstraplessSynthesizer,
    CfnCondition,
    CfnParameter,
    Fn,
    Stack,
)
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from human_loop_events import Alerts, Delivery, HumanLoopFilter, StatusEvents
from human_loop_events.aws.acknowledgements import acknowledge
from human_loop_events.events.runbook import runbook_section
from human_loop_reviews.contract import HumanLoopStatus

TEMPLATE: Final = Path(__file__).parents[1] / "build" / "human-loop-events.template.json"

#: CloudFormation's limit for a template that is passed in a request. Larger ones must be in S3.
#: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MAX_TEMPLATE_BYTES: Final = 51_200

_NAME: Final = "[a-z0-9](?:-*[a-z0-9]){0,62}"
_PLACE_OF_FLOW_DEFINITIONS: Final = "flow definitions"


class EventsStack(Stack):
    """Rules, topic, queue, alerts and alarms of ended human loops, configured by parameters.

    There is no Lambda function, so neither review handler, ledger nor reconciler.

    Parameters
    ----------
    scope
        The app.
    construct_id
        The id within it.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Events and alerts of Amazon A2I human loops",
            # No parameter and no rule for a bootstrap stack, and an error for any asset.
            synthesizer=BootstraplessSynthesizer(),
        )
        self._names = self._parameter(
            "FlowDefinitionNames",
            default="",
            pattern=f"(?:{_NAME}(?:,{_NAME})*)?",
            constraint="names of flow definitions (lower-case letters, digits and hyphens) with "
            "commas and without spaces between them",
            description="The flow definitions of the human loops: names, separated by commas, such "
            "as invoices,claims. At most about 50. Empty: all of the account and Region.",
        )
        self._email = self._parameter(
            "AlertEmail",
            default="",
            pattern=r"(?:[^@\s]+@[^@\s]+\.[^@\s]+)?",
            constraint="an e-mail address, or empty",
            description="An address that is subscribed to the alerts and must confirm that. "
            "Empty: none.",
        )
        self._threshold = self._parameter(
            "FailedLoopsThreshold",
            parameter_type="Number",
            default=1,
            min_value=1,
            constraint="a number from 1",
            description="How many failed loops in 5 minutes raise the alarm FailedLoops.",
        )
        self._runbook = self._parameter(
            "Runbook",
            default="",
            pattern=r"\S*",
            constraint="a path or URL without spaces, or empty",
            description="The path or URL of your copy of the runbook, for alerts and alarms. "
            "Empty: they name the command human-loops runbook, which prints it.",
        )
        self._describe_parameters()
        self._events = self._create_events()
        self._subscribe()
        self._match_flow_definitions()
        self._events.add_outputs()

    def _parameter(
        self,
        name: str,
        *,
        default: str | int,
        constraint: str,
        description: str,
        parameter_type: str = "String",
        pattern: str | None = None,
        min_value: int | None = None,
    ) -> CfnParameter:
        return CfnParameter(
            self,
            name,
            type=parameter_type,
            default=default,
            allowed_pattern=f"^{pattern}$" if pattern else None,
            constraint_description=f"expected {constraint}",
            description=description,
            min_value=min_value,
        )

    def _describe_parameters(self) -> None:
        groups = {
            "Human loops": [self._names],
            "Alerts": [self._email, self._threshold, self._runbook],
        }
        self.template_options.metadata = {
            "AWS::CloudFormation::Interface": {
                "ParameterGroups": [
                    {
                        "Label": {"default": label},
                        "Parameters": [each.logical_id for each in parameters],
                    }
                    for label, parameters in groups.items()
                ]
            }
        }

    def _create_events(self) -> StatusEvents:
        delivery = Delivery(self, "Delivery")
        alerts = _Alerts(
            self,
            "Alerts",
            encryption_key=delivery.encryption_key,
            runbook=self._runbook.value_as_string,
        )
        loops = StatusEvents(
            self, "Events", filter=HumanLoopFilter(), delivery=delivery, alerts=alerts
        )
        loops.add_topic()
        loops.add_queue()
        alarm = loops.alert_on_failure().node.default_child
        assert isinstance(alarm, cloudwatch.CfnAlarm)  # noqa: S101 - what every Alarm is made of
        alarm.threshold = self._threshold.value_as_number
        return loops

    def _subscribe(self) -> None:
        has_email = CfnCondition(
            self,
            "HasAlertEmail",
            expression=Fn.condition_not(Fn.condition_equals(self._email.value_as_string, "")),
        )
        subscription = sns.Subscription(
            self,
            "AlertEmailSubscription",
            topic=self._events.alerts.topic,
            protocol=sns.SubscriptionProtocol.EMAIL,
            endpoint=self._email.value_as_string,
        )
        resource = subscription.node.default_child
        assert isinstance(resource, sns.CfnSubscription)  # noqa: S101 - what it is made of
        resource.cfn_options.condition = has_email
        acknowledge(
            subscription,
            "SNS retries an e-mail for hours. After that it is out of date: the alarm stays on, "
            "and the loop is in the queue.",
            "Serverless-SNSRedrivePolicy",
        )

    def _match_flow_definitions(self) -> None:
        """Put the names of the parameter into the patterns, each as a suffix of the ARN.

        A pattern can be a text, which intrinsic functions compose.
        """
        every = CfnCondition(
            self,
            "AllFlowDefinitions",
            expression=Fn.condition_equals(self._names.value_as_string, ""),
        )
        names = Fn.split(",", self._names.value_as_string)
        suffixes = Fn.join('"},{"suffix":"/', names)
        matchers = Fn.condition_if(
            every.logical_id,
            '{"exists":true}',
            Fn.join("", ['{"suffix":"/', suffixes, '"}']),
        ).to_string()
        for rule, statuses in (
            (self._events.rule, tuple(HumanLoopStatus)),
            (self._events.failed_rule, (HumanLoopStatus.FAILED,)),
        ):
            resource = rule.node.default_child
            assert isinstance(resource, events.CfnRule)  # noqa: S101 - what every Rule is made of
            before, after = _pattern_text(statuses).split(f'"{_PLACE_OF_FLOW_DEFINITIONS}"')
            resource.event_pattern = Fn.join("", [before, matchers, after])


class _Alerts(Alerts):
    """Alerts with the runbook of a parameter, or with the default if that is empty."""

    def __init__(
        self, scope: Construct, construct_id: str, *, encryption_key: kms.IKey, runbook: str
    ) -> None:
        super().__init__(scope, construct_id, encryption_key=encryption_key, runbook=runbook)
        self._is_default = CfnCondition(
            scope, "DefaultRunbook", expression=Fn.condition_equals(runbook, "")
        )

    def _runbook_section(self, section: str) -> str:
        """Return where a section of the runbook is found: a path, a URL or a command."""
        return Fn.condition_if(
            self._is_default.logical_id,
            runbook_section(None, section),
            super()._runbook_section(section),
        ).to_string()


def _pattern_text(statuses: tuple[HumanLoopStatus, ...]) -> str:
    pattern = HumanLoopFilter(statuses=statuses).pattern(
        detail={"flowDefinitionArn": [_PLACE_OF_FLOW_DEFINITIONS]}
    )
    return json.dumps(
        {"source": pattern.source, "detail-type": pattern.detail_type, "detail": pattern.detail},
        separators=(",", ":"),
    )


def events_template() -> dict[str, Any]:
    """Return the template."""
    app = App(analytics_reporting=False)
    EventsStack(app, "HumanLoopEvents")
    template: dict[str, Any] = app.synth().get_stack_by_name("HumanLoopEvents").template
    return template


if __name__ == "__main__":
    TEMPLATE.parent.mkdir(exist_ok=True)
    TEMPLATE.write_text(json.dumps(events_template(), indent=1) + "\n", encoding="utf-8")
