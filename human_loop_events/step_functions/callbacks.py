"""Callbacks: a function that lets executions of Step Functions wait for human loops."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from human_loop_events.aws.acknowledgements import acknowledge
from human_loop_events.aws.argument_types import checks_arguments
from human_loop_events.aws.encryption import USE_ACTIONS, grant_through
from human_loop_events.aws.queues_and_topics import create_dead_letter_queue
from human_loop_events.events.alerts import Alerts
from human_loop_events.events.delivered_rule import DeliveredRule
from human_loop_events.events.delivery import Delivery
from human_loop_events.events.flow_definitions import FlowDefinitions, flow_definitions_or_all
from human_loop_events.reviews.loop_context import LoopContext
from human_loop_events.reviews.loop_metrics import loop_metric
from human_loop_events.reviews.review_handler import ReviewHandler
from human_loop_events.reviews.runtime_function import Network, RuntimeFunction
from human_loop_reviews.callback_contract import (
    CALLBACK_PARTITION_KEY,
    CALLBACK_SORT_KEY,
    CALLBACK_TIME_TO_LIVE,
    CALLBACKS_ENTRY_POINT,
    CALLBACKS_TIMEOUT_SECONDS,
    CallbackSetting,
)
from human_loop_reviews.contract import HumanLoopStatus, Metric

_MEMORY_SIZE = 512
_STRING = dynamodb.AttributeType.STRING


class HumanLoopCallbacksSettings(Network, total=False):
    """The parameters of `HumanLoopCallbacks` that `HumanLoopEvents.add_callbacks` accepts."""

    log_retention: logs.RetentionDays


@checks_arguments
class HumanLoopCallbacks(RuntimeFunction):
    """A function and a table that let executions of Step Functions wait for human loops.

    A state, see `HumanLoopTask`, invokes the function with its task token. The function stores the
    token in the table and starts the human loop. When the review handler has recorded the outcome
    of the loop, the function resumes the execution and deletes the token. The table is deleted with
    the stack, because task tokens are secrets.

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    handler
        The review handler that records the outcomes.
    delivery
        The delivery of outcomes to the function.
    alerts
        The alerts on outcomes that cannot be delivered.
    flow_definitions
        The flow definitions of the human loops. Their events must reach the handler: the function
        refuses executions that wait for a loop of another flow definition. Default: all of the
        account and Region.
    encryption_key
        The customer managed key of the table, the logs and the dead-letter queue. Default: that of
        the delivery.
    log_retention
        The retention period of the logs. Default: one year.
    vpc, vpc_subnets, security_groups
        The VPC of the function, with the meaning of the parameters of `aws_lambda.Function`. The
        VPC needs endpoints for the services that the function calls: see
        ``docs/deploying.md#functions-in-a-vpc``. Default: no VPC.

    Raises
    ------
    ValueError
        If a flow definition is in another account or Region, or the handler belongs to a hub.

    Examples
    --------
    >>> callbacks = loops.add_callbacks("Callbacks")  # doctest: +SKIP
    """

    flow_definitions: FlowDefinitions
    """The flow definitions of the human loops for which executions can wait."""
    table: dynamodb.Table
    """The table of callbacks. It holds task tokens, which are secrets."""
    dead_letter_queue: sqs.Queue
    """The queue for outcomes that the function failed on three times."""
    rule: DeliveredRule
    """The rule on outcomes."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        handler: ReviewHandler,
        delivery: Delivery,
        alerts: Alerts,
        flow_definitions: FlowDefinitions | None = None,
        encryption_key: kms.IKey | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
    ) -> None:
        super().__init__(
            scope, construct_id, encryption_key=encryption_key or delivery.encryption_key
        )
        if handler.hub is not None:
            raise ValueError(
                f"callbacks: {handler.hub.node.path} is a hub, and A2I starts and describes the "
                "human loops of an account and Region only there; expected callbacks in a "
                "HumanLoopEvents beside the spoke"
            )
        self.flow_definitions = flow_definitions_or_all(flow_definitions)
        self.flow_definitions._refuse_those_of_other_environments(Stack.of(self))
        self.table = self._create_table()
        # cdk-nag recognises the dead-letter queue of a function too.
        self.dead_letter_queue = create_dead_letter_queue(
            self, "DeadLetterQueue", self.encryption_key, of_a_queue=True
        )
        self._create_role(
            description="Resumes executions that wait for human loops",
            policy_description="What callbacks may do",
            log_retention=log_retention,
        )
        self._add_statements(handler)
        self._create_function(
            description="Resumes executions that wait for human loops",
            entry_point=CALLBACKS_ENTRY_POINT,
            network=self._connect_network(vpc, vpc_subnets, security_groups),
            dead_letter_queue=self.dead_letter_queue,
            memory_size=_MEMORY_SIZE,
            timeout=Duration.seconds(CALLBACKS_TIMEOUT_SECONDS),
            environment={
                CallbackSetting.CALLBACK_TABLE.value: self.table.table_name,
                CallbackSetting.LEDGER_TABLE.value: handler.ledger._name_for(self),
                CallbackSetting.FLOW_DEFINITIONS.value: self.flow_definitions._to_environment(),
            },
        )
        self._acknowledge_shared_concurrency(
            "Reserved concurrency is taken from the account's quota, and the deployment fails "
            "where the quota is small. The rate of executions and outcomes is limited by how fast "
            "reviewers work.",
        )
        self.rule = handler._create_outcome_rule(
            handler,
            f"{construct_id}Outcomes",
            delivery=delivery,
            alerts=alerts,
            target=targets.LambdaFunction(self.function),
            description="Outcomes that executions may wait for",
        )
        alerts.watch_function(
            self.function, called="function that resumes executions", section="CallbackErrors"
        )
        alerts.watch_queue(self.dead_letter_queue)

    def metric_resumed_executions(
        self, flow_definition: str, *, period: Duration | None = None
    ) -> cloudwatch.Metric:
        """Count the executions that were resumed, as a sum over the period (5 minutes)."""
        return self._metric(Metric.RESUMED_EXECUTIONS, flow_definition, period)

    def metric_executions_not_waiting(
        self, flow_definition: str, *, period: Duration | None = None
    ) -> cloudwatch.Metric:
        """Count the executions that had ended or timed out before their loop did."""
        return self._metric(Metric.EXECUTIONS_NOT_WAITING, flow_definition, period)

    def _metric(
        self, name: str, flow_definition: str, period: Duration | None
    ) -> cloudwatch.Metric:
        return loop_metric(
            self.function, name, flow_definition, period=period or Duration.minutes(5)
        )

    def _create_table(self) -> dynamodb.Table:
        table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name=CALLBACK_PARTITION_KEY, type=_STRING),
            sort_key=dynamodb.Attribute(name=CALLBACK_SORT_KEY, type=_STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self.encryption_key,
            time_to_live_attribute=CALLBACK_TIME_TO_LIVE,
            # A token is a secret, and useless without the function.
            removal_policy=RemovalPolicy.DESTROY,
        )
        acknowledge(
            table,
            "The table holds task tokens, which are deleted after use. A backup would keep these "
            "secrets, and a token that is restored resumes nothing.",
            "AwsSolutions-DDB3",
            "HIPAA.Security-DynamoDBInBackupPlan",
            "HIPAA.Security-DynamoDBPITREnabled",
            "NIST.800.53.R5-DynamoDBInBackupPlan",
            "NIST.800.53.R5-DynamoDBPITREnabled",
        )
        return table

    def _add_statements(self, handler: ReviewHandler) -> None:
        self._allow(
            ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query"], self.table.table_arn
        )
        grant_through(self.encryption_key, self.policy, "dynamodb", USE_ACTIONS)
        handler.ledger._grant_query(self.policy)
        self._allow_human_loops()
        # AWS defines no resource for these actions. The token determines the execution.
        self._allow(["states:SendTaskFailure", "states:SendTaskSuccess"], "*")
        self._allow_send(self.dead_letter_queue)
        self._allow_logs_and_traces()
        self._acknowledge_any_resource(
            "X-Ray's two write actions and the two of Step Functions take no resource: AWS defines "
            "them for '*' only. To resume an execution takes its task token."
        )

    def _allow_human_loops(self) -> None:
        self._allow_describe_loops()
        flow_definitions = self.flow_definitions._arns_in(Stack.of(self))
        self._allow(["sagemaker:StartHumanLoop"], *flow_definitions)
        self._acknowledge_wildcards(
            "Starting loops of any flow definition of this account and Region, if none are named.",
            [arn for arn in flow_definitions if arn.endswith("/*")],
        )


def create_callbacks(
    context: LoopContext,
    construct_id: str,
    handler: ReviewHandler,
    settings: HumanLoopCallbacksSettings,
) -> HumanLoopCallbacks:
    """Create callbacks for the human loops that a review handler receives.

    Raises
    ------
    ValueError
        If the handler does not receive the loops of all statuses.
    """
    missing = [each for each in HumanLoopStatus if each not in context.statuses]
    if missing:
        raise ValueError(
            "add_callbacks: expected statuses with all three, but the handler does not receive "
            f"{', '.join(missing)} loops: executions that wait for one would not be resumed"
        )
    return HumanLoopCallbacks(
        context.scope,
        construct_id,
        handler=handler,
        delivery=context.delivery,
        alerts=context.alerts,
        flow_definitions=context.flow_definitions,
        **settings,
    )
