"""Any target of CDK's gets what it lacks, keeps what it brings, and is changed in nothing else."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import Duration, SecretValue, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_appsync as appsync
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.assertions import Template
from constructs import Construct

from human_loop_events import Alerts, Delivery, HumanLoopFilter, StatusEvents
from tests.infrastructure.cases import ACCOUNT, REGION, new_app

BATCH = f"arn:aws:batch:{REGION}:{ACCOUNT}"
RETRY_POLICY = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}


def _function(stack: Stack, function_id: str = "Function") -> lambda_.Function:
    return lambda_.Function(
        stack,
        function_id,
        code=lambda_.Code.from_inline("def handle(event, context): pass"),
        handler="index.handle",
        runtime=lambda_.Runtime.PYTHON_3_14,
    )


def _stream(stack: Stack) -> firehose.DeliveryStream:
    return firehose.DeliveryStream(
        stack, "Firehose", destination=firehose.S3Bucket(s3.Bucket(stack, "Bucket"))
    )


def _cfn_stream(stack: Stack) -> firehose.CfnDeliveryStream:
    return firehose.CfnDeliveryStream(stack, "CfnFirehose")


def _task(stack: Stack, **options: Any) -> targets.EcsTask:
    vpc = ec2.Vpc(stack, "Vpc", max_azs=1, nat_gateways=0)
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("App", image=ecs.ContainerImage.from_registry("example/app"))
    return targets.EcsTask(
        cluster=ecs.Cluster(stack, "Cluster", vpc=vpc),
        task_definition=task,
        subnet_selection=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
        **options,
    )


def _pipeline(stack: Stack, **options: Any) -> targets.CodePipeline:
    pipeline = codepipeline.Pipeline.from_pipeline_arn(
        stack, "Pipeline", f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:example"
    )
    return targets.CodePipeline(pipeline, **options)


def _api(stack: Stack, **options: Any) -> targets.ApiGateway:
    api = apigateway.RestApi(stack, "Api")
    api.root.add_method("POST")
    return targets.ApiGateway(api, path="/", method="POST", **options)


def _destination(stack: Stack, **options: Any) -> targets.ApiDestination:
    connection = events.Connection(
        stack,
        "Connection",
        authorization=events.Authorization.api_key("x-key", SecretValue.unsafe_plain_text("x")),
    )
    return targets.ApiDestination(
        events.ApiDestination(
            stack, "Destination", connection=connection, endpoint="https://example.com"
        ),
        **options,
    )


def _graphql(stack: Stack, **options: Any) -> targets.AppSync:
    api = appsync.GraphqlApi.from_graphql_api_attributes(
        stack,
        "GraphQl",
        graphql_api_id="example",
        graph_ql_endpoint_arn=f"arn:aws:appsync:{REGION}:{ACCOUNT}:endpoints/graphql-api/example",
        visibility=appsync.Visibility.GLOBAL,
        modes=[appsync.AuthorizationType.IAM],
    )
    return targets.AppSync(
        api, graph_ql_operation="mutation Ended($id:String!){ended(id:$id)}", **options
    )


#: How each class of CDK's targets is made.
TARGETS: dict[str, Callable[..., events.IRuleTarget]] = {
    "ApiDestination": _destination,
    "ApiGateway": _api,
    "ApiGatewayV2": lambda stack, **options: targets.ApiGatewayV2(
        apigatewayv2.HttpApi(stack, "HttpApi"), **options
    ),
    "AppSync": _graphql,
    "AwsApi": lambda _: targets.AwsApi(
        service="ECS", action="updateService", parameters={"service": "example"}
    ),
    "BatchJob": lambda stack, **options: targets.BatchJob(
        f"{BATCH}:job-queue/example",
        stack,
        f"{BATCH}:job-definition/example:1",
        stack,
        **options,
    ),
    "CloudWatchLogGroup": lambda stack, **options: targets.CloudWatchLogGroup(
        logs.LogGroup(stack, "Logs"), **options
    ),
    "CodeBuildProject": lambda stack, **options: targets.CodeBuildProject(
        codebuild.Project(
            stack, "Project", build_spec=codebuild.BuildSpec.from_object({"version": "0.2"})
        ),
        **options,
    ),
    "CodePipeline": _pipeline,
    "EcsTask": _task,
    "EventBus": lambda stack, **options: targets.EventBus(events.EventBus(stack, "Bus"), **options),
    "FirehoseDeliveryStream": lambda stack, **options: targets.FirehoseDeliveryStream(
        _stream(stack), **options
    ),
    "KinesisFirehoseStream": lambda stack, **options: targets.KinesisFirehoseStream(
        _cfn_stream(stack), **options
    ),
    "KinesisFirehoseStreamV2": lambda stack, **options: targets.KinesisFirehoseStreamV2(
        _stream(stack), **options
    ),
    "KinesisStream": lambda stack, **options: targets.KinesisStream(
        kinesis.Stream(stack, "Stream"), partition_key_path="$.id", **options
    ),
    "LambdaFunction": lambda stack, **options: targets.LambdaFunction(_function(stack), **options),
    "RedshiftQuery": lambda _, **options: targets.RedshiftQuery(
        f"arn:aws:redshift:{REGION}:{ACCOUNT}:cluster:example",
        database="dev",
        sql=["INSERT INTO ended VALUES (1)"],
        **options,
    ),
    "SfnStateMachine": lambda stack, **options: targets.SfnStateMachine(
        sfn.StateMachine(
            stack,
            "Machine",
            definition_body=sfn.DefinitionBody.from_chainable(sfn.Pass(stack, "Pass")),
        ),
        **options,
    ),
    "SnsTopic": lambda stack, **options: targets.SnsTopic(sns.Topic(stack, "Topic"), **options),
    "SqsQueue": lambda stack, **options: targets.SqsQueue(
        sqs.Queue(stack, "TargetQueue"), **options
    ),
}

#: Targets that take no dead-letter queue and no retry policy of their own.
WITHOUT_OPTIONS = {
    "AwsApi",
    *(
        name
        for name in TARGETS
        if name != "AwsApi"
        and not {"dead_letter_queue", "retry_attempts", "max_event_age"}
        <= set(inspect.signature(getattr(targets, name).__init__).parameters)
    ),
}


def _events(stack: Stack, delivery: Delivery | None = None) -> StatusEvents:
    return StatusEvents(stack, "Events", filter=HumanLoopFilter(), delivery=delivery)


def _targets_of_rule(stack: Stack, rule: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    resources = Template.from_stack(stack).to_json()["Resources"]
    (found,) = (
        resource["Properties"].get("Targets", [])
        for logical_id, resource in resources.items()
        if resource["Type"] == "AWS::Events::Rule" and logical_id[:-8].endswith(rule)
    )
    return found, resources


@pytest.mark.parametrize("name", TARGETS)
def test_target_is_that_of_cdk_with_retries_and_a_dead_letter_queue(name: str) -> None:
    plain, completed = Stack(new_app(), "Stack"), Stack(new_app(), "Stack")
    events.Rule(
        # Some targets name things after the path of the rule.
        Construct(Construct(plain, "Events"), "Rules"),
        "Rule",
        event_pattern=events.EventPattern(source=["x"]),
        targets=[TARGETS[name](plain)],
    )
    _events(completed).on_event("Rule", target=TARGETS[name](completed))

    (expected,), _ = _targets_of_rule(plain, "Rule")
    (target,), _ = _targets_of_rule(completed, "Rule")

    dead_letter_queue = target.pop("DeadLetterConfig")["Arn"]["Fn::GetAtt"][0]
    assert re.fullmatch(r"EventsDeliveryDeadLetterQueue[0-9A-F]{8}", dead_letter_queue)
    assert target.pop("RetryPolicy") == RETRY_POLICY
    assert target == expected


def test_targets_are_all_that_cdk_has() -> None:
    implemented = {
        name
        for name, each in vars(targets).items()
        if inspect.isclass(each) and hasattr(each, "bind") and name != "LogGroupTargetInput"
    }

    assert len(implemented) >= 20
    assert implemented == set(TARGETS)


@pytest.mark.parametrize("name", sorted(set(TARGETS) - WITHOUT_OPTIONS))
def test_target_keeps_the_retry_policy_and_the_dead_letter_queue_that_it_brings(name: str) -> None:
    stack = Stack(new_app(), "Stack")
    own = sqs.Queue(
        stack,
        "Own",
        encryption=sqs.QueueEncryption.KMS,
        encryption_master_key=kms.Key(stack, "OwnKey"),
    )
    target = TARGETS[name](
        stack, dead_letter_queue=own, retry_attempts=2, max_event_age=Duration.minutes(5)
    )
    _events(stack).on_event("Rule", target=target)

    (found,), resources = _targets_of_rule(stack, "Rule")

    own_id = str(stack.resolve(own.queue_arn)["Fn::GetAtt"][0])
    assert found["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": [own_id, "Arn"]}}
    assert found["RetryPolicy"] == {"MaximumEventAgeInSeconds": 300, "MaximumRetryAttempts": 2}
    assert _watched_queues(resources)[own_id] == 1
    (key,) = (resource for name, resource in resources.items() if name.startswith("OwnKey"))
    assert any(
        statement["Principal"] == {"Service": "events.amazonaws.com"}
        and statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
        for statement in key["Properties"]["KeyPolicy"]["Statement"]
    )


def test_most_targets_can_bring_their_own() -> None:
    assert len(set(TARGETS) - WITHOUT_OPTIONS) >= 14


def test_target_without_all_settings_keeps_the_one_that_it_brings() -> None:
    stack = Stack(new_app(), "Stack")
    _events(stack).on_event(
        "Rule", target=targets.LambdaFunction(_function(stack), retry_attempts=0)
    )

    (found,), _ = _targets_of_rule(stack, "Rule")

    assert found["RetryPolicy"]["MaximumRetryAttempts"] == 0
    assert "DeliveryDeadLetterQueue" in json.dumps(found["DeadLetterConfig"])


def test_imported_dead_letter_queue_of_a_target_is_watched() -> None:
    stack = Stack(new_app(), "Stack")
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed"
    target = targets.LambdaFunction(
        _function(stack), dead_letter_queue=sqs.Queue.from_queue_arn(stack, "Own", arn)
    )
    _events(stack).on_event("Rule", target=target)

    (found,), resources = _targets_of_rule(stack, "Rule")

    assert found["DeadLetterConfig"] == {"Arn": arn}
    assert _watched_queues(resources)["failed"] == 1


def test_imported_dead_letter_queue_of_two_targets_is_watched_once() -> None:
    stack = Stack(new_app(), "Stack")
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed"
    own = sqs.Queue.from_queue_arn(stack, "Own", arn)
    loops = _events(stack)
    for number in range(2):
        loops.on_event(
            f"Rule{number}",
            target=targets.LambdaFunction(_function(stack, f"F{number}"), dead_letter_queue=own),
        )

    resources = Template.from_stack(stack).to_json()["Resources"]

    assert _watched_queues(resources)["failed"] == 1


def test_dead_letter_queue_of_two_targets_is_watched_once() -> None:
    stack = Stack(new_app(), "Stack")
    own = sqs.Queue(stack, "Own")
    loops = _events(stack)
    for number in range(2):
        loops.on_event(
            f"Rule{number}",
            target=targets.LambdaFunction(_function(stack, f"F{number}"), dead_letter_queue=own),
        )

    watched = _watched_queues(Template.from_stack(stack).to_json()["Resources"])

    assert watched[str(stack.resolve(own.queue_arn)["Fn::GetAtt"][0])] == 1


def test_target_with_the_dead_letter_queue_of_the_delivery_is_refused() -> None:
    stack = Stack(new_app(), "Stack")
    delivery = Delivery(stack, "Delivery")
    target = targets.LambdaFunction(_function(stack), dead_letter_queue=delivery.dead_letter_queue)

    with pytest.raises(ValueError, match="omit dead_letter_queue: the rule sets it"):
        _events(stack, delivery).on_event("Rule", target=target)


@pytest.mark.parametrize(
    "options", [{"fifo": True}, {"encryption": sqs.QueueEncryption.KMS_MANAGED}]
)
def test_target_with_a_dead_letter_queue_that_eventbridge_cannot_use_is_refused(
    options: dict[str, Any],
) -> None:
    stack = Stack(new_app(), "Stack")
    own = sqs.Queue(stack, "Own", **options)

    with pytest.raises(
        ValueError, match="dead_letter_queue of a target of Stack/Events/Rules/Rule: "
    ):
        _events(stack).on_event(
            "Rule", target=targets.LambdaFunction(_function(stack), dead_letter_queue=own)
        )


def test_sixth_target_of_a_rule_is_refused() -> None:
    stack = Stack(new_app(), "Stack")
    rule = _events(stack).on_event("Rule")
    for number in range(5):
        rule.add_target(targets.LambdaFunction(_function(stack, f"F{number}")))

    with pytest.raises(ValueError, match="Stack/Events/Rules/Rule: EventBridge accepts 5 targets"):
        rule.add_target(targets.LambdaFunction(_function(stack, "F5")))


def test_order_of_calls_changes_nothing() -> None:
    def build(*, targets_first: bool) -> dict[str, Any]:
        stack = Stack(new_app(), "Stack")
        delivery = Delivery(stack, "Delivery")
        alerts = Alerts(stack, "Alerts", encryption_key=delivery.encryption_key)
        loops = StatusEvents(
            stack, "Events", filter=HumanLoopFilter(), delivery=delivery, alerts=alerts
        )
        function = _function(stack)
        own = sqs.Queue(stack, "Own")
        target = targets.LambdaFunction(function, dead_letter_queue=own)
        steps: list[Callable[[], object]] = [
            lambda: loops.on_event("Rule").add_target(target),
            lambda: loops.add_function(function),
            lambda: loops.alert_on_failure(),
            lambda: alerts.watch_queue(own),
        ]
        for step in steps if targets_first else reversed(steps):
            step()
        resources: dict[str, Any] = Template.from_stack(stack).to_json()["Resources"]
        return resources

    first, last = build(targets_first=True), build(targets_first=False)

    assert len(first) > 15
    assert first == last


def _watched_queues(resources: dict[str, Any]) -> dict[str, int]:
    """Count the alarms on queues by the logical id or name of the queue."""
    watched: dict[str, int] = {}
    for resource in resources.values():
        if (
            resource["Type"] == "AWS::CloudWatch::Alarm"
            and resource["Properties"].get("MetricName") == "ApproximateNumberOfMessagesVisible"
        ):
            queue = resource["Properties"]["Dimensions"][0]["Value"]
            name = queue if isinstance(queue, str) else queue["Fn::GetAtt"][0]
            watched[name] = watched.get(name, 0) + 1
    return watched
