"""How long, and how much memory, reading and reviewing an output takes beside ``json.loads`` alone.

Run as ``python -m benchmarks.review_speed``. Every figure is a ratio of two measurements of the
same run, so that it means the same on any machine.
"""

from __future__ import annotations

import gc
import json
import random
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

LAMBDA = Path(__file__).parent.parent / "lambda"
sys.path.insert(0, str(LAMBDA))

from human_loop_reviews.document import FORMS  # noqa: E402
from human_loop_reviews.output import parse_output  # noqa: E402
from human_loop_reviews.review import review_output  # noqa: E402

WORDS_PER_PAIR = 3
BLOCKS_PER_PAIR = WORDS_PER_PAIR + 2

#: The most that may be measured, by the name of the figure.
MOST = {"time": 1.5, "growth": 11.0, "memory": 1.5, "import": 30.0}


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
    """Return an output whose model read so many blocks, a share of which reviewers were shown."""
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
    """Yield a pair under a key of the reviewer's own, with a value the model read elsewhere."""
    last = blocks // BLOCKS_PER_PAIR - 1
    chance = random.Random(last)  # noqa: S311 - not for secrets
    for block in _pair(last, chance, model=False, value=f"{last}.50"):
        renamed = json.loads(json.dumps(block).replace(f"{last:08x}-", "moved-"))
        if renamed.get("text") == f"Field{last}:":
            renamed["text"] = "Amount due:"
        yield renamed


def review(text: bytes) -> object:
    """Read and review an output, parse included."""
    return review_output(parse_output(text, source="output.json"))


def _fastest(functions: Sequence[Callable[[], object]], runs: int) -> list[float]:
    """Return the least processor time of each function, taken in turns: noise hits them all."""
    fastest = [float("inf")] * len(functions)
    for _ in range(runs):
        for index, function in enumerate(functions):
            gc.collect()
            start = time.process_time()
            function()
            fastest[index] = min(fastest[index], time.process_time() - start)
    return fastest


def _peak(function: Callable[[], object]) -> tuple[int, int]:
    """Return the memory at the peak, and what is left of it, in bytes."""
    gc.collect()
    tracemalloc.start()
    kept = function()
    left, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return peak, left


def _import_milliseconds() -> float:
    """Return what importing the package costs beyond boto3, in the best of several processes."""
    code = (
        "import time, boto3; start = time.perf_counter(); "
        "import human_loop_reviews.output, human_loop_reviews.review, human_loop_reviews.outcome; "
        "print((time.perf_counter() - start) * 1000)"
    )
    command = [sys.executable, "-c", code]
    runs = [
        subprocess.run(command, cwd=LAMBDA, check=True, capture_output=True, text=True).stdout
        for _ in range(5)
    ]
    return min(float(run) for run in runs)


CASES: dict[str, dict[str, Any]] = {
    "100 blocks, 20 shown": {"blocks": 100, "shown": 0.2},
    "100 blocks, all shown": {"blocks": 100, "shown": 1.0},
    "1,000 blocks, 200 shown": {"blocks": 1_000, "shown": 0.2},
    "10,000 blocks, 2,000 shown": {"blocks": 10_000, "shown": 0.2},
    "10,000 blocks, 2,000 shown, one moved": {"blocks": 10_000, "shown": 0.2, "moved": True},
    "10,000 blocks, all shown": {"blocks": 10_000, "shown": 1.0},
    "10,000 blocks, all shown, one reviewer": {"blocks": 10_000, "shown": 1.0, "reviewers": 1},
}


def measure() -> dict[str, float]:
    """Measure everything; return each figure by its name."""
    figures: dict[str, float] = {}
    times: dict[str, float] = {}
    for name, case in CASES.items():
        text = output_of(**case)
        functions = [partial(json.loads, text), partial(review, text)]
        floor, times[name] = _fastest(functions, max(9, 50_000 // case["blocks"]))
        figures[f"time: {name}"] = times[name] / floor
        (_, document), (peak, _) = map(_peak, functions)
        figures[f"memory: {name}"] = peak / document
    small, large = times["1,000 blocks, 200 shown"], times["10,000 blocks, 2,000 shown"]
    figures["growth: 1,000 to 10,000 blocks"] = large / small
    figures["import: milliseconds beyond boto3"] = _import_milliseconds()
    return figures


def main() -> int:
    """Print each figure with the most it may be; return 1 if one is too large."""
    failed = False
    for name, figure in measure().items():
        most = MOST[name.partition(":")[0]]
        failed |= figure > most
        print(f"{name:<55} {figure:6.2f}  at most {most:g}{'  TOO MUCH' if figure > most else ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
