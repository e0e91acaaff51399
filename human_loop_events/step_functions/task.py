"""A state of Step Functions that waits for a human loop."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from aws_cdk import Duration, Token
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from human_loop_events.aws.argument_types import checks_arguments
from human_loop_events.aws.arguments import require_texts
from human_loop_events.aws.validation import validate_at_synthesis
from human_loop_events.step_functions.callbacks import HumanLoopCallbacks
from human_loop_events.step_functions.express import express_workflows_with
from human_loop_reviews.callback_contract import CallbackError, CallbackKey
from human_loop_reviews.contract import A2I_NAME, MAX_A2I_NAME

#: The paths in the context object that identify an entry of a state.
_STATE_ENTRY = ("Execution.Id", "State.Name", "State.EnteredTime")
_TASK_TOKEN = "Task.Token"  # noqa: S105 - a path in the context object

#: Errors that a retry can fix. LambdaInvoke retries those of the Lambda service, except throttling.
#: A Map with many iterations meets it.
#: https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html
_TEMPORARY_ERRORS = [
    CallbackError.UNAVAILABLE.value,
    "ExecutionNotResumedError",
    "Lambda.TooManyRequestsException",
]


@checks_arguments
class HumanLoopTask(tasks.LambdaInvoke):
    """A state that waits until a human loop has ended and its review is recorded.

    The state starts a human loop of a custom task, or waits for a loop that Amazon Textract,
    Amazon Rekognition or a program started. The result is the outcome of the loop, without
    the fields if these exceed 128 KiB. docs/reviews.md describes outcomes. Otherwise, the state
    fails with one of the errors in `CallbackError`, or with ``States.Timeout``.

    It extends CDK's ``LambdaInvoke``. The state needs a state machine of the type Standard:
    synthesis fails in an Express workflow, and in a Map whose iterations are Express.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent, and the name of the state.
    callbacks
        The callbacks that resume the execution.
    human_loop_arn
        The ARN of the loop to wait for, such as
        ``JsonPath.string_at("$.HumanLoopActivationOutput.HumanLoopArn")``. Default: the state
        starts a loop with the parameters below.
    flow_definition
        The name or ARN of the flow definition.
    human_loop_name
        The loop's name, unique in account and Region: 1 to 63 lower-case letters, digits and
        hyphens. Default: a new name for each entry of the state.
    input_content
        The loop's input, an object, as the worker task template expects it.
    content_classifiers
        The content classifiers of the input: ``FreeOfPersonallyIdentifiableInformation``,
        ``FreeOfAdultContent``. Default: none.
    accept_stopped
        Whether the state succeeds when the loop was stopped. Default: it fails.
    timeout
        The timeout of the state. Default: 11 days. A2I ends a loop after ten days at most.
    query_language
        The query language of the state. Default: JSONPath.
    result_path
        With JSONPath: the path of the result in the state's output. Default: the whole output.
    outputs
        With JSONata: the state's output. Default: the result.
    comment
        A comment in the definition.

    Raises
    ------
    ValueError
        If parameters contradict each other, or the flow definition is not one of the callbacks.

    Examples
    --------
    >>> review = HumanLoopTask(  # doctest: +SKIP
    ...     self, "Review", callbacks=callbacks, flow_definition="claims",
    ...     input_content=sfn.TaskInput.from_object({"claim": sfn.JsonPath.object_at("$.claim")}),
    ... )
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        callbacks: HumanLoopCallbacks,
        human_loop_arn: str | None = None,
        flow_definition: str | None = None,
        human_loop_name: str | None = None,
        input_content: sfn.TaskInput | None = None,
        content_classifiers: Sequence[str] | None = None,
        accept_stopped: bool = False,
        timeout: Duration | None = None,
        query_language: sfn.QueryLanguage = sfn.QueryLanguage.JSON_PATH,
        result_path: str | None = None,
        outputs: Any = None,
        comment: str | None = None,
    ) -> None:
        timeout = timeout or Duration.days(11)
        payload: dict[str, Any] = {
            CallbackKey.TASK_TOKEN.value: _context(_TASK_TOKEN, query_language),
            CallbackKey.STATE_ENTRY.value: _state_entry(query_language),
            CallbackKey.TIMEOUT_SECONDS.value: timeout.to_seconds(),
            CallbackKey.ACCEPT_STOPPED.value: accept_stopped,
        }
        if human_loop_arn is not None:
            _refuse_with_arn(
                flow_definition=flow_definition,
                human_loop_name=human_loop_name,
                input_content=input_content,
                content_classifiers=content_classifiers,
            )
            payload[CallbackKey.HUMAN_LOOP_ARN.value] = human_loop_arn
        else:
            payload |= _new_loop_payload(
                callbacks, flow_definition, human_loop_name, input_content, content_classifiers
            )
        super().__init__(
            scope,
            construct_id,
            lambda_function=callbacks.function,
            integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
            payload=sfn.TaskInput.from_object(payload),
            task_timeout=sfn.Timeout.duration(timeout),
            query_language=query_language,
            result_path=result_path,
            outputs=outputs,
            comment=comment,
        )
        self.add_retry(
            errors=_TEMPORARY_ERRORS,
            interval=Duration.seconds(5),
            backoff_rate=2,
            max_attempts=6,
            jitter_strategy=sfn.JitterType.FULL,
        )
        validate_at_synthesis(self, self._find_express_workflows)

    def _find_express_workflows(self) -> list[str]:
        return [
            f"{self.node.path} waits for a human loop, but {path} is an Express workflow or has "
            "one in a Map, and only Standard workflows wait for a task token: expected "
            "state_machine_type=sfn.StateMachineType.STANDARD"
            for path in express_workflows_with(self)
        ]


def _refuse_with_arn(**new_loop: object) -> None:
    for name, value in new_loop.items():
        if value is not None:
            raise ValueError(
                f"{name}: expected nothing together with human_loop_arn, got {value!r}: it applies "
                "only to a loop that the state starts"
            )


def _new_loop_payload(
    callbacks: HumanLoopCallbacks,
    flow_definition: str | None,
    human_loop_name: str | None,
    input_content: sfn.TaskInput | None,
    content_classifiers: Sequence[str] | None,
) -> dict[str, Any]:
    if flow_definition is None or input_content is None:
        raise ValueError(
            "HumanLoopTask: expected flow_definition and input_content, to start a loop, or "
            "human_loop_arn, to wait for one"
        )
    _refuse_unwatched(flow_definition, callbacks)
    payload = {
        CallbackKey.FLOW_DEFINITION.value: flow_definition,
        CallbackKey.INPUT_CONTENT.value: input_content.value,
    }
    if human_loop_name is not None:
        payload[CallbackKey.HUMAN_LOOP_NAME.value] = _validate_human_loop_name(human_loop_name)
    if content_classifiers is not None:
        classifiers = require_texts(
            "content_classifiers", content_classifiers, example="['FreeOfAdultContent']"
        )
        payload[CallbackKey.CONTENT_CLASSIFIERS.value] = list(classifiers)
    return payload


def _refuse_unwatched(flow_definition: str, callbacks: HumanLoopCallbacks) -> None:
    watched = callbacks.flow_definitions
    if not watched.names or _is_expression(flow_definition):
        return
    name = flow_definition.rpartition("/")[2]
    given_by_name = flow_definition in watched.names
    if not (given_by_name or flow_definition in watched.values or name in watched.values):
        raise ValueError(
            f"flow_definition: the review handler does not receive the events of "
            f"{flow_definition!r}, so the execution would wait until its timeout; expected one of "
            f"{', '.join(watched.names)}"
        )


def _validate_human_loop_name(name: str) -> str:
    if not _is_expression(name) and not (
        len(name) <= MAX_A2I_NAME and re.fullmatch(A2I_NAME, name)
    ):
        raise ValueError(
            f"human_loop_name: expected 1 to {MAX_A2I_NAME} lower-case letters, digits and "
            f"hyphens, a letter or digit first and last, got {name!r}"
        )
    return name


def _is_expression(text: str) -> bool:
    """Return whether a text is known only at run time."""
    return Token.is_unresolved(text) or text.startswith("{%")


def _state_entry(query_language: sfn.QueryLanguage) -> str:
    if query_language is sfn.QueryLanguage.JSONATA:
        return "{% " + " & ' ' & ".join(f"$states.context.{each}" for each in _STATE_ENTRY) + " %}"
    places = [_context(each, query_language) for each in _STATE_ENTRY]
    return sfn.JsonPath.format("{} {} {}", *places)


def _context(place: str, query_language: sfn.QueryLanguage) -> str:
    """Return the expression for a path in the context object."""
    if query_language is sfn.QueryLanguage.JSONATA:
        return f"{{% $states.context.{place} %}}"
    return sfn.JsonPath.string_at(f"$$.{place}")
