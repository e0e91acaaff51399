"""The emulator's process: ministack, which accepts alarms on metric math and archives besides.

ministack's CloudFormation refuses them and rolls the stack back. Here they count as created, watch
nothing and keep nothing. The tests of the templates cover them.
"""

from __future__ import annotations

from typing import Any

from ministack.app import main
from ministack.services.cloudformation import provisioners

ALARM = "AWS::CloudWatch::Alarm"
ARCHIVE = "AWS::Events::Archive"

_handlers: dict[str, dict[str, Any]] = provisioners._RESOURCE_HANDLERS
_create = _handlers[ALARM]["create"]


def _create_alarm(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
    if properties.get("Metrics"):
        return f"{stack_name}-{logical_id}", {}
    return _create(logical_id, properties, stack_name)


def _create_archive(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
    name = f"{stack_name}-{logical_id}"
    bus = properties["SourceArn"].partition(":event-bus/")[0]
    return name, {"Arn": f"{bus}:archive/{name}", "ArchiveName": name}


def _delete_nothing(*_: Any) -> None: ...


_handlers[ARCHIVE] = {"create": _create_archive, "delete": _delete_nothing}
_handlers[ALARM] = {**_handlers[ALARM], "create": _create_alarm}

if __name__ == "__main__":
    main()
