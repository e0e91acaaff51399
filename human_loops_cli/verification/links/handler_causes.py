"""Why the review handler did not settle the marked loop, from the state of the services."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from human_loops_cli.dead_letters.dead_letter_queues import queue_arn
from human_loops_cli.handler import DeployedHandler
from human_loops_cli.verification.json_object import read_object
from human_loops_cli.verification.links.link import Link, LinkState, VerifiedRun, first_cause
from human_loops_cli.verification.links.rule_target import target_causes

_MAX_LOG_MESSAGE: Final = 400


def judge_missing_result(link: Link) -> None:
    """Judge a link that has no result of the handler: the cause is named once."""
    handler = link.run.link("handler")
    handled = handler is not None and handler.state is LinkState.OK
    link.judge(LinkState.BROKEN, why_not_settled(link.run) if handled else "see handler")


def why_not_settled(run: VerifiedRun) -> str:
    """Return why the handler did not settle the marked loop, or not completely."""
    handler, url = run.parts.handler, run.parts.handler_queue
    assert handler is not None  # noqa: S101 - a link of the handler
    if url is None:
        targets = target_causes(run, "handler", handler.configuration["FunctionArn"])
    else:
        arn = queue_arn(run.session.client("sqs"), url)
        targets = target_causes(run, "handler queue", arn)
    return first_cause(
        *targets,
        lambda: _event_source_fault(run, handler),
        lambda: _function_fault(run, handler),
        lambda: _error_in_log(run, handler),
    )


def _event_source_fault(run: VerifiedRun, handler: DeployedHandler) -> str | None:
    if run.parts.handler_queue is None:
        return None
    queue = queue_arn(run.session.client("sqs"), run.parts.handler_queue)
    mappings = run.session.client("lambda").list_event_source_mappings(
        FunctionName=handler.name, EventSourceArn=queue
    )["EventSourceMappings"]
    if not mappings:
        return "the handler has no event source mapping of its queue: deploy the stack again"
    state, uuid = mappings[0]["State"], mappings[0]["UUID"]
    if state in ("Enabled", "Updating", "Creating", "Enabling"):
        return None
    return (
        f"the event source mapping of the handler is {state}: "
        f"aws lambda update-event-source-mapping --uuid {uuid} --enabled"
    )


def _function_fault(run: VerifiedRun, handler: DeployedHandler) -> str | None:
    state = handler.configuration.get("State", "Active")
    if state not in ("Active", "Inactive"):
        return f"the function {handler.name} is {state}"
    concurrency = run.session.client("lambda").get_function_concurrency(FunctionName=handler.name)
    if concurrency.get("ReservedConcurrentExecutions") == 0:
        return (
            f"the function {handler.name} is throttled: its reserved concurrency is 0: "
            f"aws lambda delete-function-concurrency --function-name {handler.name}"
        )
    return None


def _error_in_log(run: VerifiedRun, handler: DeployedHandler) -> str | None:
    group = handler.configuration.get("LoggingConfig", {}).get(
        "LogGroup", f"/aws/lambda/{handler.name}"
    )
    pages = (
        run.session.client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=group,
            startTime=int((run.sent - timedelta(minutes=1)).timestamp() * 1000),
            filterPattern=f'"{run.loop.name}"',
        )
    )
    lines = [event["message"] for page in pages for event in page["events"]]
    errors = [_message(line) for line in lines if "not settled" in line]
    return f"the log of the handler: {errors[-1][:_MAX_LOG_MESSAGE]}" if errors else None


def _message(line: str) -> str:
    """Return the message in a line of the log: an object, or text where logs are plain."""
    message = str(read_object(line).get("message", line))
    return " ".join(message.split())
