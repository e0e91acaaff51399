"""The time and memory of the handler for hostile outputs: typed by reviewers, or forged.

Run it with ``python -m benchmarks hostile_outputs``. Each case is a document with the default size
limit, and one with an eighth of it. Most of the larger documents exceed another limit. Each is
read, reviewed and corrected in a new process, with the handler's code. It must use at most half of
the function's memory and half of its shortest timeout. With 1,024 MiB, Lambda provides 0.58 of a
processor.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import count, cycle, product
from pathlib import Path
from typing import Any

from human_loop_reviews.contract import DEFAULT_MAX_OUTPUT_BYTES, MIN_TIMEOUT_SECONDS

LAMBDA = Path(__file__).parents[1] / "lambda"
SIZES = {"largest": DEFAULT_MAX_OUTPUT_BYTES, "an eighth": DEFAULT_MAX_OUTPUT_BYTES // 8}
MEMORY_MIB = 1024
PROCESSOR = 0.58

#: The largest permitted value of each figure, by its name.
MAX_FIGURES = {"memory": 0.5, "time": 0.5}

_FORMS = "AWS/Textract/AnalyzeDocument/Forms/V1"
_LABELS = "AWS/Rekognition/DetectModerationLabels/Image/V3"

_REVIEW = """
import json, resource, sys, time
from pathlib import Path
import boto3
from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.corrected.errors import NoCorrectedDocumentError
from human_loop_reviews.corrected_document import correct_document
from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.outcome import describe_review
from human_loop_reviews.review_output import review_output
boto3.client("s3"), boto3.client("dynamodb"), boto3.client("events")
mapping = [FieldMapping(name="n", prediction="p", answer="a")] if sys.argv[2] == "mapped" else []
started = time.process_time()
try:
    output = parse_output(Path(sys.argv[1]).read_bytes(), source="output")
    review = review_output(output, mapping=mapping)
    json.dumps(describe_review(output, review, include_values=True))
    ended = "accepted"
    json.dumps(correct_document(output, review, mapping=mapping), ensure_ascii=False).encode()
except NoCorrectedDocumentError:
    pass
except UnreadableOutputError as error:
    ended = "refused"
seconds = time.process_time() - started
print(json.dumps([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, seconds, ended]))
"""


def measure() -> dict[str, float]:
    """Return each figure by its name: a share of the function's memory or timeout."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "output.json"
        for (case, write), (size, limit), how in product(
            CASES.items(), SIZES.items(), ("plain", "mapped")
        ):
            path.write_text(write(limit))
            memory, seconds, ended = _review(path, how)
            name = f"{case}, {size}, {how}: {ended}"
            figures[f"memory: {name}"] = memory / MEMORY_MIB
            figures[f"time: {name}"] = seconds / PROCESSOR / MIN_TIMEOUT_SECONDS
    return figures


def _review(path: Path, how: str) -> tuple[float, float, str]:
    ran = subprocess.run(
        [sys.executable, "-c", _REVIEW, str(path), how],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(LAMBDA), "AWS_DEFAULT_REGION": "eu-west-1"},
    )
    memory, seconds, ended = json.loads(ran.stdout)
    return memory, seconds, ended


def _repeat(parts: Iterator[str], size: int) -> str:
    """Return parts joined by commas, up to a size."""
    chosen: list[str] = []
    for part in parts:
        size -= len(part) + 1
        if size < 0:
            break
        chosen.append(part)
    return ",".join(chosen)


def _list_of(part: str) -> Callable[[int], str]:
    """Return a writer of a form with one element: a list that repeats one part."""
    return lambda size: _custom(f'{{"a":[{_repeat(cycle([part]), size - 500)}]}}')


def _custom(*contents: str, inputs: str = '{"p":1}') -> str:
    answers = ",".join(
        f'{{"workerId":"{number}","answerContent":{content}}}'
        for number, content in enumerate(contents)
    )
    return f'{{"humanAnswers":[{answers}],"inputContent":{inputs}}}'


def _by_ten(part: str, key: str) -> Callable[[int], str]:
    def write(size: int) -> str:
        content = f'{{"a":{{"{key}":[{_repeat(cycle([part]), size // 10 - 200)}]}}}}'
        return _custom(*[content] * 10)

    return write


def _many_keys(size: int) -> str:
    return _custom("{" + _repeat((f'"{n}":1' for n in count()), size - 500) + "}")


def _packed(size: int) -> str:
    inner = json.dumps("[" + _repeat(cycle(["{}"]), size // 2) + "]")
    return _custom(f'{{"a":{inner}}}')


def _inputs(size: int) -> str:
    return _custom('{"a":1}', inputs='{"p":[' + _repeat(cycle(['{"":0}']), size - 500) + "]}")


def _blocks(part: Callable[[int], str]) -> Callable[[int], str]:
    def write(size: int) -> str:
        blocks = "[" + _repeat((part(n) for n in count()), size // 2 - 500) + "]"
        document: dict[str, Any] = {
            "awsManagedHumanLoopRequestSource": _FORMS,
            "humanAnswers": [{"answerContent": {_FORMS: {"blocks": "BLOCKS"}}}],
            "inputContent": {"selectedAiServiceResponse": {"blocks": "BLOCKS"}},
        }
        return json.dumps(document).replace('"BLOCKS"', blocks)

    return write


def _labels(size: int) -> str:
    labels = "[" + _repeat((f'{{"name":"{n}"}}' for n in count()), size - 500) + "]"
    document = {
        "awsManagedHumanLoopRequestSource": _LABELS,
        "humanAnswers": [{"answerContent": {_LABELS: {"moderationLabels": "LABELS"}}}],
        "inputContent": {"selectedAiServiceResponse": {"moderationLabels": []}},
    }
    return json.dumps(document).replace('"LABELS"', labels)


CASES: dict[str, Callable[[int], str]] = {
    "empty objects": _list_of("{}"),
    "small objects": _list_of('{"":0}'),
    "objects of several keys": _list_of('{"a":{},"b":[],"c":0}'),
    "empty lists": _list_of("[]"),
    "numbers": _list_of("1.5"),
    "short texts": _list_of('"ü"'),
    "polygons of ten": _by_ten('{"label":"a","vertices":[{"x":1,"y":2}]}', "polygons"),
    "boxes of ten": _by_ten('{"height":1,"label":"a","left":1,"top":1,"width":1}', "boundingBoxes"),
    "entities of ten": _by_ten('{"endOffset":1,"label":"a","startOffset":0}', "entities"),
    "many keys": _many_keys,
    "packed text": _packed,
    "small objects in the input": _inputs,
    "empty blocks": _blocks(lambda n: f'{{"id":"{n}"}}'),
    "keys of forms": _blocks(
        lambda n: f'{{"blockType":"KEY_VALUE_SET","entityTypes":["KEY"],"id":"{n}","text":"k{n}"}}'
    ),
    "moderation labels": _labels,
}
