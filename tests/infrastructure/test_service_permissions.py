"""AWS services may do what the stack needs of them, and the same for a stranger is denied."""

from __future__ import annotations

import pytest

from tests.infrastructure.cases import ACCOUNT, REGION, synthesize
from tests.permissions.account import Account
from tests.permissions.evaluator import Evaluation, Request, evaluate
from tests.permissions.mutations import mutations_of
from tests.permissions.service_calls import service_calls

CASES = ("everything-on", "minimal", "buffered", "everything-supplied", "composed-without-handler")


@pytest.fixture(scope="module", params=CASES)
def account(request: pytest.FixtureRequest) -> Account:
    case = synthesize(request.param)
    return Account(case.resources, account=ACCOUNT, region=REGION, own=case.own)


@pytest.fixture(scope="module")
def calls(account: Account) -> list[Request]:
    return service_calls(account)


@pytest.fixture(scope="module")
def evaluation(account: Account, calls: list[Request]) -> Evaluation:
    mutations = [
        mutation
        for name, document in account.policies.items()
        # What functions themselves call is recorded in the end-to-end tests.
        if (name not in account.identity_policies or "OutcomeArchive" in name)
        and _is_own(account, name)
        for mutation in mutations_of(name, document)
    ]
    assert mutations
    return evaluate(account.policies, calls, mutations)


def test_services_may_do_what_the_stack_needs_and_strangers_may_not(
    evaluation: Evaluation, calls: list[Request]
) -> None:
    assert {each.must_be_allowed for each in calls} == {True, False}
    assert evaluation.wrong == []


def test_every_statement_for_a_service_is_needed(evaluation: Evaluation) -> None:
    assert evaluation.unneeded == []
    assert evaluation.needed


def _is_own(account: Account, policy: str) -> bool:
    return policy not in account.resources or policy in account.own
