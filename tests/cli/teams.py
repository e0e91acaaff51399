"""Simulated teams of reviewers who see a prediction that is sometimes wrong."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from human_loops_cli.reviewers.units import PREDICTION, ReviewedLoop, Unit
from tests.cli.outputs import FLOW

#: Values: the prediction, then others. Where the prediction is wrong, the first other one is right.
VALUES = "ABCD"

Reviewer = Callable[[random.Random, int], int]
"""Gives a value: its number, from the number of the right one."""


def keeps_all(_chance: random.Random, _right: int) -> int:
    return PREDICTION


def guesses(chance: random.Random, _right: int) -> int:
    return chance.randrange(len(VALUES))


def knows(accuracy: float) -> Reviewer:
    """Make a reviewer who gives the right value with some probability, else any other one."""

    def give(chance: random.Random, right: int) -> int:
        if chance.random() < accuracy:
            return right
        return chance.choice([each for each in range(len(VALUES)) if each != right])

    return give


class Case(NamedTuple):
    """What the reviewers of one loop gave."""

    right: int
    given: dict[str, int]


def simulate(
    team: Sequence[Reviewer],
    loops: int,
    *,
    model: float = 0.8,
    reviewers: int | None = None,
    seed: int = 1,
) -> Iterator[Case]:
    """Review some loops.

    Parameters
    ----------
    team
        The reviewers: their worker ids are ``w0``, ``w1`` and so on.
    loops
        How many.
    model
        The share of right predictions.
    reviewers
        How many review each loop. Default: all.
    seed
        Of the pseudo-random numbers.
    """
    chance = random.Random(seed)  # noqa: S311 - no secret
    for _ in range(loops):
        right = PREDICTION if chance.random() < model else PREDICTION + 1
        chosen = chance.sample(range(len(team)), reviewers or len(team))
        yield Case(right, {f"w{each}": team[each](chance, right) for each in sorted(chosen)})


def as_loops(cases: Iterator[Case]) -> list[ReviewedLoop]:
    """Return the loops as they are read from outputs."""
    return [
        ReviewedLoop(
            name=f"loop-{number}",
            units=[Unit("category", None, case.given)],
            seconds=dict.fromkeys(case.given, 60.0),
            unidentified=0,
        )
        for number, case in enumerate(cases)
    ]


def as_output(number: int, case: Case, *, seconds: float | None = 60.0) -> dict[str, Any]:
    """Return the output of a loop."""
    return {
        "flowDefinitionArn": FLOW,
        "humanLoopName": f"loop-{number}",
        "humanAnswers": [
            {
                "answerContent": {"category": {"label": VALUES[value]}},
                "workerId": worker,
                "timeSpentInSeconds": seconds,
            }
            for worker, value in case.given.items()
        ],
        "inputContent": {"guess": VALUES[PREDICTION]},
    }
