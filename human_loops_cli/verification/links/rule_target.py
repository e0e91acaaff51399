"""Why a rule does not reach one of its targets, from the state of the services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from human_loops_cli.dead_letters.dead_letter_queues import DeadLetterQueueClient, find_queues
from human_loops_cli.stack_rules import DeployedRule
from human_loops_cli.verification.links.link import VerifiedRun

_MAX_BROWSED: Final = 100


def target_causes(run: VerifiedRun, what: str, arn: str) -> Iterator[Callable[[], str | None]]:
    """Yield looks at why the rule on ended loops does not reach a target.

    Parameters
    ----------
    run
        The verification.
    what
        What messages call the target.
    arn
        The target.
    """
    yield lambda: rule_fault(run, run.parts.rule, what, arn)
    yield lambda: _dead_letter(run, arn)
    yield lambda: _key_fault(run, arn)


def rule_fault(run: VerifiedRun, rule: DeployedRule | None, what: str, arn: str) -> str | None:
    """Return why a rule has no effect on a target. None if it has, or there is no such rule."""
    if rule is None:
        return None
    if rule.description is None:
        return f"the rule {rule.name} does not exist: deploy the stack again"
    bus = "" if rule.bus == "default" else f" --event-bus-name {rule.bus}"
    if rule.description.get("State") == "DISABLED":
        return f"the rule {rule.name} is disabled: aws events enable-rule --name {rule.name}{bus}"
    targets = run.session.client("events").list_targets_by_rule(
        Rule=rule.name, EventBusName=rule.bus
    )["Targets"]
    if arn not in [each["Arn"] for each in targets]:
        return f"the {what} is no target of the rule {rule.name}: deploy the stack again"
    return None


def _dead_letter(run: VerifiedRun, target: str) -> str | None:
    """Find the event in the dead-letter queues, return the reason, and delete the message."""
    sqs, reason = run.session.client("sqs"), None
    if not any(output.endswith("DeadLetterQueueUrl") for output in run.parts.stack.outputs):
        return None
    for queue in find_queues(run.parts.stack):
        client = DeadLetterQueueClient(sqs, queue)
        if client.count() == 0:
            continue
        for message in client.browse(_MAX_BROWSED):
            if run.loop.arn in message.body and message.target_arn in (None, target):
                reason = f"its event was in {queue.name}: {message.reason}"
                client.delete(message)
    return reason


def _key_fault(run: VerifiedRun, arn: str) -> str | None:
    """Look at the key of a topic or queue."""
    service, name = arn.split(":")[2], arn.rpartition(":")[2]
    if service == "sns":
        answer = run.session.client("sns").get_topic_attributes(TopicArn=arn)
        key = answer["Attributes"].get("KmsMasterKeyId")
    elif service == "sqs":
        sqs = run.session.client("sqs")
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["KmsMasterKeyId"])
        key = attributes.get("Attributes", {}).get("KmsMasterKeyId")
    else:
        key = None
    if not key:
        return None
    state = run.session.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    return None if state == "Enabled" else f"its key {key} is {state}"
