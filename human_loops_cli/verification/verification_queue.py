"""The queue of a verification, which receives the marked event from buses and topics."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from human_loop_reviews.contract import HUMAN_LOOP_DETAIL_TYPES, OUTCOME_DETAIL_TYPE, VERIFICATION
from human_loops_cli.verification.json_object import read_object
from human_loops_cli.verification.temporary_resources import TemporaryResources
from human_loops_cli.verification.verification_loop import PROBE_DETAIL_TYPE

_MAX_MESSAGES: Final = 10


@dataclass
class VerificationQueue:
    """The temporary queue of a verification, and what it has received."""

    resources: TemporaryResources
    """The temporary resources of the verification."""
    seen: set[str] = field(default_factory=set)

    def look(self, *, wait: int) -> set[str]:
        """Receive messages, and return the links through which the marked event has passed."""
        sqs = self.resources.session.client("sqs")
        answer = sqs.receive_message(
            QueueUrl=self.resources.queue_url,
            MaxNumberOfMessages=_MAX_MESSAGES,
            WaitTimeSeconds=wait,
        )
        for message in answer.get("Messages", ()):
            self.seen |= {self._place(json.loads(message["Body"]))} - {""}
            sqs.delete_message(
                QueueUrl=self.resources.queue_url, ReceiptHandle=message["ReceiptHandle"]
            )
        return self.seen

    def _place(self, body: dict[str, Any]) -> str:
        """Return the link of a message. Empty if it belongs to another loop."""
        outputs = self.resources.parts.stack.outputs
        if "TopicArn" not in body:
            return _BUS.get(body["detail-type"], "") if self._is_ours(body) else ""
        message = read_object(body["Message"])
        if body["TopicArn"] == outputs.get("TopicArn") and self._is_ours(message):
            return "topic"
        verification = self.resources.loop.verification
        alarm = outputs.get("FailedLoopsAlarmName")
        is_alarm = alarm is not None and message.get("AlarmName") == alarm
        return "alarm" if is_alarm and verification in message["NewStateReason"] else ""

    def _is_ours(self, event: dict[str, Any]) -> bool:
        detail = event.get("detail")
        marker = detail.get(VERIFICATION) if isinstance(detail, dict) else None
        return bool(marker == self.resources.loop.verification)


_BUS: Final = {
    HUMAN_LOOP_DETAIL_TYPES[0]: "event bus",
    OUTCOME_DETAIL_TYPE: "outcome",
    PROBE_DETAIL_TYPE: "probe",
}
