"""Whether an event bus exists: EventBridge drops events for one that does not, without an error."""

from __future__ import annotations

from typing import Any, Final

from human_loop_reviews.aws.calls import ACCESS_DENIED, CallError, naming, refusal_code

# Every account has it.
_DEFAULT: Final = "default"


def bus_exists(events: Any, bus: str) -> bool:
    """Return whether an event bus exists. Returns True if access is denied.

    Parameters
    ----------
    events
        A client of EventBridge.
    bus
        Name or ARN of the bus.

    Raises
    ------
    CallError
        If EventBridge refuses the call for another reason.
    """
    if bus.rpartition("/")[2] == _DEFAULT:
        return True
    try:
        with naming(f"event bus {bus}"):
            events.describe_event_bus(Name=bus)
    except CallError as error:
        code = refusal_code(error.cause)
        if code == "ResourceNotFoundException":
            return False
        if code not in ACCESS_DENIED:
            raise
    return True
