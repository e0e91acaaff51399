"""What functions and the command line call, their policies allow, and nothing more.

`activity` lets the stacks do what needs each permission. What other tests let them do is evaluated
too, if they ran before.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from human_loop_reviews import contract
from local.a2i_server import A2IServer, Loop
from local.cases import (
    CASES,
    OUTPUT_BUCKET,
    OUTPUT_PREFIX,
    Case,
    human_loop_event,
    output_uri,
)
from local.command_line import CommandLine
from local.deployment import EmulatedStack
from local.emulator import ACCOUNT, PROJECT, REGION, Emulator
from local.mailbox import Mailbox
from local.observer import Observer
from local.samples import OutputSample
from local.sending import send, write_output
from local.waiting import wait_until
from tests.e2e.conftest import AGAIN, DELETED, RECONCILED_FLOW_DEFINITION
from tests.e2e.test_buffered_delivery import claim, settled
from tests.e2e.test_callbacks import FLOW_DEFINITION as APPLICATIONS_FLOW_DEFINITION
from tests.e2e.test_callbacks import Workflow
from tests.e2e.test_cli import OF_LAMBDA, ended, put
from tests.e2e.test_direct_delivery import private_texts
from tests.e2e.test_reconciler import ENDED
from tests.e2e.test_reconciler import Account as ReconciledAccount
from tests.permissions.account import Account, Resource
from tests.permissions.evaluator import Evaluation, Request, evaluate
from tests.permissions.mutations import mutations_of
from tests.permissions.recorded_calls import (
    COMMAND_LINE,
    RECORDER,
    Call,
    follow_up,
    read_calls,
    requests_of,
    resources_of,
)
from tests.permissions.service_calls import service_calls, session_of
from tests.permissions.unexercised import UNEXERCISED

_GONE = {"gone", f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/gone"}
#: Some work across accounts: tests/infrastructure/test_hub_and_spoke.py evaluates their policies.
#: One is deleted, and another uses what it left, which is not in its template.
_NOT_EVALUATED = ("hub", "spoke", "own-spoke", DELETED, AGAIN)
OPERATOR = f"arn:aws:iam::{ACCOUNT}:role/Operator"


@pytest.fixture(scope="module")
def settled_claims(
    emulator: Emulator, stacks: Mapping[str, EmulatedStack], buffered: Observer
) -> Case:
    """A review in each stack with a bucket of its own, and a message that nobody can settle."""
    verified = Observer(emulator, stacks["verified"])
    cases = {
        verified: claim(verified, "permissions-verified", "verified"),
        buffered: claim(buffered, "permissions-claim"),
    }
    for observer, case in cases.items():
        send(emulator, [case])
        assert settled(observer, case)
    queue, body = buffered.stack["HandlerQueueUrl"], "not JSON either"
    letters = Mailbox(emulator, buffered.stack["HandlerQueueDeadLetterQueueUrl"])
    emulator.client("sqs").send_message(QueueUrl=queue, MessageBody=body)
    assert wait_until(lambda: body in letters.collect())
    return cases[buffered]


@pytest.fixture(scope="module")
def recovered_loop(emulator: Emulator, stacks: Mapping[str, EmulatedStack], a2i: A2IServer) -> None:
    """A loop whose event was lost."""
    account = ReconciledAccount(emulator, stacks["reconciled"])
    a2i.flow_definitions.add(RECONCILED_FLOW_DEFINITION)
    account.reconcile()  # takes stock
    name, flow = "permissions-lost", RECONCILED_FLOW_DEFINITION
    uri = output_uri(name, flow)
    event = human_loop_event(name, flow, "Completed", output_uri=uri)
    sample = OutputSample.named("textract-invoice")
    write_output(emulator, Case(shows="a lost event", event=event, sample=sample))
    a2i.add(Loop(name, flow, "Completed", creation_time=ENDED, output_s3_uri=uri))
    for _ in range(2):
        account.reconcile()
    assert account.await_records(name, 1)


@pytest.fixture(scope="module")
def ended_executions(emulator: Emulator, applications: EmulatedStack, a2i: A2IServer) -> None:
    """Executions that waited: for a loop that they started, for one that failed, for another."""
    a2i.flow_definitions.add(APPLICATIONS_FLOW_DEFINITION)
    workflow = Workflow(emulator, applications, a2i)
    for application, status in (("permissions-1", "Completed"), ("permissions-2", "Failed")):
        execution, loop = workflow.review(application)
        workflow.end(loop, status)
        workflow.result(execution)
    loop = a2i.add(Loop("permissions-running", APPLICATIONS_FLOW_DEFINITION, "InProgress"))
    execution = workflow.start(humanLoopArn=loop.arn)
    assert wait_until(lambda: bool(workflow.callbacks()))
    workflow.end(loop)
    assert workflow.result(execution)["status"] == "SUCCEEDED"


@pytest.fixture(scope="module")
def ran_commands(emulator: Emulator, buffered: Observer, settled_claims: Case) -> None:
    """Commands of an operator."""
    human_loops = CommandLine(emulator, buffered.stack, python_path=[RECORDER])
    put(emulator, buffered.stack["DeadLetterQueueUrl"], ended("permissions-letter"), **OF_LAMBDA)
    assert human_loops.json("dead-letters", "list")
    human_loops.json("dead-letters", "redrive")
    arn = settled_claims.event["detail"]["humanLoopArn"]
    assert human_loops.json("outcomes", "republish", "--loop", arn)["published"] == 1


@pytest.fixture(scope="module")
def activity(
    direct: Observer,
    faults: object,
    settled_claims: Case,
    recovered_loop: None,
    ended_executions: None,
    ran_commands: None,
) -> None:
    """What the stacks must have done, whether or not other tests ran before."""


@pytest.fixture(scope="module")
def calls(emulator: Emulator, activity: None) -> list[Call]:  # noqa: ARG001 - it comes first
    """What was recorded, but calls about a bus and a table that test_verify takes away."""
    return [call for call in read_calls(emulator) if not _is_gone(call)]


@pytest.fixture(scope="module")
def accounts(
    emulator: Emulator,
    stacks: Mapping[str, EmulatedStack],
    jobs: EmulatedStack,
    activity: None,  # noqa: ARG001 - it comes first: it deploys further stacks
) -> dict[str, Account]:
    """Each deployed stack, with the names and ids that it has in the emulator."""
    cloudformation = emulator.client("cloudformation")
    names = {stack["StackName"] for stack in cloudformation.describe_stacks()["Stacks"]}
    deployed = {stack.name for name, stack in stacks.items() if name not in _NOT_EVALUATED}
    assert {jobs.name, *deployed} <= names
    others = {"CDKToolkit", *(f"HumanLoops-{name}" for name in _NOT_EVALUATED)}
    return {name: _account(cloudformation, name) for name in sorted(names - others)}


@pytest.fixture(scope="module")
def evaluations(
    accounts: Mapping[str, Account], calls: list[Call], jobs: EmulatedStack
) -> dict[str, Evaluation]:
    # The example takes invoices too. Those of another stack are not in its bucket.
    counted = [call for call in calls if not call.caller.startswith(f"{jobs.name}-")]
    needed: set[str] = set()
    found: dict[str, Evaluation] = {}
    for name, account in accounts.items():
        found[name] = _evaluate(account, counted, needed)
        needed.update(map(account.without_names, found[name].needed))
    return found


@pytest.fixture(scope="module")
def commands(accounts: Mapping[str, Account], calls: list[Call]) -> dict[str, Evaluation]:
    """The commands that ran, with the policy that the docs give to their user."""
    policy = _operator_policy()
    found: dict[str, list[Request]] = defaultdict(list)
    for call in calls:
        if call.caller == COMMAND_LINE:
            name = _stack_of(call, accounts)
            accounts[name].add_role(OPERATOR, "operator", policy)
            found[name] += requests_of(call, accounts[name], role=OPERATOR, session=OPERATOR)
    assert found, "the command line made no recorded call"
    return {name: evaluate(accounts[name].policies, requests) for name, requests in found.items()}


def test_every_function_of_the_project_made_recorded_calls(
    accounts: Mapping[str, Account], calls: list[Call]
) -> None:
    callers = {call.caller for call in calls}
    functions = defaultdict(set)
    for account in accounts.values():
        for function in _functions(account):
            functions[function.properties["Handler"]].add(_name(function))
    silent = {entry for entry, names in functions.items() if not names & callers}

    assert {contract.REVIEW_HANDLER_ENTRY_POINT, contract.RECONCILER_ENTRY_POINT} <= set(functions)
    assert not silent, f"no call of {silent} was recorded"


def test_recording_holds_no_content_of_documents(emulator: Emulator, calls: list[Call]) -> None:
    recorded = json.dumps([call.parameters for call in calls])
    # A word such as "Delivery" can stand in the name of a resource.
    private = {text for case in CASES for text in private_texts(case) if not text.isalpha()}

    assert len(private) > 5
    assert [text for text in private if text in recorded] == []
    assert emulator.environment["AWS_SECRET_ACCESS_KEY"] not in recorded


def test_every_call_is_allowed_and_the_same_by_a_stranger_is_not(
    evaluations: Mapping[str, Evaluation],
) -> None:
    assert {name: each.wrong for name, each in evaluations.items() if each.wrong} == {}


def test_every_permission_is_needed_by_a_call_or_listed_with_its_reason(
    accounts: Mapping[str, Account], evaluations: Mapping[str, Evaluation]
) -> None:
    needed = {
        accounts[name].without_names(what)
        for name, evaluation in evaluations.items()
        for what in evaluation.needed
    }
    assert needed, "nothing was taken away"
    unneeded = {
        (name, permission)
        for name, evaluation in evaluations.items()
        for permission in map(accounts[name].without_names, evaluation.unneeded)
        if permission not in needed
    }
    unlisted = {
        (name, permission)
        for name, permission in unneeded
        if not any(fnmatchcase(permission, key) for key in UNEXERCISED)
    }
    stale = {key for key in UNEXERCISED if not any(fnmatchcase(each, key) for _, each in unneeded)}
    assert not unlisted, "no call needs these, by stack: remove them or list their reason"
    assert not stale, "calls need these by now: take them off the list"


def test_documented_policy_allows_every_command(commands: Mapping[str, Evaluation]) -> None:
    assert {name: each.wrong for name, each in commands.items() if each.wrong} == {}


def _evaluate(account: Account, calls: list[Call], needed: Collection[str]) -> Evaluation:
    """Evaluate the calls of AWS services and of the stack's functions.

    What another stack is known to need is not taken away once more.
    """
    requests = service_calls(account)
    without_calls: set[str] = set()
    for function in _functions(account):
        role = function.properties["Role"]
        made = [call for call in calls if call.caller == _name(function)]
        for call in [*made, *filter(None, map(follow_up, made))]:
            requests += requests_of(call, account, role=role, session=session_of(function))
        if not made:
            without_calls.update(account.policies_of_role(role))
    for machine in account.of_type("AWS::StepFunctions::StateMachine"):
        # Of the example that waits for human loops, not of this project.
        role = account.find(machine.properties["RoleArn"])
        assert role is not None
        without_calls.update(account.policies_of_role(role.arn), [role.logical_id])
    mutations = [
        mutation
        for name, document in account.policies.items()
        if name not in without_calls
        for mutation in mutations_of(name, document)
        if account.without_names(mutation.what) not in needed
    ]
    return evaluate(account.policies, requests, mutations)


def _account(cloudformation: Any, stack: str) -> Account:
    body = cloudformation.get_template(StackName=stack)["TemplateBody"]
    template = json.loads(body) if isinstance(body, str) else body
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    names = {
        resource["LogicalResourceId"]: _physical_name(resource["PhysicalResourceId"])
        for page in pages
        for resource in page["StackResourceSummaries"]
    }
    return Account(template["Resources"], names, account=ACCOUNT, region=REGION)


def _is_gone(call: Call) -> bool:
    return any(json.dumps(each) in json.dumps(call.parameters) for each in _GONE)


def _stack_of(call: Call, accounts: Mapping[str, Account]) -> str:
    """Return the stack that a command's call concerns, or any for one about no resource of it."""
    for name, account in accounts.items():
        if any(account.find(resource) for resource in resources_of(call, account)):
            return name
    return next(iter(accounts))


def _operator_policy() -> dict[str, Any]:
    text = (PROJECT / "docs" / "cli-policy.json").read_text(encoding="utf-8")
    values = {
        "REGION": REGION,
        "ACCOUNT": ACCOUNT,
        "BUCKET": OUTPUT_BUCKET,
        "PREFIX": OUTPUT_PREFIX.rstrip("/"),
    }
    for placeholder, value in values.items():
        assert placeholder in text
        text = text.replace(placeholder, value)
    text = text.replace("stack/HumanLoops/", "stack/HumanLoops-*/")
    policy: dict[str, Any] = json.loads(text)
    # It is for commands that ask KMS itself about a key, which did not run here.
    policy["Statement"] = [each for each in policy["Statement"] if each["Sid"] != "DescribeKeys"]
    return policy


def _physical_name(physical_id: str) -> str:
    """Return the name in a physical id, which can be a URL or an ARN."""
    if physical_id.startswith("http"):
        return physical_id.rpartition("/")[2]
    if physical_id.startswith("arn:"):
        return physical_id.split(":", 5)[5].rpartition("/")[2]
    return physical_id


def _functions(account: Account) -> list[Resource]:
    """Return the functions that run the project's code."""
    return [
        function
        for function in account.of_type("AWS::Lambda::Function")
        if function.properties["Handler"].startswith("human_loop_reviews.")
    ]


def _name(function: Resource) -> str:
    return function.arn.rpartition(":")[2]
