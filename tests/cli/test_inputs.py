"""Objects of S3 are read in parallel, and each input gives its own content."""

from __future__ import annotations

import threading
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from human_loops_cli.console import Printer
from human_loops_cli.inputs import Inputs, UnreadableInputError
from human_loops_cli.session import Session


class Bucket:
    """A bucket in which each of the first three reads ends only while the other two are open."""

    def __init__(self, count: int) -> None:
        self.keys = [f"outputs/{number}.json" for number in range(count)]
        self.read: list[str] = []
        self._three = threading.Barrier(3, timeout=20)

    def get_paginator(self, _: str) -> Bucket:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"Contents": [{"Key": key} for key in self.keys]}]

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: ARG002, N803 - of boto3
        # Only these: of the others, one could be left alone with all that may be read ahead.
        if Key in self.keys[:3]:
            self._three.wait()
        self.read.append(Key)
        content = f'{{"humanAnswers": [], "humanLoopName": "{Key}", "inputContent": {{}}}}'.encode()
        size = 10**9 if Key.endswith("/2.json") else len(content)
        return {"Body": BytesIO(content), "ContentLength": size}


def session_of(bucket: Bucket) -> Session:
    printer = Printer(as_json=False)
    return Session(
        stack_name="",
        endpoint_url=None,
        profile=None,
        region=None,
        printer=printer,
        _clients={"s3": bucket},
    )


def test_objects_are_read_in_parallel_and_in_order(tmp_path: Path) -> None:
    bucket, local = Bucket(12), tmp_path / "local.json"
    local.write_text('{"humanAnswers": [], "humanLoopName": "local", "inputContent": {}}')
    inputs = Inputs(session_of(bucket), ["s3://reviews/outputs/", str(local)])
    names = []
    for each in inputs.read("Reading"):
        if each.name.endswith("/2.json"):
            with pytest.raises(UnreadableInputError, match="larger than"):
                each.output()
        else:
            names.append(each.output().human_loop_name)
    assert names == [*(key for key in bucket.keys if not key.endswith("/2.json")), "local"]
    assert sorted(bucket.read) == sorted(bucket.keys)


def test_objects_are_not_read_before_the_first_one_is_needed() -> None:
    bucket = Bucket(30)
    assert Inputs(session_of(bucket), ["s3://reviews/"]).read("Reading")
    assert bucket.read == []


def test_only_the_next_objects_are_read_ahead() -> None:
    bucket = Bucket(30)
    first = next(Inputs(session_of(bucket), ["s3://reviews/"]).read("Reading"))
    assert first.output().human_loop_name == bucket.keys[0]
    assert len(bucket.read) < len(bucket.keys)
