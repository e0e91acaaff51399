"""The zip with local code, packaged and deployed with plain CloudFormation: no CDK, no bootstrap.

The template with an archive is not deployed: CloudFormation in the emulator creates neither
databases of Glue nor workgroups of Athena.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from local.a2i_server import A2IServer
from local.cases import TICKET_MAPPING, Case, human_loop_event
from local.deployment import EmulatedStack
from local.emulator import PROJECT, Emulator
from local.observer import Observer
from local.redrive_policy import apply_redrive_policies
from local.samples import OutputSample
from local.sending import await_arrivals, send
from release.template_zip import local_template
from tests.cloudformation_package import package

STACK, ARTIFACTS, OUTPUT = "FromZip", "artifacts-of-zip", "output-of-zip"
PREFIX = "reviews/"
FLOW_DEFINITIONS = ("zip-invoices", "zip-tickets")
RUNBOOK = "https://wiki.example.com/loops"
PARAMETERS = {
    "FlowDefinitionNames": ",".join(FLOW_DEFINITIONS),
    "OutputBucket": OUTPUT,
    "OutputPrefix": PREFIX,
    "AlertEmail": "ml-oncall@example.com",
    "Runbook": RUNBOOK,
}


def _case(loop: str, flow: str, status: str, sample: str | None = None, **expected: bool) -> Case:
    uri = f"s3://{OUTPUT}/{PREFIX}{flow}/2026/03/14/11/30/05/{loop}/output.json"
    return Case(
        shows=loop,
        event=human_loop_event(loop, flow, status, output_uri=uri if sample else None),
        sample=OutputSample.named(sample) if sample else None,
        **expected,
    )


CASES = (
    _case("zip-1", "zip-invoices", "Completed", "textract-invoice"),
    _case("zip-2", "zip-tickets", "Completed", "custom-classifier-mapped"),
    _case("zip-3", "zip-tickets", "Failed"),
    _case("zip-4", "another-zip-invoices", "Completed", arrives=False),
)


@pytest.fixture(scope="module")
def template_url(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Edit the mappings, and package the template, as a team without CDK does."""
    folder = tmp_path_factory.mktemp("zip")
    template, files = local_template(outcome_archive=False)
    mapping = "mappings/python/human_loop_mappings/zip-tickets.json"
    for name, content in {**files, mapping: json.dumps([TICKET_MAPPING]).encode()}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    s3 = emulator.client("s3")
    for bucket in (ARTIFACTS, OUTPUT):
        s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": emulator.region}
        )

    def put(key: str, content: bytes) -> None:
        s3.put_object(Bucket=ARTIFACTS, Key=key, Body=content)

    put("packaged", json.dumps(package(template, folder, ARTIFACTS, put)).encode())
    return f"{emulator.endpoint}/{ARTIFACTS}/packaged"


def create(
    emulator: Emulator, template_url: str, name: str, parameters: Mapping[str, str]
) -> EmulatedStack:
    """Create a stack from the packaged template."""
    cloudformation = emulator.client("cloudformation")
    cloudformation.create_stack(
        StackName=name,
        TemplateURL=template_url,
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        Capabilities=["CAPABILITY_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
    )
    (created,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return EmulatedStack(
        name, {each["OutputKey"]: each["OutputValue"] for each in created["Outputs"]}
    )


@pytest.fixture(scope="module")
def stack(emulator: Emulator, a2i: A2IServer, template_url: str) -> EmulatedStack:
    stack = create(emulator, template_url, STACK, PARAMETERS)
    apply_redrive_policies(emulator, STACK)
    a2i.add_flow_definitions(*FLOW_DEFINITIONS, output_path=stack["S3OutputPath"])
    return stack


@pytest.fixture(scope="module")
def observer(emulator: Emulator, stack: EmulatedStack) -> Observer:
    """The stack, after its human loops ended."""
    observer = Observer(emulator, stack)
    send(emulator, CASES)
    await_arrivals(observer, CASES)
    return observer


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.loop)
def test_loop_of_the_parameters_is_settled_with_the_edited_mappings(
    observer: Observer, case: Case
) -> None:
    observation = observer.observe(case.loop)
    arrived = (observation.topic, observation.queue, len(observation.records))
    expected = case.sample.outcome["fields"] if case.sample and case.arrives else []

    assert arrived == (case.arrivals,) * 3
    assert [_verdicts(each["fields"]) for each in observation.outcomes] == (
        [_verdicts(expected)] * case.arrivals
    )
    assert case.sample is None or not case.arrives or expected


def _verdicts(fields: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {field["name"]: field["verdict"] for field in fields}


def test_failed_loop_alerts_with_the_runbook_of_the_parameter(observer: Observer) -> None:
    (alert,) = observer.observe("zip-3").alerts

    assert f"{RUNBOOK}#failedloops" in alert


def test_address_of_the_parameter_is_subscribed(emulator: Emulator, stack: EmulatedStack) -> None:
    subscriptions = emulator.client("sns").list_subscriptions_by_topic(
        TopicArn=stack["AlertsTopicArn"]
    )["Subscriptions"]

    assert [each["Endpoint"] for each in subscriptions if each["Protocol"] == "email"] == [
        PARAMETERS["AlertEmail"]
    ]


def test_stack_without_a_key_has_no_output_of_it(stack: EmulatedStack) -> None:
    assert stack["S3OutputPath"] == f"s3://{OUTPUT}/{PREFIX}"
    assert "OutputKeyArn" not in stack.outputs


def test_stack_with_a_key_is_created_and_has_its_output(
    emulator: Emulator, template_url: str
) -> None:
    key = emulator.client("kms").create_key()["KeyMetadata"]["Arn"]

    stack = create(
        emulator,
        template_url,
        f"{STACK}WithKey",
        {**PARAMETERS, "FlowDefinitionNames": "zip-encrypted", "OutputKey": key},
    )

    assert stack["OutputKeyArn"] == key


def test_reconciler_compares_the_flow_definitions_of_the_parameter(
    emulator: Emulator, observer: Observer, a2i: A2IServer
) -> None:
    a2i.requests.clear()
    response = emulator.client("lambda").invoke(FunctionName=observer.stack["ReconcilerName"])
    answer = json.loads(response["Payload"].read())

    assert answer["unknownFlowDefinitions"] == []
    listed = [
        request["FlowDefinitionArn"].rpartition("/")[2]
        for operation, request in a2i.requests
        if operation == "ListHumanLoops"
    ]
    assert listed == list(FLOW_DEFINITIONS)


@pytest.mark.usefixtures("observer")
@pytest.mark.full
def test_command_line_verifies_the_stack(emulator: Emulator) -> None:
    path = os.pathsep.join([str(PROJECT), str(Path(PROJECT, "lambda"))])
    result = subprocess.run(
        [sys.executable, "-m", "human_loops_cli", "--stack", STACK, "verify"],
        env={**emulator.environment, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout + result.stderr
    assert all(name in result.stdout for name in FLOW_DEFINITIONS)
