"""The time and memory to read and review an output, relative to ``json.loads``.

Run it with ``python -m benchmarks review_speed``. Every figure is a ratio of two measurements of
the same run, so it is comparable between machines.
"""

from __future__ import annotations

import gc
import json
import os
import random
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

LAMBDA = Path(__file__).parent.parent / "lambda"
sys.path.insert(0, str(LAMBDA))

from human_loop_reviews.a2i.output import parse_output  # noqa: E402
from human_loop_reviews.a2i.task_type import FORMS  # noqa: E402
from human_loop_reviews.review_output import review_output  # noqa: E402

WORDS_PER_PAIR = 3
BLOCKS_PER_PAIR = WORDS_PER_PAIR + 2

#: The largest permitted value of each figure, by its name. A document of 100 blocks takes a few
#: milliseconds, and its parsing is faster for each byte than that of a large one.
MAX_FIGURES = {
    "time": 1.5,
    "time, all shown": 1.5,
    "time, all shown: 100 blocks": 2.0,
    "memory": 1.5,
    "growth beside json.loads": 1.1,
    "import": 30.0,
}


def _geometry(chance: random.Random) -> dict[str, Any]:
    corners = [{"x": chance.random(), "y": chance.random()} for _ in range(4)]
    left, top, width, height = (chance.random() for _ in range(4))
    box = {"height": height, "left": left, "top": top, "width": width}
    return {"geometry": {"boundingBox": box, "polygon": corners}, "page": 1}


def _pair(
    number: int, chance: random.Random, *, model: bool, value: str
) -> Iterator[dict[str, Any]]:
    """Yield the blocks of one pair, as the model gives them or as a reviewer does."""

    def extras() -> dict[str, Any]:
        return _geometry(chance) if model else {}

    key_id, value_id = f"{number:08x}-4f3e-4b2a-9c1d-key000000000", f"{number:08x}-value"
    texts = [f"Field{number}:", value, "EUR"]
    ids = [f"{number:08x}-4f3e-4b2a-9c1d-word{index:08x}" for index in range(len(texts))]
    for word_id, text in zip(ids, texts, strict=True):
        seen = {"confidence": chance.random() * 100, "textType": "PRINTED"} if model else {}
        yield {"blockType": "WORD", "id": word_id, "text": text, **seen, **extras()}
    for entity, block_id, relationships in (
        ("KEY", key_id, [_relation("VALUE", [value_id]), _relation("CHILD", ids[:1])]),
        ("VALUE", value_id, [_relation("CHILD", ids[1:])]),
    ):
        yield {
            "blockType": "KEY_VALUE_SET",
            "confidence": 41.29,
            "entityTypes": [entity],
            "id": block_id,
            "relationships": relationships,
            **extras(),
        }


def _relation(kind: str, ids: list[str]) -> dict[str, Any]:
    return {"ids": ids, "type": kind}


def _blocks(
    count: int, chance: random.Random, *, model: bool, corrected: bool = False
) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    for number in range(count // BLOCKS_PER_PAIR):
        value = f"{number}.99" if corrected and number % 10 == 0 else f"{number}.50"
        blocks += _pair(number, chance, model=model, value=value)
    return blocks


def output_of(blocks: int, *, shown: float, reviewers: int = 2, moved: bool = False) -> bytes:
    """Return an output with a number of blocks, of which reviewers were shown a share."""
    chance = random.Random(blocks)  # noqa: S311 - not for secrets
    selected = max(BLOCKS_PER_PAIR, int(blocks * shown))
    answers = []
    for reviewer in range(reviewers):
        answer = _blocks(selected, chance, model=False, corrected=True)
        if moved:
            answer += _moved_pair(blocks)
        answers.append(
            {
                "acceptanceTime": "2026-03-14T09:30:02.115Z",
                "answerContent": {FORMS: {"blocks": answer}},
                "submissionTime": f"2026-03-14T09:3{reviewer}:12.480Z",
                "timeSpentInSeconds": 61.2,
                "workerId": f"worker-{reviewer}",
            }
        )
    inputs = {
        "aiServiceResponse": {"blocks": _blocks(blocks, chance, model=True)},
        "humanTaskActivationConditionResults": {"Conditions": []},
        "selectedAiServiceResponse": {"blocks": _blocks(selected, chance, model=True)},
    }
    return json.dumps(
        {
            "awsManagedHumanLoopRequestSource": FORMS,
            "flowDefinitionArn": "arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/forms",
            "humanAnswers": answers,
            "humanLoopName": "loop",
            "inputContent": inputs,
        },
        separators=(",", ":"),
    ).encode()


def _moved_pair(blocks: int) -> Iterator[dict[str, Any]]:
    """Yield a pair with a key that the reviewer added, and a value from another pair."""
    last = blocks // BLOCKS_PER_PAIR - 1
    chance = random.Random(last)  # noqa: S311 - not for secrets
    for block in _pair(last, chance, model=False, value=f"{last}.50"):
        renamed = json.loads(json.dumps(block).replace(f"{last:08x}-", "moved-"))
        if renamed.get("text") == f"Field{last}:":
            renamed["text"] = "Amount due:"
        yield renamed


def review(text: bytes) -> object:
    """Parse and review an output."""
    return review_output(parse_output(text, source="output.json"))


def _fastest(functions: Sequence[Callable[[], object]], runs: int, times: int) -> list[float]:
    """Return the shortest processor time of each function in several runs of repeated calls.

    The functions alternate, so that noise affects all of them.
    """
    fastest = [float("inf")] * len(functions)
    for _ in range(runs):
        for index, function in enumerate(functions):
            gc.collect()
            start = time.process_time()
            for _ in range(times):
                function()
            fastest[index] = min(fastest[index], (time.process_time() - start) / times)
    return fastest


def _peak(function: Callable[[], object]) -> tuple[int, int]:
    """Return the peak memory and the remaining memory, in bytes."""
    gc.collect()
    tracemalloc.start()
    kept = function()
    left, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return peak, left


def _import_milliseconds() -> float:
    """Return the time to import the package after boto3, in the best of several processes."""
    code = (
        "import time, boto3; start = time.process_time(); "
        "import human_loop_reviews.review_output, human_loop_reviews.outcome; "
        "print((time.process_time() - start) * 1000)"
    )
    with TemporaryDirectory() as cache:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache, "PYTHONPATH": str(LAMBDA)}
        environment["PYTHONDONTWRITEBYTECODE"] = ""
        command = [sys.executable, "-c", code]
        runs = [
            subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
            for _ in range(6)
        ]
    return min(float(run.stdout) for run in runs)


FEW, SOME, MANY = "100 blocks, 5 shown", "1,000 blocks, 50 shown", "10,000 blocks, 500 shown"

#: Activation conditions usually select a small part of what the model read for the reviewers. The
#: worst cases are those with everything shown, and everything answered twice.
CASES: dict[str, dict[str, Any]] = {
    f"time: {FEW}": {"blocks": 100, "shown": 0.05},
    "time: 100 blocks, 20 shown": {"blocks": 100, "shown": 0.2},
    f"time: {SOME}": {"blocks": 1_000, "shown": 0.05},
    f"time: {MANY}": {"blocks": 10_000, "shown": 0.05},
    "time: 10,000 blocks, 2,000 shown": {"blocks": 10_000, "shown": 0.2},
    "time: 10,000 blocks, 2,000 shown, one moved": {"blocks": 10_000, "shown": 0.2, "moved": True},
    "time, all shown: 100 blocks": {"blocks": 100, "shown": 1.0},
    "time, all shown: 10,000 blocks": {"blocks": 10_000, "shown": 1.0},
    "time, all shown: 10,000 blocks, one reviewer": {
        "blocks": 10_000,
        "shown": 1.0,
        "reviewers": 1,
    },
}


def measure() -> dict[str, float]:
    """Return each figure by its name."""
    figures: dict[str, float] = {}
    floors: dict[str, float] = {}
    times: dict[str, float] = {}
    for name, case in CASES.items():
        text = output_of(**case)
        functions = [partial(json.loads, text), partial(review, text)]
        runs, repeats = (9, 1) if case["blocks"] > 1_000 else (40, 2_000 // case["blocks"])
        floors[name], times[name] = _fastest(functions, runs, repeats)
        figures[name] = times[name] / floors[name]
        (_, document), (peak, _) = map(_peak, functions)
        figures[f"memory: {name.rpartition(': ')[2]}"] = peak / document
    some, many = f"time: {SOME}", f"time: {MANY}"
    # A parser alone takes more than ten times as long if the document exceeds the processor's
    # caches. The growth of a review must not exceed that.
    alone = floors[many] / floors[some]
    figures["growth beside json.loads: 1,000 to 10,000 blocks"] = times[many] / times[some] / alone
    figures["import: milliseconds beyond boto3"] = _import_milliseconds()
    return figures
