"""The emulator's process: ministack, which accepts alarms on metric math besides.

ministack's CloudFormation refuses such an alarm and rolls the stack back. Here it counts as created
and watches nothing. The tests of the templates cover what these alarms watch.
"""

from __future__ import annotations

from typing import Any

from ministack.app import main
from ministack.services.cloudformation import provisioners

ALARM = "AWS::CloudWatch::Alarm"

_handlers: dict[str, dict[str, Any]] = provisioners._RESOURCE_HANDLERS
_create = _handlers[ALARM]["create"]


def _create_alarm(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
    if properties.get("Metrics"):
        return f"{stack_name}-{logical_id}", {}
    return _create(logical_id, properties, stack_name)


_handlers[ALARM] = {**_handlers[ALARM], "create": _create_alarm}

if __name__ == "__main__":
    main()
