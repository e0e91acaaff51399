"""Sample outputs in the format of Amazon A2I, with made-up reviewers.

https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-output-data.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from human_loop_events.testing.sample_loop import (
    ACCOUNT,
    FLOW_DEFINITION,
    HUMAN_LOOP,
    REGION,
    sagemaker_arn,
)

#: The request sources of the two built-in task types, which are also keys of ``answerContent``.
_FORMS: Final = "AWS/Textract/AnalyzeDocument/Forms/V1"
_MODERATION: Final = "AWS/Rekognition/DetectModerationLabels/Image/V3"

#: A private workforce has up to three reviewers for each loop.
_REVIEWERS: Final = ("a", "b", "c")


def textract_forms_output(
    predicted: Mapping[str, str | bool],
    *answers: Mapping[str, str | bool],
    confidence: float = 41.29,
    human_loop: str = HUMAN_LOOP,
    flow_definition: str = FLOW_DEFINITION,
    account: str = ACCOUNT,
    region: str = REGION,
) -> dict[str, Any]:
    """Return the output of a review of key-value pairs from Amazon Textract.

    Parameters
    ----------
    predicted
        The pairs from Textract that the reviewers saw. A boolean value is a checkbox.
    answers
        The pairs in the answer of each reviewer, for up to three reviewers. A pair that is equal to
        a predicted pair counts as unchanged.
    confidence
        Textract's confidence in each pair, from 0 to 100.
    human_loop, flow_definition, account, region
        The same as in the event. See `completed_event`.

    Raises
    ------
    ValueError
        If there are more than three answers, or a name is an ARN or empty.

    Examples
    --------
    >>> output = textract_forms_output({"Total": "$148.99"}, {"Total": "$1,148.99"})
    >>> len(output["humanAnswers"])
    1
    """
    shown = [
        block
        for number, (key, value) in enumerate(predicted.items())
        for block in _pair(f"m-{number}", key, value, confidence=confidence)
    ]
    numbers = {pair: number for number, pair in enumerate(predicted.items())}
    contents = [
        {
            _FORMS: {
                "blocks": [
                    block
                    for added, (key, value) in enumerate(answer.items())
                    for block in (
                        _pair(f"m-{numbers[key, value]}", key, value, confidence=confidence)
                        if (key, value) in numbers
                        else _pair(f"{reviewer}-{added}", key, value, confidence=None)
                    )
                ]
            }
        }
        for reviewer, answer in zip(_reviewers(answers), answers, strict=True)
    ]
    return _output(
        contents,
        {
            "aiServiceRequest": {"featureTypes": ["FORMS"]},
            "aiServiceResponse": {"blocks": shown, "documentMetadata": {"pages": 1}},
            "humanTaskActivationConditionResults": {"Conditions": []},
            "selectedAiServiceResponse": {"blocks": shown},
        },
        request_source=_FORMS,
        human_loop=human_loop,
        flow_definition=flow_definition,
        account=account,
        region=region,
    )


def rekognition_moderation_output(
    predicted: Sequence[str],
    *answers: Sequence[str],
    confidence: float = 71.2,
    human_loop: str = HUMAN_LOOP,
    flow_definition: str = FLOW_DEFINITION,
    account: str = ACCOUNT,
    region: str = REGION,
) -> dict[str, Any]:
    """Return the output of a review of moderation labels from Amazon Rekognition.

    Parameters
    ----------
    predicted
        The labels from Rekognition that the reviewers saw: ``"Suggestive"``, or with the parent,
        ``"Suggestive/Revealing Clothes"``.
    answers
        The labels that each reviewer chose, for up to three reviewers.
    confidence
        Rekognition's confidence in each label, from 0 to 100.
    human_loop, flow_definition, account, region
        The same as in the event. See `completed_event`.

    Raises
    ------
    ValueError
        If labels are a text, there are more than three answers, or a name is an ARN or empty.

    Examples
    --------
    >>> output = rekognition_moderation_output(["Violence"], [], ["Violence"])
    >>> len(output["humanAnswers"])
    2
    """
    shown = [{"confidence": confidence, **label} for label in _labels("predicted", predicted)]
    response = {"moderationLabels": shown, "moderationModelVersion": "7.0"}
    _reviewers(answers)
    return _output(
        [{_MODERATION: {"moderationLabels": list(_labels("answers", each))}} for each in answers],
        {
            "aiServiceRequest": {},
            "aiServiceResponse": response,
            "humanTaskActivationConditionResults": {"Conditions": []},
            "selectedAiServiceResponse": response,
        },
        request_source=_MODERATION,
        human_loop=human_loop,
        flow_definition=flow_definition,
        account=account,
        region=region,
    )


def custom_output(
    input_content: Mapping[str, Any],
    *answers: Mapping[str, Any],
    human_loop: str = HUMAN_LOOP,
    flow_definition: str = FLOW_DEFINITION,
    account: str = ACCOUNT,
    region: str = REGION,
) -> dict[str, Any]:
    """Return the output of a custom task.

    Parameters
    ----------
    input_content
        The input with which the loop was started, which the reviewers saw.
    answers
        The ``answerContent`` of each reviewer, for up to three reviewers: the elements of the
        worker task template by name.
    human_loop, flow_definition, account, region
        The same as in the event. See `completed_event`.

    Raises
    ------
    ValueError
        If there are more than three answers, or a name is an ARN or empty.

    Examples
    --------
    >>> output = custom_output({"initialValue": "Delivery"}, {"category": {"label": "Billing"}})
    >>> output["humanAnswers"][0]["answerContent"]
    {'category': {'label': 'Billing'}}
    """
    _reviewers(answers)
    return _output(
        [dict(answer) for answer in answers],
        dict(input_content),
        request_source=None,
        human_loop=human_loop,
        flow_definition=flow_definition,
        account=account,
        region=region,
    )


def _reviewers(answers: Sequence[object]) -> Sequence[str]:
    if len(answers) > len(_REVIEWERS):
        raise ValueError(f"answers: expected up to {len(_REVIEWERS)} reviewers, got {len(answers)}")
    return _REVIEWERS[: len(answers)]


def _output(
    contents: Sequence[Mapping[str, Any]],
    input_content: Mapping[str, Any],
    *,
    request_source: str | None,
    human_loop: str,
    flow_definition: str,
    account: str,
    region: str,
) -> dict[str, Any]:
    sagemaker_arn("human-loop", human_loop, account=account, region=region, parameter="human_loop")
    return {
        **({"awsManagedHumanLoopRequestSource": request_source} if request_source else {}),
        "flowDefinitionArn": sagemaker_arn(
            "flow-definition",
            flow_definition,
            account=account,
            region=region,
            parameter="flow_definition",
        ),
        "humanAnswers": [
            {
                "acceptanceTime": f"2026-03-14T11:{minute}:02.115Z",
                "answerContent": content,
                "submissionTime": f"2026-03-14T11:{minute + 1}:12.480Z",
                "timeSpentInSeconds": 61.204,
                "workerId": f"worker-{reviewer}",
                "workerMetadata": {
                    "identityData": {
                        "identityProviderType": "Cognito",
                        "issuer": f"https://cognito-idp.{region}.amazonaws.com/{region}_EXAMPLE",
                        "sub": f"worker-{reviewer}-0000-4000-8000-madeupperson",
                    }
                },
            }
            for minute, reviewer, content in zip((20, 22, 24), _REVIEWERS, contents, strict=False)
        ],
        "humanLoopName": human_loop,
        "inputContent": input_content,
    }


def _pair(
    pair_id: str, key: str, value: str | bool, *, confidence: float | None
) -> Iterator[dict[str, Any]]:
    """Yield the blocks of a key-value pair. A pair from a reviewer has no confidence."""
    known = {} if confidence is None else {"confidence": confidence}
    key_words = [_word(f"{pair_id}-k{i}", text) for i, text in enumerate(key.split())]
    if isinstance(value, bool):
        status = "SELECTED" if value else "NOT_SELECTED"
        box = {"blockType": "SELECTION_ELEMENT", "id": f"{pair_id}-s", "selectionStatus": status}
        content = [box]
    else:
        content = [_word(f"{pair_id}-v{i}", text) for i, text in enumerate(value.split())]
    yield from key_words
    yield from content
    for entity, block_id, relations in (
        ("KEY", pair_id, {"VALUE": [f"{pair_id}-value"], "CHILD": [w["id"] for w in key_words]}),
        ("VALUE", f"{pair_id}-value", {"CHILD": [block["id"] for block in content]}),
    ):
        yield {
            "blockType": "KEY_VALUE_SET",
            "entityTypes": [entity],
            "id": block_id,
            **known,
            "relationships": [{"type": kind, "ids": ids} for kind, ids in relations.items()],
        }


def _word(block_id: str, text: str) -> dict[str, Any]:
    return {"blockType": "WORD", "id": block_id, "text": text}


def _labels(parameter: str, labels: Sequence[str]) -> Iterator[dict[str, Any]]:
    if isinstance(labels, str):
        raise ValueError(f"{parameter}: expected a list of labels, got {labels!r}")
    for label in labels:
        parent, _, name = label.rpartition("/")
        yield {"name": name, "parentName": parent}
