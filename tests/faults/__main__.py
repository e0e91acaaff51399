"""`make faults`: deploys into an emulator, injects faults, and counts lost and doubled loops."""

from __future__ import annotations

import argparse
import secrets
import sys

from local.a2i_server import running_a2i
from local.deployment import DeploymentError, bootstrap
from local.emulator import KEPT_LOG, Emulator, EmulatorError, running_emulator
from local.report import step
from local.sending import create_output_bucket
from tests.faults.assessment import assess
from tests.faults.fault_run import FaultRun
from tests.faults.proxy import running_proxy

_LOOPS = 1000
_MAX_LOOPS = 50_000
_MAX_DISCREPANCIES = 40


def main() -> int:
    """Run the faults. Return 0 if no loop is lost or doubled and there is no other discrepancy."""
    arguments = _parser().parse_args()
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    print("Injecting faults in an emulator. No AWS account is used, and all data is made up.")
    print(f"Random choices: SEED={seed}, LOOPS={arguments.loops}.")
    try:
        with running_a2i() as a2i, running_proxy() as proxy:
            endpoints = {**a2i.endpoints, **proxy.endpoints}
            with running_emulator(endpoints) as emulator:
                proxy.upstream = emulator.endpoint
                with step("Deploying two stacks: cdk bootstrap, cdk deploy"):
                    bootstrap(emulator)
                    create_output_bucket(emulator)
                    run = FaultRun(emulator, a2i, proxy)
                return _run(emulator, run, arguments.loops, seed)
    except (EmulatorError, DeploymentError) as error:
        print(f"faults: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nfaults: interrupted; the emulator is stopped", file=sys.stderr)
        return 130


def _run(emulator: Emulator, run: FaultRun, count: int, seed: int) -> int:
    loops = run.planner(seed).plan(count, with_poison_messages=True)
    with step(f"Ending {len(loops)} human loops"):
        seen = run.run(loops, seed)
    assessment = assess(loops, seen)
    print(f"\n{assessment.table()}\n")
    print(f"Dead-letter messages: {assessment.dead_letter_messages}")
    print(f"  sent again after the handler was killed: {assessment.repeated_messages}")
    print(f"  of settled loops, moved with a poison message: {assessment.moved_messages}\n")
    if assessment.passed:
        print(f"faults: {len(loops)} loops, 0 lost, 0 doubled, no other discrepancy")
        return 0
    discrepancies = assessment.discrepancies()
    print("NOT as expected:", *discrepancies[:_MAX_DISCREPANCIES], sep="\n  ")
    if len(discrepancies) > _MAX_DISCREPANCIES:
        print(f"  and {len(discrepancies) - _MAX_DISCREPANCIES} more")
    emulator.show_log()
    print(f"\nSearch {KEPT_LOG} for the names of the loops. To repeat the run:")
    print(f"make faults SEED={seed} LOOPS={count}")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "--loops",
        type=_count,
        default=_LOOPS,
        help=f"about how many human loops (default: {_LOOPS})",
    )
    parser.add_argument("--seed", type=int, help="repeats the random choices of a run")
    return parser


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= _MAX_LOOPS:
        raise argparse.ArgumentTypeError(f"expected 1 to {_MAX_LOOPS}, got {count}")
    return count


if __name__ == "__main__":
    sys.exit(main())
