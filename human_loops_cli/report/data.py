"""What a report is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from human_loops_cli.outcome_data.ledger_comparison import LedgerComparison
from human_loops_cli.outcome_data.rejects import Rejects
from human_loops_cli.thresholds.advice import Advice
from human_loops_cli.thresholds.advise import Question
from human_loops_cli.thresholds.cut_off import CutOff


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportData:
    """What a report shows.

    Parameters
    ----------
    sources
        Where the outcomes come from, as the user named it.
    flow, since, until
        What limits the loops. None for no limit.
    outcomes
        How many outcomes were read. None if the engine does not say.
    duplicates
        How many of them had an ``outcomeId`` that was read before.
    replaced
        How many were replaced by another outcome of the same loop.
    verifications
        How many were of ``human-loops verify``.
    history
        How many loops of each flow definition are known from their output alone, by its ARN.
    rejects
        What could not be used.
    comparison
        How the loops compare with those of the ledger. None if they were not compared.
    compared_with_ledger
        What a reader has to know of that, in a sentence. None for outputs, which are no outcomes.
    rows
        The rows of each query of `human_loop_tables.queries.QUERIES`, by its name.
    advice
        The advice on thresholds.
    question
        What the advice answers.
    cut_off
        Where the sample of the advice ends. None if no loop says how long it took.
    pending
        What is left out of this sample because loops may be open, in sentences.
    """

    sources: Sequence[str]
    flow: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    outcomes: int | None = None
    duplicates: int = 0
    replaced: int = 0
    verifications: int = 0
    history: Mapping[str, int] = field(default_factory=dict)
    rejects: Sequence[Rejects] = ()
    comparison: LedgerComparison | None = None
    compared_with_ledger: str | None = None
    rows: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    advice: Sequence[Advice] = ()
    question: Question = field(default_factory=Question)
    cut_off: CutOff | None = None
    pending: Sequence[str] = ()
