"""A process that reviews outputs: `python -m human_loops_cli.outcome_data.review_worker`.

It reads the mappings and then shares of documents from its input, and writes the reviews of each
share. The process that started it closes the input at its end.
"""

from __future__ import annotations

import pickle
import sys

from human_loops_cli.outcome_data.reviewed_output import review_share


def main() -> None:
    """Review shares until the input ends."""
    requests, results = sys.stdin.buffer, sys.stdout.buffer
    try:
        mappings = pickle.load(requests)  # noqa: S301 - of the process that started this one
        while True:
            share = pickle.load(requests)  # noqa: S301
            here = mappings.without_counts()
            pickle.dump((review_share(share, here), here.counts), results)
            results.flush()
    except EOFError:
        return


if __name__ == "__main__":
    main()
