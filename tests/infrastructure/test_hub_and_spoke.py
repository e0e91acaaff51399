"""What a hub and its spokes admit, by a policy evaluator, and what they refuse at synthesis."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aws_cdk import Aws, Environment, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Match, Template
from aws_cdk.region_info import RegionInfo

from human_loop_events import (
    Alerts,
    Delivery,
    FieldMapping,
    FlowDefinitions,
    HumanLoopEvents,
    HumanLoopHub,
    HumanLoopSpoke,
    JobFilter,
    OutputLocation,
    Reconciler,
    ReconcilerSettings,
    ReviewHandler,
    ReviewHandlerSettings,
    StatusEvents,
)
from human_loop_reviews.contract import (
    MAX_HUB_NAME,
    METRIC_DIMENSION,
    output_role_name,
    reader_role_name,
)
from tests.infrastructure.cases import ACCOUNT, REGION, new_app, synthesize, synthesized_app
from tests.infrastructure.cases.hubs import SPOKE_ACCOUNT, SPOKE_REGION
from tests.permissions.account import Account
from tests.permissions.evaluator import Request, evaluate

BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/HumanLoops-people-Hub"
READER = f"arn:aws:iam::{ACCOUNT}:role/HumanLoops-people-Hub-reader-{REGION}"
OUTPUT_ROLE = f"arn:aws:iam::{SPOKE_ACCOUNT}:role/HumanLoops-people-Hub-output-{SPOKE_REGION}"
KEY = f"arn:aws:kms:{SPOKE_REGION}:{SPOKE_ACCOUNT}:key/00000000-0000-0000-0000-000000000001"

HUMAN_LOOP = {
    "events:source": ["aws.sagemaker"],
    "events:detail-type": ["SageMaker A2I HumanLoop Status Change"],
}
HUB, SPOKE = "HumanLoops-people", "HumanLoops-invoices"

#: Policies that are not of the two stacks.
OTHERS = {
    "Anything": {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    },
    "Anybody": {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
    },
    # As AWS creates it: the policies of the account decide.
    "KeyOfOutput": {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{SPOKE_ACCOUNT}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    },
}


@functools.cache
def _account(stack: str) -> Account:
    template = synthesize("hub-and-spoke").templates[stack]["Resources"]
    account, region = (ACCOUNT, REGION) if stack == HUB else (SPOKE_ACCOUNT, SPOKE_REGION)
    return Account(template, _physical_names(template), account=account, region=region)


def _physical_names(template: dict[str, Any]) -> dict[str, str]:
    """Return the names of buses and roles where they are known, logical ids otherwise."""
    names = {}
    for logical_id, resource in template.items():
        property_name = {"AWS::Events::EventBus": "Name", "AWS::IAM::Role": "RoleName"}.get(
            resource["Type"], ""
        )
        names[logical_id] = resource.get("Properties", {}).get(property_name, logical_id)
    return names


def _id(stack: str, resource_type: str, part_of_id: str) -> str:
    (found,) = (
        each.logical_id
        for each in _account(stack).of_type(resource_type)
        if part_of_id in each.logical_id
    )
    return found


def _policy(stack: str, part_of_id: str) -> str:
    return _id(stack, "AWS::IAM::ManagedPolicy", part_of_id)


def _wrong(*requests: Request, **policies: Any) -> list[str]:
    """Return the requests that have another answer than they must."""
    known = {**_account(HUB).policies, **_account(SPOKE).policies, **OTHERS, **policies}
    return evaluate(known, requests).wrong


def _denied(*requests: Request) -> list[Request]:
    return [replace(each, must_be_allowed=False) for each in requests]


def _forwarding(**changes: Any) -> Request:
    """Make the request with which the spoke's rule puts an event on the hub's bus."""
    request: dict[str, Any] = {
        "why": "the spoke's rule forwards",
        "principal": f"arn:aws:sts::{SPOKE_ACCOUNT}:assumed-role/rules/session",
        "action": "events:PutEvents",
        "resource": BUS,
        "account": ACCOUNT,
        "context": HUMAN_LOOP,
        "identity": (_policy(SPOKE, "DeliveryPolicy"),),
        "resource_policy": _id(HUB, "AWS::Events::EventBus", "Hub"),
    }
    return Request(**{**request, **changes})


def test_hub_admits_human_loop_events_of_its_spokes_and_nothing_else() -> None:
    old, resent = "Amazon Augmented AI HumanLoop Status Change", "human-loop-events"
    forwarded = [
        _forwarding(),
        _forwarding(context={**HUMAN_LOOP, "events:detail-type": [old]}),
        _forwarding(context={**HUMAN_LOOP, "events:source": [resent]}),
    ]
    others = [
        _forwarding(principal="arn:aws:sts::777788889999:assumed-role/rules/session"),
        _forwarding(context={**HUMAN_LOOP, "events:source": ["com.example"]}),
        _forwarding(context={**HUMAN_LOOP, "events:source": ["aws.sagemaker", "com.example"]}),
        _forwarding(context={**HUMAN_LOOP, "events:detail-type": ["Human Review Outcome"]}),
        _forwarding(context={}),
        _forwarding(action="events:DeleteEventBus", context={}),
    ]
    by_anyone = [replace(each, identity=("Anything",)) for each in others]

    assert _wrong(*forwarded, *_denied(*by_anyone)) == []


def test_role_of_the_spokes_rule_reaches_the_hub_only() -> None:
    elsewhere = _forwarding(resource=BUS.replace("people", "other"), resource_policy="Anybody")

    assert _wrong(*_denied(elsewhere)) == []


def test_hub_of_an_organization_admits_its_members_only() -> None:
    resources = synthesize("hub-of-an-organization").resources
    account = Account(resources, _physical_names(resources), account=ACCOUNT, region=REGION)
    (bus,) = account.of_type("AWS::Events::EventBus")

    def request(**organization: str) -> Request:
        return _forwarding(
            resource=bus.arn,
            identity=("Anything",),
            resource_policy=bus.logical_id,
            context={**HUMAN_LOOP, **{f"aws:{k}": v for k, v in organization.items()}},
        )

    others = _denied(request(PrincipalOrgID="o-zzzzzzzzzz"), request())
    member = request(PrincipalOrgID="o-a1b2c3d4e5")
    assert _wrong(member, *others, **account.policies) == []


def test_only_the_hubs_review_handler_takes_the_role_of_a_spoke() -> None:
    handler, output = (
        _account(stack).resources[_id(stack, "AWS::IAM::Role", part)]
        for stack, part in ((HUB, "ReviewHandlerRole"), (SPOKE, "OutputRole"))
    )

    def request(principal: str, **changes: Any) -> Request:
        account, name = principal.split(":")[4], principal.rpartition("/")[2]
        values: dict[str, Any] = {
            "why": f"{principal} takes the role",
            "principal": f"arn:aws:sts::{account}:assumed-role/{name}/session",
            "action": "sts:AssumeRole",
            "resource": OUTPUT_ROLE,
            "account": SPOKE_ACCOUNT,
            "context": {"aws:PrincipalArn": principal},
            "identity": (_policy(HUB, "ReviewHandlerPolicy"),),
            "resource_policy": output.logical_id,
        }
        return Request(**{**values, **changes})

    assert (handler.arn, output.arn) == (READER, OUTPUT_ROLE)
    anyone = {"identity": ("Anything",)}
    others = _denied(
        request(f"arn:aws:iam::{ACCOUNT}:role/somebody", **anyone),
        request(READER.replace(ACCOUNT, "777788889999"), **anyone),
        # The handler takes no other role, even where that would admit it.
        request(READER, resource=OUTPUT_ROLE.replace("-output-", "-admin-")),
        request(READER, resource=OUTPUT_ROLE.replace(SPOKE_ACCOUNT, "777788889999")),
    )
    assert _wrong(request(READER), *others) == []


def test_role_of_the_spoke_reads_the_output_and_nothing_else() -> None:
    bucket = "arn:aws:s3:::example-output"
    output = f"{bucket}/reviews/claims/2026/03/14/11/30/02/c/output.json"
    through_s3 = {"kms:ViaService": f"s3.{SPOKE_REGION}.amazonaws.com"}

    def request(action: str, resource: str, **context: str) -> Request:
        return Request(
            why="the hub reads",
            principal=f"arn:aws:sts::{SPOKE_ACCOUNT}:assumed-role/output/session",
            action=action,
            resource=resource,
            account=SPOKE_ACCOUNT,
            context=context,
            identity=(_policy(SPOKE, "OutputPolicy"),),
            resource_policy="KeyOfOutput" if action.startswith("kms:") else None,
        )

    reading = [
        request("s3:GetObject", output),
        request("s3:ListBucket", bucket, **{"s3:prefix": "reviews/claims/2026"}),
        request("kms:Decrypt", KEY, **through_s3),
    ]
    others = [
        request("s3:GetObject", f"{bucket}/reviews/salaries/output.json"),
        request("s3:ListBucket", bucket, **{"s3:prefix": "input/"}),
        request("s3:ListBucket", bucket),
        request("s3:PutObject", output),
        request("kms:Decrypt", KEY),
        request("kms:Encrypt", KEY, **through_s3),
        request("kms:Decrypt", KEY.replace("0001", "0002"), **through_s3),
    ]
    assert _wrong(*reading, *_denied(*others)) == []


def test_role_of_the_spoke_describes_the_human_loops_of_its_account_and_region() -> None:
    def request(action: str, resource: str) -> Request:
        return Request(
            why="the hub asks about an event that was sent again",
            principal=f"arn:aws:sts::{SPOKE_ACCOUNT}:assumed-role/output/session",
            action=action,
            resource=resource,
            account=SPOKE_ACCOUNT,
            context={},
            identity=(_policy(SPOKE, "LoopPolicy"),),
        )

    loop = f"arn:aws:sagemaker:{SPOKE_REGION}:{SPOKE_ACCOUNT}:human-loop/claim-1"
    others = [
        request("sagemaker:DescribeHumanLoop", loop.replace(SPOKE_REGION, "eu-west-2")),
        request("sagemaker:StopHumanLoop", loop),
        request("sagemaker:DeleteHumanLoop", loop),
    ]
    assert _wrong(request("sagemaker:DescribeHumanLoop", loop), *_denied(*others)) == []


def test_spoke_does_not_forward_the_events_of_verifications() -> None:
    (rule,) = _account(SPOKE).of_type("AWS::Events::Rule")

    assert rule.properties["EventPattern"]["detail"]["verification"] == [{"exists": False}]


def test_names_of_roles_fit_iam_in_every_region() -> None:
    hub = "h" * MAX_HUB_NAME
    regions = [each.name for each in RegionInfo.regions]
    assert len(regions) > 30
    for region in regions:
        assert len(reader_role_name(hub, region)) <= 64
        assert len(output_role_name(hub, region)) <= 64


def test_policy_of_the_hub_is_a_part_of_its_bus() -> None:
    synthesized = synthesize("hub-and-spoke")

    (bus,) = synthesized.of_type("AWS::Events::EventBus").values()
    assert [each["Sid"] for each in bus["Policy"]["Statement"]] == ["AdmitSpokes"]
    assert synthesized.of_type("AWS::Events::EventBusPolicy") == {}


def test_hub_is_deployed_before_its_spoke_and_nothing_is_imported() -> None:
    synthesized = synthesize("hub-and-spoke")

    app, _ = synthesized_app("hub-and-spoke")
    spoke = app.synth().get_stack_by_name("HumanLoops-invoices")
    assert "HumanLoops-people" in [each.id for each in spoke.dependencies]
    for template in synthesized.templates.values():
        assert "Fn::ImportValue" not in str(template)
        assert "Fn::GetStackOutput" not in str(template)


def test_alarms_of_a_hub_count_what_its_rules_match() -> None:
    template = Template.from_json(synthesize("hub-and-spoke").templates["HumanLoops-people"])

    template.has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {
            "MetricName": "TriggeredRules",
            "Dimensions": [
                {"Name": "EventBusName", "Value": Match.any_value()},
                {"Name": "RuleName", "Value": Match.any_value()},
            ],
        },
    )


def test_low_agreement_in_a_hub_is_measured_by_account_region_and_name() -> None:
    synthesized = synthesize("hub-of-an-organization")
    measured = {
        dimension["Value"]
        for logical_id, alarm in synthesized.of_type("AWS::CloudWatch::Alarm").items()
        if "LowAgreement" in logical_id
        for metric in alarm["Metrics"]
        if "MetricStat" in metric
        for dimension in metric["MetricStat"]["Metric"]["Dimensions"]
        if dimension["Name"] == METRIC_DIMENSION
    }

    assert measured == {"444455556666/us-east-1/claims", "777788889999/us-east-1/claims"}


def _stack(
    account: str | None = ACCOUNT, region: str | None = REGION, *, name: str = "Reviews"
) -> Stack:
    return Stack(new_app(), name, env=Environment(account=account, region=region))


def _hub(stack: Stack, **changes: Any) -> HumanLoopHub:
    return HumanLoopHub(stack, "Hub", **({"accounts": [SPOKE_ACCOUNT]} | changes))


def _output(stack: Stack) -> OutputLocation:
    return OutputLocation(s3.Bucket.from_bucket_name(stack, "Output", "example-output"))


def _spoke(stack: Stack, **changes: Any) -> HumanLoopSpoke:
    settings: dict[str, Any] = {"hub": BUS, "output": _output(stack)} | changes
    return HumanLoopSpoke(stack, "Spoke", **settings)


def _loops(stack: Stack, **changes: Any) -> HumanLoopEvents:
    if "event_bus" not in changes:
        changes["event_bus"] = _hub(stack)
    return HumanLoopEvents(stack, "HumanLoops", **changes)


REFUSED: dict[str, tuple[Callable[[Stack], object], str]] = {
    "neither accounts nor organization": (
        lambda stack: HumanLoopHub(stack, "Hub"),
        "expected either accounts or organization_id, got accounts=None",
    ),
    "both": (
        lambda stack: _hub(stack, organization_id="o-a1b2c3d4e5"),
        "expected either accounts or organization_id",
    ),
    "no account": (lambda stack: _hub(stack, accounts=[]), "accounts: expected a list such as"),
    "a text for a list": (
        lambda stack: _hub(stack, accounts=SPOKE_ACCOUNT),
        "accounts: expected a list such as",
    ),
    "an ARN for an account": (
        lambda stack: _hub(stack, accounts=["arn:aws:iam::444455556666:root"]),
        "accounts: expected ids of 12 digits, got 'arn:aws:iam",
    ),
    "too many accounts": (
        lambda stack: _hub(stack, accounts=[f"{each:012}" for each in range(201)]),
        "accounts: 201 do not fit into the policy of an event bus; expected at most 200, or org",
    ),
    "an account for an organization": (
        lambda stack: HumanLoopHub(stack, "Hub", organization_id=SPOKE_ACCOUNT),
        "organization_id: expected the id of an organization such as o-a1b2c3d4e5, got '4444",
    ),
    "a long name": (
        lambda stack: _hub(stack, event_bus_name="h" * 41),
        "event_bus_name: expected 1 to 40 letters",
    ),
    "a hub in the same stack": (
        lambda stack: _spoke(stack, hub=_hub(stack)),
        "hub: Reviews/Hub is in the same stack, Reviews; expected a separate stack",
    ),
    "a hub whose place is not known": (
        lambda stack: _spoke(
            stack,
            hub=_hub(Stack(stack.node.root, "HubStack")),  # type: ignore[arg-type]
        ),
        "the account and Region of HubStack, the stack of HubStack/Hub, are not known at synthesis",
    ),
    "a name for a hub": (
        lambda stack: _spoke(stack, hub="reviews-hub"),
        "hub: expected a HumanLoopHub of the app, or the ARN of a hub's event bus",
    ),
    "a default bus": (
        lambda stack: _spoke(stack, hub=f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"),
        "is an account's default bus; expected the bus of a hub",
    ),
    "another partition": (
        lambda stack: _spoke(
            stack, hub=f"arn:aws-cn:events:cn-north-1:{ACCOUNT}:event-bus/reviews-hub"
        ),
        "is in partition aws-cn, but Reviews is deployed to aws",
    ),
    "a hub that forwards": (
        lambda stack: _spoke(stack, event_bus=_hub(stack)),
        "Reviews/Hub is a hub, and EventBridge forwards an event once",
    ),
    "no output": (
        lambda stack: _spoke(stack, output=None),
        "output: expected OutputLocation(…) or a list with OutputLocation(…), got None",
    ),
    "flow definitions of another account": (
        lambda stack: _spoke(
            stack,
            flow_definitions=FlowDefinitions.from_arns(
                f"arn:aws:sagemaker:{REGION}:{SPOKE_ACCOUNT}:flow-definition/claims"
            ),
        ),
        "is in account 444455556666, but Reviews is deployed to account 111122223333",
    ),
    "an output in a hub": (
        lambda stack: _loops(stack, output=_output(stack)),
        "output: the handler of a hub reads outputs only with the roles of the spokes",
    ),
    "a reconciler in a hub": (
        lambda stack: _loops(stack, reconciler=ReconcilerSettings()),
        "reconciler: Reviews/Hub is a hub, and A2I lists the human loops of an account",
    ),
    "a reconciler composed with a hub": (
        lambda stack: Reconciler(
            stack,
            "Reconciler",
            ledger=_loops(stack).review_handler.ledger,
            delivery=Delivery(stack, "Delivery"),
            alerts=Alerts(stack, "Alerts"),
            event_bus=HumanLoopHub(stack, "Other", accounts=[SPOKE_ACCOUNT]),
        ),
        "expected False, and a HumanLoopEvents beside the spoke in each account",
    ),
    "a handler of no hub": (
        lambda stack: _loops(stack, handler=ReviewHandler(stack, "H", output=_output(stack))),
        "handler: Reviews/H is of another hub or none; expected ReviewHandler(…, hub=…)",
    ),
    "a handler of a hub elsewhere": (
        lambda stack: _loops(
            stack, event_bus=None, handler=ReviewHandler(stack, "H", hub=_hub(stack))
        ),
        "expected the hub as event_bus, or a ReviewHandler without hub",
    ),
    "a handler with neither": (
        lambda stack: ReviewHandler(stack, "H"),
        "output: expected OutputLocation(bucket, prefix=…), or a list of them, got None",
    ),
    "two handlers": (
        lambda stack: (
            _loops(stack, event_bus=(hub := _hub(stack))),
            HumanLoopEvents(stack, "Claims", event_bus=hub),
        ),
        "hub: Reviews/HumanLoops/ReviewHandler reads the outputs of the spokes of Reviews/Hub "
        "already, and these admit one role",
    ),
    "low agreement with an ARN that is not known": (
        lambda stack: _loops(
            stack,
            flow_definitions=FlowDefinitions.from_arns(
                f"arn:aws:sagemaker:{REGION}:{SPOKE_ACCOUNT}:flow-definition/claims",
                f"arn:aws:sagemaker:{Aws.REGION}:{SPOKE_ACCOUNT}:flow-definition/invoices",
            ),
        ).alert_on_low_agreement(0.9),
        "expected flow_definitions with ARNs known at synthesis",
    ),
    "job events in a hub": (
        lambda stack: StatusEvents(
            stack, "Jobs", filter=JobFilter.training(), event_bus=_hub(stack)
        ),
        "event_bus: Reviews/Hub is a hub, which admits the events of human loops only",
    ),
    "low agreement by name": (
        lambda stack: _loops(
            stack, flow_definitions=FlowDefinitions.from_names("claims")
        ).alert_on_low_agreement(0.9),
        "in a hub by account, Region and name; expected flow_definitions with ARNs",
    ),
    "a metric by name": (
        lambda stack: _loops(stack).metric_loops("Completed", "claims"),
        "flow_definition: expected '111122223333/eu-west-1/invoices', got 'claims'",
    ),
    "callbacks in a hub": (
        lambda stack: _loops(stack).add_callbacks(),
        "callbacks: Reviews/Hub is a hub, and A2I starts and describes the human loops of an",
    ),
    "output of a hub": (
        lambda stack: _loops(stack).grant_read_output(_role(stack)),
        "output: this HumanLoopEvents has none: the spokes have it",
    ),
    "a mapping of another form": (
        lambda stack: _loops(
            stack,
            handler=ReviewHandlerSettings(
                mappings={"444455556666/claims": [FieldMapping(name="Total", path="total")]}
            ),
        ),
        "mappings['444455556666/claims']: expected the name of a flow definition, or in a hub",
    ),
}


def _role(stack: Stack) -> lambda_.IFunction:
    return lambda_.Function.from_function_name(stack, "Reader", "reader")


@pytest.mark.parametrize(("build", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_work_is_refused_at_synthesis(
    build: Callable[[Stack], object], message: str
) -> None:
    with pytest.raises((ValueError, RuntimeError)) as error:
        build(_stack())

    assert message in str(error.value)


def test_two_flow_definitions_of_one_name_need_a_hub() -> None:
    arns = [
        f"arn:aws:sagemaker:{REGION}:{account}:flow-definition/claims"
        for account in (ACCOUNT, SPOKE_ACCOUNT)
    ]
    stack = _stack()

    with pytest.raises(ValueError, match="would share their metrics and mappings"):
        _loops(
            stack,
            event_bus=events.EventBus(stack, "Bus"),
            flow_definitions=FlowDefinitions.from_arns(*arns),
            output=_output(stack),
        )


def test_mapping_in_a_hub_can_name_account_and_region() -> None:
    stack = _stack()
    fields = [FieldMapping(name="Total", path="total")]
    _loops(
        stack,
        flow_definitions=FlowDefinitions.from_names("claims"),
        handler=ReviewHandlerSettings(
            mappings={"claims": fields, "444455556666/us-east-1/claims": fields}
        ),
    )

    template = Template.from_stack(stack)
    (layer,) = template.find_resources("AWS::Lambda::LayerVersion")
    template.has_resource_properties(
        "AWS::Lambda::Function",
        {"Environment": {"Variables": {"HUB": "Reviews-Hub", "MAPPINGS_LAYER": {"Ref": layer}}}},
    )


def test_spoke_may_be_in_the_account_and_region_of_its_hub() -> None:
    stack = _stack(name="Spoke")
    _spoke(stack)

    Template.from_stack(stack).has_resource_properties(
        "AWS::Events::Rule", {"Targets": [Match.object_like({"Arn": BUS})]}
    )


def test_spoke_deploys_to_any_account_and_region() -> None:
    stack = _stack(None, None)
    _spoke(stack)

    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Role",
        {"RoleName": {"Fn::Join": ["", ["HumanLoops-people-Hub-output-", {"Ref": "AWS::Region"}]]}},
    )
