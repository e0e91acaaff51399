"""The demo's human loops, sent to the stack whose rule invokes the handler."""

from __future__ import annotations

import json

import pytest

from local.cases import CASES, Case
from local.emulator import Emulator
from local.failed_loops_alarm import alarm_message, alarm_state
from local.observer import Observer


def case_that_shows(words: str) -> Case:
    (case,) = (case for case in CASES if case.shows == words)
    return case


@pytest.mark.parametrize("case", CASES, ids=[case.shows for case in CASES])
def test_human_loop_is_seen_wherever_it_must_be_and_nowhere_else(
    case: Case, direct: Observer
) -> None:
    assert direct.observe(case.loop).differences(case) == []


def test_handler_runs_once_for_each_event(direct: Observer) -> None:
    assert direct.handler_runs() == sum(case.arrivals for case in CASES)


def test_nothing_goes_to_dead_letters(direct: Observer) -> None:
    assert direct.dead_letter_messages() == []


def test_identical_events_give_one_ledger_item_and_one_outcome_id(direct: Observer) -> None:
    case = case_that_shows("the same event twice: recorded once")
    observation = direct.observe(case.loop)
    assert (observation.topic, observation.queue, len(observation.records)) == (2, 2, 1)
    assert len({outcome["outcomeId"] for outcome in observation.outcomes}) == 1


def test_alert_on_failed_loop_names_loop_flow_code_and_reason(direct: Observer) -> None:
    case = case_that_shows("failed, with a reason")
    (alert,) = direct.observe(case.loop).alerts
    for line in (
        f'"Human loop: {case.loop}"',
        f'"Flow definition: {case.detail["flowDefinitionArn"]}"',
        f'"Failure code (null or empty: A2I gave none): {case.detail["failureCode"]}"',
        f'"Reason (null or empty: A2I gave none): {case.detail["failureReason"]}"',
    ):
        assert line in alert.splitlines()


def test_alert_comes_even_without_code_and_reason(direct: Observer) -> None:
    case = case_that_shows("failed, without a reason")
    assert len(direct.observe(case.loop).alerts) == 1


def test_failed_loops_raise_the_alarm_which_says_what_to_do(
    emulator: Emulator, direct: Observer
) -> None:
    assert alarm_state(emulator, direct) == "ALARM"
    message = alarm_message(direct)
    assert message is not None
    assert message["NewStateValue"] == "ALARM"
    assert "Runbook: human-loops runbook " in message["AlarmDescription"]


def test_log_holds_neither_values_nor_identities(direct: Observer) -> None:
    log = "\n".join(direct.handler_log())
    assert '"FlowDefinition":"invoices"' in log, "the handler logged nothing of the invoices"
    for case in CASES:
        for private in private_texts(case):
            assert private not in log


def test_outcomes_and_ledger_hold_no_identities(direct: Observer) -> None:
    for case in CASES:
        observation = direct.observe(case.loop)
        seen = json.dumps([observation.outcomes, observation.records], default=str)
        for answer in case.document["humanAnswers"] if case.document else []:
            assert answer["workerId"] not in seen
            assert answer["workerMetadata"]["identityData"]["sub"] not in seen


def test_private_texts_are_looked_for() -> None:
    assert sum(len(private_texts(case)) for case in CASES) > 10


def private_texts(case: Case) -> list[str]:
    """List what an outcome's reader may see, and a log's reader may not."""
    if case.sample is None:
        return []
    identities = [
        text
        for answer in case.sample.document["humanAnswers"]
        for text in (answer["workerId"], answer["workerMetadata"]["identityData"]["sub"])
    ]
    values = [
        field["values"]["predicted"]
        for field in case.sample.outcome["fields"]
        if isinstance(field["values"]["predicted"], str)
    ]
    return [*identities, *values]
