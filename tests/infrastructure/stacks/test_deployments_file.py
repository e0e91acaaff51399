"""Deployments are read from cdk.json, a file, the command line or Python, or refused in one go."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from stacks.create_stacks import create_stacks
from stacks.deployment import Deployment
from stacks.deployments_file import read_deployments
from stacks.faults import ConfigurationError
from tests.infrastructure.cases import ACCOUNT, REGION, new_app

ROOT = Path(__file__).parents[3]

FILES = {
    "deployments.yaml": f"""
deployments:
  dev: &common
    account: "{ACCOUNT}"
    region: {REGION}
    flow_definitions: [invoices]
  prod:
    <<: *common
    handler:
      timeout: 5 minutes
""",
    "deployments.toml": f"""
[deployments.dev]
account = "{ACCOUNT}"
region = "{REGION}"
flow_definitions = ["invoices"]

[deployments.prod]
account = "{ACCOUNT}"
region = "{REGION}"
flow_definitions = ["invoices"]
handler.timeout = "5 minutes"
""",
    "deployments.json": json.dumps(
        {
            "$schema": "docs/deployment.schema.json",
            "deployments": {
                "dev": {"account": ACCOUNT, "region": REGION, "flow_definitions": ["invoices"]},
                "prod": {
                    "account": ACCOUNT,
                    "region": REGION,
                    "flow_definitions": ["invoices"],
                    "handler": {"timeout": "5 minutes"},
                },
            },
        }
    ),
}


def _refused(context: Any, **arguments: str) -> list[str]:
    with pytest.raises(ConfigurationError) as error:
        read_deployments(context, **arguments)
    return str(error.value).splitlines()


def test_without_configuration_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (message,) = _refused(None)
    assert message.startswith("no deployment is configured: run `human-loops configure > deploym")
    (new_bucket,) = re.findall(r"-c 'deployments=(.+?)'`", message)
    assert create_stacks(new_app(), read_deployments(new_bucket))


def test_file_of_configure_is_read_without_naming_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deployments.json").write_text('{"deployments": {"dev": {}}}', encoding="utf-8")
    assert read_deployments(None) == [Deployment(name="dev")]
    (tmp_path / "deployments.json").write_text('{"deployments": ', encoding="utf-8")
    assert _refused(None)[0].startswith("deployments.json: ")


def test_deployment_without_output_is_refused_unless_a_new_bucket_is_asked_for() -> None:
    with pytest.raises(ConfigurationError) as error:
        create_stacks(new_app(), read_deployments({"dev": {}, "prod": {"callbacks": True}}))
    lines = str(error.value).splitlines()
    assert [line.partition(": output: expected the bucket")[0] for line in lines] == [
        "deployment dev",
        "deployment prod",
    ]
    new = {"dev": {"output_bucket": {}}, "prod": {"output": {"bucket": "reviews"}}}
    assert len(create_stacks(new_app(), read_deployments(new))) == 2


def test_each_entry_is_a_deployment() -> None:
    dev, prod = read_deployments({"dev": {}, "prod-eu": {"statuses": ["Failed"]}})

    assert (dev.stack_name, prod.stack_name) == ("HumanLoops-dev", "HumanLoops-prod-eu")
    assert prod.statuses == ["Failed"]


def test_context_of_the_command_line_is_json() -> None:
    context = {"dev": {"flow_definitions": ["invoices"], "handler": {"include_values": True}}}

    assert read_deployments(json.dumps(context)) == read_deployments(context)


@pytest.mark.parametrize("name", FILES)
def test_file_is_read_from_the_current_folder(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_text(FILES[name], encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    here: dict[str, Any] = {"account": ACCOUNT, "region": REGION, "flow_definitions": ["invoices"]}
    assert read_deployments(name) == [
        Deployment(name="dev", **here),
        Deployment.model_validate({"name": "prod", **here, "handler": {"timeout": "5 minutes"}}),
    ]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("d.yaml", "deployments:\n  a: {}\n  a: {}\n", 'found duplicate key "a" with value "{}"'),
        ("d.yaml", "deployments:\n  a: {region: x, region: y}\n", 'found duplicate key "region"'),
        ("d.yaml", "deployments: [\n", "(line 2, column 1)"),
        ("d.yaml", "a: !!python/object:os.system x", "could not determine a constructor"),
        ("d.yaml", "", "expected the key deployments with an object for each deployment, got None"),
        ("d.yaml", "prod: {}", "expected the key deployments with an object for each deployment"),
        (
            "d.yaml",
            "deployments: {a: {}}\nprod: {}",
            "prod: unknown key; expected deployments",
        ),
        ("d.yml", "deployments:\n", "deployments: expected an object with an entry for each"),
        ("d.yaml", "deployments: {1: {}}", "deployments: expected a name of letters, digits and"),
        ("d.yaml", "deployments: {a: {1: x}}", "deployments.a.1: unknown key"),
        ("d.yaml", "deployments: {a: {account: 011122223333}}", "deployments.a.account: expected"),
        ("d.json", '{"deployments": {"a": {}, "a": {}}}', "the key 'a' is there twice in one obj"),
        ("d.json", "{", "Expecting property name enclosed in double quotes: line 1 column 2"),
        ("d.toml", "[deployments.a]\n[deployments.a]", "Cannot declare ('deployments', 'a')"),
        (
            "d.ini",
            "",
            "expected the path of a file that ends in .yaml, .yml, .json, .toml, or JSON",
        ),
    ],
)
def test_file_that_is_wrong_is_refused_with_its_name(
    name: str, content: str, says: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")

    (fault,) = _refused(str(path))

    assert says in fault
    assert str(path) in fault


def test_file_that_cannot_be_read_is_named_with_the_current_folder(tmp_path: Path) -> None:
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe\x00")

    assert _refused("absent.yaml") == [
        "absent.yaml: cannot be read: No such file or directory (the current folder is "
        f"{Path.cwd()})"
    ]
    assert "it is not UTF-8 text" in _refused(str(binary))[0]
    (tmp_path / "folder.json").mkdir()
    assert "Is a directory" in _refused(str(tmp_path / "folder.json"))[0]


def test_message_of_the_docs_is_what_comes_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```\nerror: (deployments\.yaml.*?)\n```", reference, re.DOTALL)
    (tmp_path / "deployments.yaml").write_text(
        "deployments: {prod: {output: {bucket: reviews, prefx: a/}, handler: {memory_size: 128}}}"
    )
    monkeypatch.chdir(tmp_path)

    assert sorted(_refused("deployments.yaml")) == sorted(shown.splitlines())


def test_key_that_is_twice_in_cdk_json_is_refused(tmp_path: Path) -> None:
    # The CDK CLI reads the last of them.
    cdk = tmp_path / "cdk.json"
    cdk.write_text('{"context": {"deployments": {"prod": {"region": "a"}, "prod": {}}}}')

    assert _refused({"prod": {}}, source=str(cdk)) == [
        f"{cdk}: the key 'prod' is there twice in one object"
    ]


@pytest.mark.parametrize(
    ("context", "says"),
    [
        ("{not json", "--context deployments: Expecting property name"),
        ({}, "cdk.json: deployments: expected an object with an entry for each deployment"),
        ([], "cdk.json: deployments: expected an object with an entry for each deployment"),
        ("[1]", "--context deployments: expected an object with an entry for each deployment"),
        ("prod", "--context deployments: expected the path of a file that ends in .yaml, .yml"),
        ("", "--context deployments: expected the path of a file that ends in .yaml, .yml"),
        ({"prod": None}, "cdk.json: deployments.prod: expected an object, got None"),
        ({"prod": "x"}, "cdk.json: deployments.prod: expected an object, got 'x'"),
        ({"my prod": {}}, "cdk.json: deployments: expected a name of letters, digits and hyphens"),
        ({"prod": {"name": "x"}}, "cdk.json: deployments.prod.name: unknown key; the name of the"),
        ('{"prod": {"region": "x"}}', "--context deployments.prod.region: expected a Region such"),
        ({"prod": {"region": "x"}}, "cdk.json: deployments.prod.region: expected a Region such"),
    ],
)
def test_context_of_the_wrong_shape_is_refused(context: Any, says: str) -> None:
    assert _refused(context, source="cdk.json")[0].startswith(says)


def test_names_that_differ_in_case_only_are_refused() -> None:
    # On file systems that ignore case one template would overwrite the other.
    assert _refused({"prod": {}, "Prod": {}}) == [
        "deployments: expected names that differ in more than case, got 'prod' repeatedly"
    ]


def test_faults_of_all_deployments_are_reported_at_once() -> None:
    faults = _refused({"dev": {"account": 1, "regoin": REGION}, "prod": {"statuses": []}, "-.": {}})

    assert [fault.split(":")[0] for fault in faults] == [
        "deployments",
        "deployments.dev.account",
        "deployments.dev.regoin",
        "deployments.prod.statuses",
    ]


def _app(tmp_path: Path, context: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={
            **os.environ,
            "CDK_CONTEXT_JSON": json.dumps({"deployments": context}),
            "CDK_OUTDIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("deployments", "says"),
    [
        (
            {"prod": {"region": "nowhere"}, "dev": {"tags": []}},
            [
                r"error: cdk\.json: deployments\.prod\.region: expected",
                r"cdk\.json: deployments\.dev\.tags: expected",
            ],
        ),
        (
            # What only the constructs find out.
            {
                "dev": {
                    "output_bucket": {},
                    "handler_delivery": {"buffered": True, "retry_for": "1 minute"},
                },
                "qa": {"output_bucket": {}, "alerts": {"failure_evaluation_periods": 289}},
                "prod": {
                    "output_bucket": {},
                    "reconciler": {"schedule": "1 day", "max_open_age": "1 hour"},
                },
                "test": {},
            },
            [
                "error: deployment dev: retry_for: expected at least 720 seconds",
                "deployment qa: evaluation_periods: expected at most 288 periods of 5 minutes",
                "deployment prod: max_open_age: expected at least the time of the schedule, 1 day",
                "deployment test: output: expected the bucket in the S3OutputPath of your flow",
            ],
        ),
        (
            # What only synthesis finds out.
            {"prod": {"output": {"bucket": "b" * 63, "prefix": f"{'x' * 3000}/"}}},
            [r".*\bHumanLoops-prod/HumanLoops/ReviewHandler/OutputPolicy can have"],
        ),
    ],
)
def test_wrong_configuration_ends_with_one_message_and_status_1(
    deployments: dict[str, Any], says: list[str], tmp_path: Path
) -> None:
    run = _app(tmp_path, deployments)

    assert run.returncode == 1
    for each in says:
        assert re.search(f"^{each}", run.stderr, re.MULTILINE), run.stderr
    assert "Traceback" not in run.stderr
    assert len(run.stderr.splitlines()) <= len(says) + 2, run.stderr
    assert not list(tmp_path.glob("*.template.json"))


def _laughs(depth: int, link: str) -> str:
    """Return a file of which aliases make 9 to the power of a depth values."""
    lines = ["deployments:", "  a0: &a0 {flow_definitions: [invoices]}"]
    for level in range(1, depth + 1):
        aliases = ", ".join([f"*a{level - 1}"] * 9)
        lines.append(f"  a{level}: &a{level} {link.format(aliases)}")
    return "\n".join(lines)


@pytest.mark.parametrize("link", ["[{}]", "{{<<: [{}]}}"])
def test_file_that_aliases_make_very_large_is_refused_at_once(tmp_path: Path, link: str) -> None:
    path = tmp_path / "deployments.yaml"
    path.write_text(_laughs(8, link))
    assert path.stat().st_size < 600
    started = time.process_time()
    (message,) = _refused(str(path))
    assert "with its aliases it has more than 100,000 values" in message
    assert time.process_time() - started < 2


def test_alias_of_what_contains_it_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deployments.yaml"
    path.write_text("deployments: &all {dev: *all}")
    assert "an alias refers to what contains it" in _refused(str(path))[0]


def test_deployments_are_a_regular_file_of_at_most_a_megabyte(tmp_path: Path) -> None:
    large, fifo = tmp_path / "large.json", tmp_path / "fifo.json"
    with large.open("wb") as file:
        file.truncate(10**12)
    os.mkfifo(fifo)
    assert "larger than 1,048,576 bytes" in _refused(str(large))[0]
    assert "not a regular file" in _refused(str(fifo))[0]


@pytest.mark.full
def test_many_keys_are_compared_at_once(tmp_path: Path) -> None:
    path = tmp_path / "deployments.json"
    path.write_text(json.dumps({"deployments": {}, **{f"k{n}": 0 for n in range(40_000)}}))
    started = time.process_time()
    assert len(_refused(str(path))) == 40_000
    assert time.process_time() - started < 10


def test_control_characters_of_keys_do_not_reach_the_terminal() -> None:
    hostile = "x\x1b]0;title\x07\u202e\nprod: fine"
    lines = _refused({"dev": {hostile: 1}, hostile: {}})
    assert len(lines) == 2
    assert [each for line in lines for each in line if ord(each) < 32 or each == "\u202e"] == []
    assert "\\x1b]0;title" in lines[0] + lines[1]
