"""The emulator's process: ministack, with changes that this project needs.

- ministack's CloudFormation refuses alarms on metric math and rolls the stack back. Here, such an
  alarm is accepted and has no effect. The tests of the templates cover it.
- Archives of events are accepted too, and have no effect.
- ministack's DescribeEventBus finds a bus by its name only. Here, it accepts the ARN too.
- ministack forwards events within an account and Region only, and gives the requests of a role to
  the default account. Here both cross accounts, without the policies that AWS would check. The
  tests of the templates check these with a policy evaluator.
- DynamoDB keeps a backup of a deleted table that had point-in-time recovery. Here it keeps one of
  every deleted table, and restores it when the table no longer exists.
- ministack deletes all resources of a stack. Here, it keeps those that the template retains.
"""

from __future__ import annotations

import json
from typing import Any

from ministack import app
from ministack.core.responses import request_scope
from ministack.services import cloudformation, dynamodb, eventbridge, sts
from ministack.services.cloudformation import handlers, provisioners

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

_describe = eventbridge._describe_event_bus


def _describe_event_bus(request: dict[str, Any]) -> Any:
    return _describe({**request, "Name": request.get("Name", "default").rpartition("/")[2]})


eventbridge._describe_event_bus = _describe_event_bus


def _forward_across(
    bus: Any, event: dict[str, Any], rule: dict[str, Any], path: set[str], *_: Any
) -> None:
    """Dispatch an event on a bus, with the account and the Region that it comes from."""
    forwarding = eventbridge._rule_key(rule["Name"], rule.get("EventBusName", "default"))
    name = bus.resource.removeprefix("event-bus/")
    with request_scope(bus.account_id, bus.region):
        eventbridge._dispatch_event(
            {**event, "EventBusName": name, "_DispatchPath": [*path, forwarding]}
        )


eventbridge._dispatch_to_event_bus = _forward_across

_set_account = app.set_request_account_id


def _set_account_of_role(access_key: str) -> None:
    """Use the account of the role in the access key's session as the account of the request."""
    arn = sts._sessions.get(access_key, {}).get("Arn", "")
    _set_account(arn.split(":")[4] if arn else access_key)


app.set_request_account_id = _set_account_of_role

_create_table, _delete_table = dynamodb._create_table, dynamodb._delete_table


def _create_table_of_backup(request: dict[str, Any]) -> Any:
    """Create a table. ministack does not know the key attributes of a deleted table, texts here."""
    keys = [*request.get("KeySchema", ())]
    keys += [key for each in request.get("GlobalSecondaryIndexes", ()) for key in each["KeySchema"]]
    names = dict.fromkeys(key["AttributeName"] for key in keys)
    attributes = [{"AttributeName": name, "AttributeType": "S"} for name in names]
    return _create_table(
        {**request, "AttributeDefinitions": request.get("AttributeDefinitions") or attributes}
    )


def _delete_table_with_backup(request: dict[str, Any]) -> Any:
    name = request.get("TableName")
    table = dynamodb._tables.get(name)
    if table is not None and not table.get("DeletionProtectionEnabled"):
        backup = {"TableName": name, "BackupName": f"{name}$DeletedTableBackup"}
        _, _, body = dynamodb._create_backup(backup)
        arn = json.loads(body)["BackupDetails"]["BackupArn"]
        dynamodb._backups[arn]["BackupDetails"]["BackupType"] = "SYSTEM"
    return _delete_table(request)


dynamodb._create_table = _create_table_of_backup
dynamodb._delete_table = _delete_table_with_backup

_delete_stack = handlers._delete_stack_async


async def _delete_stack_but_retained(stack_name: str, stack_id: str) -> None:
    """Delete a stack without the resources that its template retains."""
    stack = cloudformation._stacks[stack_name]
    retained = {
        logical_id
        for logical_id, resource in stack.get("_template", {}).get("Resources", {}).items()
        if resource.get("DeletionPolicy", "Delete").startswith("Retain")
    }
    resources: dict[str, Any] = stack.get("_resources", {})
    stack["_resources"] = {name: resources[name] for name in resources if name not in retained}
    await _delete_stack(stack_name, stack_id)


handlers._delete_stack_async = _delete_stack_but_retained

if __name__ == "__main__":
    app.main()
