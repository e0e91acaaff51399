"""The case of executions that wait for human loops."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_stepfunctions as sfn

from human_loop_events import (
    FlowDefinitions,
    HumanLoopCallbacks,
    HumanLoopEvents,
    HumanLoopTask,
    OutputLocation,
    ReviewHandler,
)
from tests.infrastructure.cases.case import (
    Case,
    in_stack,
)
from tests.infrastructure.cases.resources import (
    create_bucket,
    create_key,
)


def _with_callbacks(stack: Stack) -> None:
    """Let a state machine wait for loops of two flow definitions, and another for any."""
    named = HumanLoopEvents(
        stack,
        "HumanLoops",
        flow_definitions=FlowDefinitions.from_names("invoices", "claims"),
        output=OutputLocation(create_bucket(stack, "Output", create_key(stack, "OutputKey"))),
    )
    named.add_dashboard()
    review = HumanLoopTask(
        stack,
        "Review",
        callbacks=named.add_callbacks(),
        flow_definition="claims",
        input_content=sfn.TaskInput.from_json_path_at("$.claim"),
    )
    handler = ReviewHandler(
        stack,
        "ReviewHandler",
        output=named.output,
        dead_letter_queue=named.delivery.dead_letter_queue,
    )
    any_loop = HumanLoopCallbacks(
        stack,
        "Callbacks",
        handler=handler,
        delivery=named.delivery,
        alerts=named.alerts,
        encryption_key=create_key(stack, "CallbacksKey"),
    )
    wait = HumanLoopTask(
        stack,
        "Wait",
        callbacks=any_loop,
        human_loop_arn="{% $states.input.arn %}",
        query_language=sfn.QueryLanguage.JSONATA,
    )
    for state in (review, wait):
        sfn.StateMachine(
            stack,
            f"{state.id}Machine",
            definition_body=sfn.DefinitionBody.from_chainable(state),
            tracing_enabled=True,
        )


CASES = (Case("callbacks", in_stack(_with_callbacks)),)
