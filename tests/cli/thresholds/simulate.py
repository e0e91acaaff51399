"""``python -m tests.cli.thresholds.simulate RUNS``: how often thresholds are wrong, and found."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

import numpy as np

from human_loops_cli.thresholds.advise import Missing
from human_loops_cli.thresholds.evidence import Looks
from tests.cli.thresholds.adversary import LOOKS, Adversary
from tests.cli.thresholds.documents import (
    CutBy,
    look_at_drift,
    look_at_rows,
    look_while_loops_are_pending,
    look_without_the_difficult,
)
from tests.cli.thresholds.worlds import (
    WORLDS,
    LearnThenTest,
    OneStart,
    grow,
    look,
    look_as_aws_does,
    point_estimate,
    share_wrong,
)

_TARGET: Final = 0.95
_ERROR_RATE: Final = 0.05


def one_look(runs: int, random: np.random.Generator) -> Iterator[str]:
    """Yield what one look finds, with these tests and with others."""
    most = max(world.samples for world in WORLDS)
    methods = {
        "any": LearnThenTest(_TARGET, _ERROR_RATE, Looks.ANY, most).accepted,
        "once": LearnThenTest(_TARGET, _ERROR_RATE, Looks.ONCE, most).accepted,
        "one start": OneStart(_TARGET, _ERROR_RATE, most).accepted,
    }
    estimate = point_estimate(_TARGET)
    yield (
        f"{'one look: wrong / found':38}{'':2}"
        + "".join(f"{name:>16}" for name in methods)
        + (f"{'estimate':>12}{'selected':>10}")
    )
    for world in WORLDS:
        seen, naive = look(world, runs, random), look_as_aws_does(world, runs, random)
        line = f"{world.name:40}"
        for accepted in (method(seen) for method in methods.values()):
            wrong, found = share_wrong(world, accepted, _TARGET), accepted.any(axis=1).mean()
            line += f"{wrong:8.3f}/{found:6.3f} "
        line += f"{share_wrong(world, estimate(seen), _TARGET):12.3f}"
        yield line + f"{share_wrong(world, estimate(naive), _TARGET):10.3f}"


def many_looks(runs: int, random: np.random.Generator) -> Iterator[str]:
    """Yield how often a threshold is wrong at any of 24 looks at a growing sample."""
    most = max(world.samples for world in WORLDS)
    tests = {
        looks: LearnThenTest(_TARGET, _ERROR_RATE, looks, most) for looks in (Looks.ANY, Looks.ONCE)
    }
    yield f"{f'{LOOKS} looks: wrong at any / found':40}" + "".join(f"{each:>16}" for each in tests)
    for world in WORLDS:
        wrong = dict.fromkeys(tests, np.zeros(runs, dtype=np.bool_))
        found = dict.fromkeys(tests, 0.0)
        misses = world.is_wrong(_TARGET)
        for seen in grow(world, LOOKS, runs, random):
            for looks, each in tests.items():
                accepted = each.accepted(seen)
                wrong[looks] = wrong[looks] | (accepted & misses).any(axis=1)
                found[looks] = float(accepted.any(axis=1).mean())
        yield f"{world.name:40}" + "".join(
            f"{wrong[looks].mean():8.3f}/{found[looks]:6.3f} " for looks in tests
        )


def adversarial(runs: int) -> Iterator[str]:
    """Yield how often thresholds are wrong in the worst world that a search finds."""
    yield "adversarial search, worst of 150 worlds: wrong, with fresh runs"
    for looks in Looks:
        adversary = Adversary(looks)
        worst = adversary.search(150, 400)
        wrong = adversary.share_wrong(worst, runs)
        times = LOOKS if looks is Looks.ANY else 1
        yield f"{f'{looks}, {times} looks, {worst.samples:,} samples':40}{wrong:8.3f}"


def documents(runs: int, random: np.random.Generator) -> Iterator[str]:
    """Yield what is found where loops are not alike."""
    for looks in Looks:
        rows = look_at_rows(runs, looks, random)
        yield (
            f"{f'rows, {looks}':26} found {rows.found:.3f}, wrong of loops "
            f"{rows.wrong_of_loops:.3f} ({rows.share_of_loops:.3f} right), of predictions "
            f"{rows.wrong_of_predictions:.3f} ({rows.share_of_predictions:.3f} right)"
        )
    for missing in Missing:
        for looks in Looks:
            found = look_without_the_difficult(runs, missing, looks, random)
            yield f"{f'missing, {missing}, {looks}':26} wrong {found:.3f}"
    for later in (0.99, 0.95, 0.9, 0.8):
        for looks in Looks:
            given, refused, ever = look_at_drift(runs, later, looks, random)
            yield (
                f"{f'drift to {later}, {looks}':26} at the last look: given {given:.3f}, refused "
                f"{refused:.3f}; refused at any of 12 looks {ever:.3f}"
            )


def pending(runs: int, random: np.random.Generator) -> Iterator[str]:
    """Yield how often thresholds are wrong where difficult loops are open for longer."""
    for cut in CutBy:
        found = look_while_loops_are_pending(runs, cut, random)
        yield (
            f"{f'open loops, cut off by {cut}':42} wrong at any of 30 looks {found.wrong:.3f}; "
            f"at the last one {found.share_right:.3f} right, {found.share_pending:.3f} open"
        )


def main(runs: int) -> None:
    """Print all tables."""
    random = np.random.default_rng(1)
    for table in (
        one_look(runs, random),
        many_looks(max(runs // 10, 1), random),
        adversarial(runs),
        documents(max(runs // 50, 1), random),
        pending(max(runs // 200, 1), random),
    ):
        for line in table:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        sys.stdout.write("\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
