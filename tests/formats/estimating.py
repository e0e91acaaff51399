"""The estimates of ``human-loops reviewers`` are those of `crowd-kit`, which has no intervals.

`make formats` runs it in an environment that has the package.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from crowdkit.aggregation import DawidSkene

from human_loops_cli.reviewers.dawid_skene import Ballot, Ballots
from tests.cli.teams import guesses, keeps_all, knows, simulate

#: A share of the few wrong predictions that one reviewer of a simulated team reviewed.
NEAR = 0.01

STEPS = 300

# At least three of each team sometimes depart from a prediction: with fewer, many estimates explain
# the same votes.
TEAMS: dict[str, dict[str, Any]] = {
    "two of five keep everything": {"team": [keeps_all] * 2 + [knows(0.93)] * 3},
    "one of five guesses": {"team": [guesses] + [knows(0.9)] * 4, "reviewers": 3},
    "a model that is mostly wrong": {
        "team": [keeps_all] * 2 + [knows(0.93)] * 3,
        "model": 0.4,
        "reviewers": 3,
    },
}


@pytest.mark.filterwarnings("ignore::Warning")  # pandas names hundreds of deprecations
@pytest.mark.parametrize("name", TEAMS)
def test_estimates_are_those_of_crowd_kit(name: str) -> None:
    cases = list(simulate(loops=1000, **TEAMS[name]))
    kept = [{worker: value == 0 for worker, value in case.given.items()} for case in cases]
    ballots = Ballots([Ballot("category", each) for each in kept])
    ours = ballots.estimate(np.ones(len(kept)))
    rows = [
        {"task": task, "worker": worker, "label": keeps}
        for task, each in enumerate(kept)
        for worker, keeps in each.items()
    ]
    # Its bound can decrease in a step, after which it would stop: all steps are made.
    theirs = DawidSkene(n_iter=STEPS, tol=-math.inf).fit(pd.DataFrame(rows))
    assert ours.right[0] == pytest.approx(theirs.priors_[True], abs=NEAR)
    assert len(ballots.reviewers) == len(TEAMS[name]["team"])
    for number, worker in enumerate(ballots.reviewers):
        confusion = theirs.errors_.loc[(worker, True)]
        assert ours.keeps_right[number] == pytest.approx(confusion[True], abs=NEAR)
        assert ours.keeps_wrong[number] == pytest.approx(confusion[False], abs=NEAR)
