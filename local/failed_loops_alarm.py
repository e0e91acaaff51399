"""The alarm `FailedLoops` of a deployed stack: its state, and its message to the alerts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from local.cases import Case
from local.emulator import Emulator
from local.observer import Observer
from local.rule_metric import publish_triggered_rules
from local.waiting import wait_until


def raise_alarm(emulator: Emulator, observer: Observer, cases: Iterable[Case]) -> str:
    """Publish the metric of the rule `Failed`, as an account does, and return the alarm's state."""
    failed = sum(case.alerts for case in cases)
    publish_triggered_rules(emulator, observer.stack["FailedRuleName"], failed)
    wait_until(lambda: alarm_state(emulator, observer) == "ALARM")
    return alarm_state(emulator, observer)


def alarm_state(emulator: Emulator, observer: Observer) -> str:
    """Return the state of the alarm `FailedLoops`."""
    alarms = emulator.client("cloudwatch").describe_alarms(
        AlarmNames=[observer.stack["FailedLoopsAlarmName"]]
    )
    return str(alarms["MetricAlarms"][0]["StateValue"])


def alarm_message(observer: Observer) -> Mapping[str, Any] | None:
    """Return the message of the alarm `FailedLoops` to the alerts' subscribers, if there is one."""
    for text in observer.alerts():
        if text.startswith("{"):
            message: Mapping[str, Any] = json.loads(text)
            if message["AlarmName"] == observer.stack["FailedLoopsAlarmName"]:
                return message
    return None
