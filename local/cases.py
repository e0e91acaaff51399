"""The human loops of the demo and the end-to-end tests, and the expected results."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.deployment import Configuration
from local.emulator import ACCOUNT, REGION
from local.samples import DOCUMENTED_EVENT, OutputSample

OUTPUT_BUCKET = "human-loop-outputs"
OUTPUT_PREFIX = "reviews/"
TICKET_MAPPING: Configuration = {
    "name": "Category",
    "prediction": "initialValue",
    "answer": "category.label",
    "normalize": ["case"],
}
"""The mapping of the custom task `tickets`."""
CONFIGURATION: Configuration = {
    "flow_definitions": ["invoices", "moderation", "tickets", "flowdef-nov-12"],
    "output": {"bucket": OUTPUT_BUCKET, "prefix": OUTPUT_PREFIX},
    "handler": {
        "mappings": {"tickets": [TICKET_MAPPING], "flowdef-nov-12": [TICKET_MAPPING]},
        "include_values": True,
    },
}
"""The configuration of the deployment that the cases are sent to."""

TODAYS_DETAIL_TYPE = "SageMaker A2I HumanLoop Status Change"

# A reason that A2I has sent, with single and double quotes.
_REASON = (
    "Task failed to render: [ InvalidParameters: "
    '\'"grant_read_access" input is not a valid S3 URI: " "."\' ].'
)

_INVOICE = OutputSample.named("textract-invoice")
_IMAGE = OutputSample.named("rekognition-moderation")
_TICKET = OutputSample.named("custom-classifier-mapped")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One human loop: the event that is sent for it, and the expected results."""

    shows: str
    """What the case shows, in a few words."""
    event: Mapping[str, Any]
    sample: OutputSample | None = None
    """The output at the event's output URI, if there is one."""
    sent: int = 1
    """How many times the event is sent."""
    arrives: bool = True
    """Whether the deployment's rules match the event."""

    @property
    def detail(self) -> Mapping[str, Any]:
        """The event's detail."""
        detail: Mapping[str, Any] = self.event["detail"]
        return detail

    @property
    def loop(self) -> str:
        """The human loop's name. It is unique among the cases."""
        return str(self.detail["humanLoopName"])

    @property
    def status(self) -> str:
        """The human loop's status."""
        return str(self.detail["humanLoopStatus"])

    @property
    def output_uri(self) -> str | None:
        """The URI of the output in the event."""
        output: Mapping[str, str] = self.detail.get("humanLoopOutput") or {}
        return output.get("outputS3Uri")

    @property
    def document(self) -> dict[str, Any] | None:
        """The content of the output."""
        if self.sample is None:
            return None
        return self.sample.of_loop(self.loop, self.detail["flowDefinitionArn"])

    @property
    def arrivals(self) -> int:
        """The number of events that each target must receive."""
        return self.sent if self.arrives else 0

    @property
    def alerts(self) -> int:
        """The number of alerts that subscribers must receive."""
        return self.arrivals if self.status == "Failed" else 0

    @property
    def record(self) -> dict[str, Any]:
        """The expected values in the loop's item in the ledger. None for those it must not have."""
        outcome = self.sample.outcome if self.sample else {}
        return {
            **{
                name: self.detail.get(name)
                for name in (
                    "humanLoopArn",
                    "creationTime",
                    "humanLoopName",
                    "humanLoopStatus",
                    "flowDefinitionArn",
                    "failureCode",
                    "failureReason",
                )
            },
            "outputS3Uri": self.output_uri,
            "taskType": outcome.get("taskType"),
            "outputError": None,
            "answerCount": outcome.get("answerCount", 0),
        }


def human_loop_event(
    loop: str,
    flow_definition: str,
    status: str,
    *,
    output_uri: str | None = None,
    failure_code: str | None = None,
    failure_reason: str | None = None,
    account: str = ACCOUNT,
    region: str = REGION,
) -> dict[str, Any]:
    """Return the event of a human loop: the documented event with the current detail type."""
    arn = f"arn:aws:sagemaker:{region}:{account}"
    event: dict[str, Any] = copy.deepcopy(dict(DOCUMENTED_EVENT))
    event["detail-type"] = TODAYS_DETAIL_TYPE
    event["time"] = "2026-03-14T11:30:05Z"
    event["resources"] = [f"{arn}:human-loop/{loop}"]
    event["detail"] = {
        "creationTime": "2026-03-14T09:12:44.318Z",
        "failureCode": failure_code,
        "failureReason": failure_reason,
        "flowDefinitionArn": f"{arn}:flow-definition/{flow_definition}",
        "humanLoopArn": f"{arn}:human-loop/{loop}",
        "humanLoopName": loop,
        "humanLoopOutput": {"outputS3Uri": output_uri} if output_uri else None,
        "humanLoopStatus": status,
    }
    return event


def output_uri(
    loop: str, flow_definition: str, *, bucket: str = OUTPUT_BUCKET, prefix: str = OUTPUT_PREFIX
) -> str:
    """Return the URI to which A2I writes a loop's output."""
    return f"s3://{bucket}/{prefix}{flow_definition}/2026/03/14/11/30/02/{loop}/output.json"


def reviewed(
    shows: str, loop: str, flow_definition: str, sample: OutputSample, **changes: Any
) -> Case:
    """Return the case of a loop with an output. Its status is Completed by default."""
    status = changes.pop("status", "Completed")
    uri = output_uri(loop, flow_definition)
    return Case(
        shows=shows,
        event=human_loop_event(loop, flow_definition, status, output_uri=uri),
        sample=sample,
        **changes,
    )


def _documented() -> Case:
    event: dict[str, Any] = copy.deepcopy(dict(DOCUMENTED_EVENT))
    output = event["detail"]["humanLoopOutput"]
    output["outputS3Uri"] = output["outputS3Uri"].replace(
        "s3://path-specified-in-flow-definition/", f"s3://{OUTPUT_BUCKET}/{OUTPUT_PREFIX}"
    )
    return Case(shows="the event in AWS's documentation", event=event, sample=_TICKET)


def _of_another_source() -> Case:
    event = human_loop_event("ticket-20936", "tickets", "Completed")
    return Case(
        shows="from another source: not matched",
        event={**event, "source": "com.example.tickets"},
        arrives=False,
    )


CASES: tuple[Case, ...] = (
    _documented(),
    reviewed("an invoice read by Textract", "invoice-1042", "invoices", _INVOICE),
    reviewed("an image rated by Rekognition", "image-7731", "moderation", _IMAGE),
    reviewed("a custom task", "ticket-20931", "tickets", _TICKET),
    reviewed("the same event twice: recorded once", "ticket-20932", "tickets", _TICKET, sent=2),
    Case(
        shows="failed, with a reason",
        event=human_loop_event(
            "invoice-1043",
            "invoices",
            "Failed",
            failure_code="ValidationError",
            failure_reason=_REASON,
        ),
    ),
    Case(
        shows="failed, without a reason",
        event=human_loop_event("ticket-20933", "tickets", "Failed"),
    ),
    Case(
        shows="stopped, without answers",
        event=human_loop_event("image-7732", "moderation", "Stopped"),
    ),
    reviewed("stopped, with answers", "invoice-1044", "invoices", _INVOICE, status="Stopped"),
    Case(
        shows="still running: not matched",
        event=human_loop_event("ticket-20935", "tickets", "InProgress"),
        arrives=False,
    ),
    _of_another_source(),
    Case(
        shows="other flow definition: not matched",
        event=human_loop_event("model-evaluation-3", "bedrock-evaluation", "Completed"),
        arrives=False,
    ),
)
