"""The stack of the templates for teams without CDK in Python, configured by parameters.

`release/template_zip.py` makes templates with local code of it, for `aws cloudformation package`.
"""

from __future__ import annotations

import json
from typing import Final

from aws_cdk import (
    App,
    CfnCondition,
    CfnOutput,
    CfnParameter,
    DefaultStackSynthesizer,
    Fn,
    Stack,
)
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from human_loop_events import (
    AlertsSettings,
    Delivery,
    FieldMapping,
    FlowDefinitions,
    HumanLoopEvents,
    OutcomeArchiveSettings,
    OutputLocation,
    ReviewHandlerSettings,
)
from human_loop_events.aws.acknowledgements import acknowledge
from human_loop_events.events.delivered_rule import DeliveredRule
from human_loop_reviews.contract import ReconcilerSetting

#: The mapping in the layer of the templates. Its file shows the format, and is for a flow
#: definition with this name only.
EXAMPLE_MAPPINGS: Final = {
    "example": [FieldMapping(name="Total", prediction="total", answer="total")]
}

#: The id of the stack in the app. Its name is chosen at deployment.
STACK: Final = "HumanLoopEvents"

#: The runbook in the zip.
RUNBOOK: Final = "runbook.md"

_NAME: Final = "[a-z0-9](?:-*[a-z0-9]){0,62}"
_PLACE_OF_FLOW_DEFINITIONS: Final = "flow definitions"


class TemplateStack(Stack):
    """Ended human loops with all that `HumanLoopEvents` has by default, configured by parameters.

    Parameters
    ----------
    scope
        The app.
    construct_id
        The id within it.
    outcome_archive
        Whether there is an archive of outcomes.
    """

    def __init__(self, scope: Construct, construct_id: str, *, outcome_archive: bool) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Events, alerts and reviews of Amazon A2I human loops"
            + (", with an archive of outcomes" if outcome_archive else ""),
            # No parameter and no rule for a bootstrap stack.
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        self._create_parameters()
        self._has_output_key = self._is_given("HasOutputKey", self._key)
        self._human_loops = self._create_human_loops(outcome_archive)
        self._subscribe()
        self._match_flow_definitions()
        self._add_outputs()

    def _create_parameters(self) -> None:
        self._names = self._parameter(
            "FlowDefinitionNames",
            default="",
            pattern=f"(?:{_NAME}(?:,{_NAME})*)?",
            constraint="names of flow definitions (lower-case letters, digits and hyphens) with "
            "commas and without spaces between them",
            description="The flow definitions of the human loops: names, separated by commas, such "
            "as invoices,claims. At most about 50. Empty: all of the account and Region.",
        )
        self._bucket = self._parameter(
            "OutputBucket",
            pattern=r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
            constraint="the name of a bucket, without s3:// and without a prefix",
            description="The existing bucket to which A2I writes output: the S3OutputPath of the "
            "flow definitions, between s3:// and the next /.",
        )
        self._prefix = self._parameter(
            "OutputPrefix",
            default="",
            pattern=r"(?:[^/*?$:\s]+/)*",
            constraint="a key prefix that ends with /, such as reviews/, without * ? $ : and "
            "spaces, or empty",
            description="The rest of the S3OutputPath, with / at the end, such as reviews/. The "
            "review handler may read all output below it. Empty: the whole bucket.",
        )
        self._key = self._parameter(
            "OutputKey",
            default="",
            pattern=r"(?:arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+)?",
            constraint="the ARN of a key (arn:aws:kms:<region>:<account>:key/<id>), not of an "
            "alias, or empty",
            description="The customer managed key of the output: the KmsKeyId of the flow "
            "definitions, or the key of the bucket's default encryption. Empty: none.",
        )
        self._email = self._parameter(
            "AlertEmail",
            default="",
            pattern=r"(?:[^@\s]+@[^@\s]+\.[^@\s]+)?",
            constraint="an e-mail address, or empty",
            description="An address that is subscribed to the alerts and must confirm that. "
            "Empty: none.",
        )
        self._runbook = self._parameter(
            "Runbook",
            default=RUNBOOK,
            pattern=r"\S+",
            constraint="a path or URL without spaces",
            description="The path or URL of your copy of the runbook, for alerts and alarms.",
        )
        self._group_parameters(
            {
                "Human loops": [self._names, self._bucket, self._prefix, self._key],
                "Alerts": [self._email, self._runbook],
            }
        )

    def _parameter(
        self,
        name: str,
        *,
        pattern: str,
        constraint: str,
        description: str,
        default: str | None = None,
    ) -> CfnParameter:
        return CfnParameter(
            self,
            name,
            default=default,
            allowed_pattern=f"^{pattern}$",
            constraint_description=f"expected {constraint}",
            description=description,
        )

    def _group_parameters(self, groups: dict[str, list[CfnParameter]]) -> None:
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

    def _create_human_loops(self, outcome_archive: bool) -> HumanLoopEvents:
        delivery = Delivery(self, "Delivery")
        bucket = s3.Bucket.from_bucket_name(self, "Bucket", self._bucket.value_as_string)
        return HumanLoopEvents(
            self,
            "HumanLoops",
            output=_DeployedOutputLocation(
                bucket, self._prefix.value_as_string, self._output_key(delivery.encryption_key)
            ),
            handler=ReviewHandlerSettings(mappings=EXAMPLE_MAPPINGS),
            alerts=AlertsSettings(runbook=self._runbook.value_as_string),
            delivery=delivery,
            outcome_archive=OutcomeArchiveSettings() if outcome_archive else None,
        )

    def _output_key(self, key_of_stack: kms.IKey) -> kms.IKey:
        """Return the key of the parameter, and without one the key of the stack.

        A policy needs a resource. A statement on a key that no output is encrypted with changes
        nothing.
        """
        arn = Fn.condition_if(
            self._has_output_key.logical_id, self._key.value_as_string, key_of_stack.key_arn
        )
        return kms.Key.from_key_arn(self, "Key", arn.to_string())

    def _subscribe(self) -> None:
        subscription = sns.Subscription(
            self,
            "AlertEmailSubscription",
            topic=self._human_loops.alerts.topic,
            protocol=sns.SubscriptionProtocol.EMAIL,
            endpoint=self._email.value_as_string,
        )
        resource = subscription.node.default_child
        assert isinstance(resource, sns.CfnSubscription)  # noqa: S101 - what it is made of
        resource.cfn_options.condition = self._is_given("HasAlertEmail", self._email)
        acknowledge(
            subscription,
            "SNS retries an e-mail for hours. After that it is out of date: the alarm stays on, "
            "and the loop is in the queue.",
            "Serverless-SNSRedrivePolicy",
        )

    def _match_flow_definitions(self) -> None:
        """Give the names of the parameter to what is constructed for all flow definitions.

        CloudFormation cannot make an object or a policy of each item in a list. It can compose
        texts: an event pattern, with each name as a suffix of the ARN, and the reconciler's
        environment variable.
        """
        is_given = self._is_given("HasFlowDefinitionNames", self._names)
        names = Fn.split(",", self._names.value_as_string)
        matchers = Fn.condition_if(
            is_given.logical_id,
            Fn.join("", ['{"suffix":"/', Fn.join('"},{"suffix":"/', names), '"}']),
            '{"exists":true}',
        ).to_string()
        status_events = self._human_loops.status_events
        for rule in (status_events.rule, status_events.failed_rule):
            self._match(rule, matchers)
        self._human_loops.reconciler.function.add_environment(
            ReconcilerSetting.FLOW_DEFINITIONS,
            Fn.condition_if(
                is_given.logical_id,
                Fn.join("", ['["', Fn.join('","', names), '"]']),
                FlowDefinitions.all()._to_environment(),
            ).to_string(),
        )

    def _match(self, rule: DeliveredRule, matchers: str) -> None:
        resource = rule.node.default_child
        assert isinstance(resource, events.CfnRule)  # noqa: S101 - what every Rule is made of
        pattern = self.resolve(resource.event_pattern)
        pattern["detail"]["flowDefinitionArn"] = [_PLACE_OF_FLOW_DEFINITIONS]
        text = json.dumps(pattern, separators=(",", ":"))
        before, after = text.split(f'"{_PLACE_OF_FLOW_DEFINITIONS}"')
        resource.event_pattern = Fn.join("", [before, matchers, after])

    def _add_outputs(self) -> None:
        self._human_loops.add_outputs()
        outputs = self.node.find_child("HumanLoopOutputs")
        key = outputs.node.find_child("OutputKeyArn")
        assert isinstance(key, CfnOutput)  # noqa: S101 - what every output is
        key.value = self._key.value_as_string
        key.condition = self._has_output_key

    def _is_given(self, condition_id: str, parameter: CfnParameter) -> CfnCondition:
        return CfnCondition(
            self,
            condition_id,
            expression=Fn.condition_not(Fn.condition_equals(parameter.value_as_string, "")),
        )


class _DeployedOutputLocation(OutputLocation):
    """An output location with a prefix that is known at deployment only, and ends with a slash."""

    def _object_patterns(self, flow_definitions: FlowDefinitions) -> list[str]:  # noqa: ARG002
        """Return the pattern of all keys below the prefix, which can be empty."""
        return [f"{self.prefix}*"]


def template_app(outdir: str, *, outcome_archive: bool) -> App:
    """Return an app with the stack.

    Parameters
    ----------
    outdir
        The folder of the cloud assembly.
    outcome_archive
        Whether there is an archive of outcomes.
    """
    app = App(analytics_reporting=False, outdir=outdir)
    TemplateStack(app, STACK, outcome_archive=outcome_archive)
    return app
