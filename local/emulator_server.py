"""The emulator's process: ministack, which accepts alarms on metric math and ARNs of buses besides.

ministack's CloudFormation refuses such an alarm and rolls the stack back. Here it counts as created
and watches nothing. The tests of the templates cover what these alarms watch.

Its DescribeEventBus finds a bus by its name only, EventBridge by its ARN too.
"""

from __future__ import annotations

from typing import Any

from ministack.app import main
from ministack.services import eventbridge
from ministack.services.cloudformation import provisioners

ALARM = "AWS::CloudWatch::Alarm"

_handlers: dict[str, dict[str, Any]] = provisioners._RESOURCE_HANDLERS
_create = _handlers[ALARM]["create"]


def _create_alarm(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
    if properties.get("Metrics"):
        return f"{stack_name}-{logical_id}", {}
    return _create(logical_id, properties, stack_name)


_handlers[ALARM] = {**_handlers[ALARM], "create": _create_alarm}

_describe = eventbridge._describe_event_bus


def _describe_event_bus(request: dict[str, Any]) -> Any:
    return _describe({**request, "Name": request.get("Name", "default").rpartition("/")[2]})


eventbridge._describe_event_bus = _describe_event_bus

if __name__ == "__main__":
    main()
