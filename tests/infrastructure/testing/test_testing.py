"""`human_loop_events.testing`: samples that the runtime reads, and assertions that can fail."""

from __future__ import annotations

import doctest
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import event_ruler
import pytest
from aws_cdk import Stack
from aws_cdk.assertions import Template
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from moto.events.models import EventPattern

from human_loop_events import HumanLoopEvents, OutputLocation, testing
from human_loop_events.testing import (
    assert_no_rule_matches,
    assert_rule_matches,
    completed_event,
    custom_output,
    failed_event,
    outcome_event,
    rekognition_moderation_output,
    stopped_event,
    textract_forms_output,
    without_asset_hashes,
)
from human_loop_events.testing.patterns import compare
from human_loop_reviews.a2i.event import parse_event
from human_loop_reviews.mapping import FieldMapping
from local.samples import DOCUMENTED_EVENT, OutputSample
from tests.examples import examples
from tests.infrastructure.cases import new_app, synthesize
from tests.infrastructure.events.pattern_cases import PatternCase, pattern_cases

CASES = list(pattern_cases())


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_pattern_matches_as_event_ruler_and_moto_say(case: PatternCase) -> None:
    assert compare(case.pattern, case.event).matches is case.matches


TEXTS = st.text("ab*\\", max_size=4)
SCALARS = st.one_of(TEXTS, st.none(), st.booleans(), st.integers(0, 2))
PLAIN = st.dictionaries(st.sampled_from("xyz"), st.lists(SCALARS, min_size=1, max_size=2))
SHELL = st.text("ab*", max_size=4).filter(lambda text: "**" not in text)


@settings(max_examples=examples(300), deadline=None)
@given(
    expected=st.lists(
        st.one_of(
            SCALARS.filter(lambda each: each != ""),
            st.booleans().map(lambda each: {"exists": each}),
            st.text("ab", min_size=1, max_size=2).map(lambda each: {"prefix": each}),
            st.text("ab", min_size=1, max_size=2).map(lambda each: {"suffix": each}),
        ),
        min_size=1,
        max_size=2,
    ),
    found=st.one_of(
        st.just({}),
        SCALARS.map(lambda each: {"x": each}),
        st.lists(SCALARS, max_size=2).map(lambda each: {"x": each}),
    ),
)
def test_operators_match_as_event_ruler_says(expected: list[Any], found: dict[str, Any]) -> None:
    event = {"detail": {**found, "other": 1}}
    shell_style = [_in_shell_style(each) for each in expected]
    try:
        theirs = event_ruler.test_event_pattern(
            json.dumps(event), json.dumps({"detail": {"x": shell_style}})
        )
    except RuntimeError:  # it takes `exists` alone only
        reject()
    assert compare({"detail": {"x": expected}}, event).matches is theirs


def _in_shell_style(matcher: Any) -> Any:
    """Write a prefix and a suffix in the one wildcard that event-ruler knows."""
    if isinstance(matcher, dict) and "prefix" in matcher:
        return {"shellstyle": f"{matcher['prefix']}*"}
    if isinstance(matcher, dict) and "suffix" in matcher:
        return {"shellstyle": f"*{matcher['suffix']}"}
    return matcher


@settings(max_examples=examples(200), deadline=None)
@given(pattern=SHELL, value=st.text("ab\n", max_size=5))
def test_wildcard_matches_as_moto_says(pattern: str, value: str) -> None:
    other_matcher: Any = EventPattern.load(json.dumps({"x": [{"wildcard": pattern}]}))
    ours = compare({"x": [{"wildcard": pattern}]}, {"x": value}).matches
    if "\n" not in value:  # moto's wildcard does not match across lines
        assert ours is other_matcher.matches_event({"x": value})


@pytest.mark.parametrize(
    ("pattern", "event", "expected"),
    [
        ({"x": [{"wildcard": r"a\*b"}]}, {"x": "a*b"}, True),
        ({"x": [{"wildcard": r"a\*b"}]}, {"x": "acb"}, False),
        ({"x": [{"equals-ignore-case": "ERROR"}]}, {"x": "Error"}, True),
        ({"x": [1]}, {"x": True}, False),
        ({"x": [None]}, {"x": None}, True),
        ({"x": [None]}, {}, False),
        ({"x": {"y": [{"exists": False}]}}, {}, True),
        # One element of a list has to match alone.
        ({"x": {"y": [1], "z": [2]}}, {"x": [{"y": 1, "z": 2}]}, True),
        ({"x": {"y": [1], "z": [2]}}, {"x": [{"y": 1}, {"z": 2}]}, False),
        ({"x": [{"numeric": [">", 1]}]}, {"x": 2}, None),
        ({"x": [{"anything-but": "a"}]}, {"x": "b"}, None),
        ({"x": [{"prefix": {"equals-ignore-case": "a"}}]}, {"x": "b"}, None),
        ({"$or": [{"x": [1]}]}, {"x": 1}, None),
        ({"x": [{"numeric": [">", 1]}], "y": [1]}, {"x": 2, "y": 2}, False),
    ],
)
def test_place_of_a_pattern(
    pattern: dict[str, Any], event: dict[str, Any], expected: bool | None
) -> None:
    assert compare(pattern, event).matches is expected


def test_pattern_that_eventbridge_refuses_is_refused() -> None:
    with pytest.raises(ValueError, match=r'detail.x: EventBridge expects a list, got "a"'):
        compare({"detail": {"x": "a"}}, {})


@pytest.fixture(scope="module")
def named() -> Template:
    """Return the template of a stack for the flow definitions invoices and claims."""
    return Template.from_json(synthesize("everything-on").template)


def test_rule_of_a_template_matches_the_flow_definitions_it_names(named: Template) -> None:
    assert_rule_matches(named, completed_event(), rule="HumanLoopsEventsStatusChange")
    assert_rule_matches(named.to_json(), failed_event(failure_code="Expired"))
    assert_no_rule_matches(named, completed_event(), rule="HumanLoopsEventsFailed")
    assert_no_rule_matches(named, stopped_event(flow_definition="others"))


def test_failure_names_the_rules_and_says_why_not(named: Template) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_rule_matches(named, completed_event(flow_definition="others"))

    message = str(caught.value)
    assert "HumanLoopsEventsStatusChange" in message
    assert (
        'detail.flowDefinitionArn: expected one of [{"suffix": "/invoices"}, {"suffix": "/claims"}]'
        ', got "arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/others"'
    ) in message
    with pytest.raises(AssertionError, match="matched by HumanLoopsEvents"):
        assert_no_rule_matches(named, completed_event())


def test_rule_that_does_not_exist_is_refused(named: Template) -> None:
    for check in (assert_rule_matches, assert_no_rule_matches):
        with pytest.raises(ValueError, match=r"no rule 'StatusChange' among .*StatusChange"):
            check(named, completed_event(), rule="StatusChange")
        with pytest.raises(AssertionError, match="no rule with an event pattern"):
            check({"Resources": {}}, completed_event())


def _template(pattern: Any, **properties: Any) -> dict[str, Any]:
    rule = {
        "Type": "AWS::Events::Rule",
        "Properties": {"EventPattern": pattern, **properties},
    }
    return {"Resources": {"Rule": rule}}


def test_disabled_rule_matches_nothing() -> None:
    disabled = _template({"source": ["aws.sagemaker"]}, State="DISABLED")
    assert_no_rule_matches(disabled, completed_event())
    with pytest.raises(AssertionError, match="the rule is disabled"):
        assert_rule_matches(disabled, completed_event())


def test_operator_that_is_not_supported_is_refused_instead_of_guessed() -> None:
    unknown = _template({"source": [{"anything-but": "aws.ec2"}]})
    for check in (assert_rule_matches, assert_no_rule_matches):
        with pytest.raises(ValueError, match=r'Rule:\n    source: .*"anything-but"'):
            check(unknown, completed_event())
    # What matches or not in any case needs no guess.
    both = _template({"source": [{"anything-but": "aws.ec2"}], "region": ["us-east-1"]})
    assert_no_rule_matches(both, completed_event())


def test_pattern_that_cloudformation_composes_needs_values() -> None:
    text = {"Fn::Join": ["", ['{"source":["', {"Ref": "Source"}, '"]}']]}
    with pytest.raises(ValueError, match=r"pass values=\{'Source': …\}"):
        assert_rule_matches(_template(text), completed_event())
    assert_rule_matches(_template(text), completed_event(), values={"Source": "aws.sagemaker"})
    assert_no_rule_matches(_template(text), completed_event(), values={"Source": "aws.ec2"})


def test_outcome_matches_the_rule_of_its_own_ledger_only(named: Template) -> None:
    ledgers = {f"{each}.Arn" for each in named.find_resources("AWS::DynamoDB::GlobalTable")}
    ledgers |= {f"{each}.Arn" for each in named.find_resources("AWS::DynamoDB::Table")}
    (ledger,) = ledgers
    ours = "arn:aws:dynamodb:eu-west-1:111122223333:table/ours"
    rule = "HumanLoopsReviewHandlerRulesCount"
    event = outcome_event(ledger_arn=ours)
    with pytest.raises(ValueError, match=f"pass values={{'{ledger}'"):
        assert_rule_matches(named, event, rule=rule)

    assert_rule_matches(named, event, rule=rule, values={ledger: ours})
    assert_no_rule_matches(named, event, values={ledger: f"{ours}-no"})


@pytest.mark.parametrize("make", [completed_event, failed_event, stopped_event])
def test_event_has_the_shape_of_the_documented_one(make: Callable[..., dict[str, Any]]) -> None:
    event = make(flow_definition="claims", human_loop="claim-7", account="444455556666")

    assert event.keys() == DOCUMENTED_EVENT.keys()
    assert event["detail"].keys() == DOCUMENTED_EVENT["detail"].keys()
    loop = parse_event(event)
    assert loop.ignored_values == 0
    assert loop.flow_definition_arn.endswith(":444455556666:flow-definition/claims")
    assert loop.status.value.lower() in make.__name__
    assert (loop.output is not None) == (make is completed_event)
    assert event["resources"] == [loop.human_loop_arn]


@pytest.mark.parametrize("make", [completed_event, failed_event, stopped_event])
def test_arn_in_place_of_a_name_is_refused(make: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="flow_definition: expected a name such as 'invoices'"):
        make(flow_definition="arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/invoices")
    with pytest.raises(ValueError, match="human_loop: expected a name"):
        make(human_loop="")


OUTPUTS = {
    "textract-invoice": textract_forms_output(
        {"Total": "$1 480", "Paid": True, "Date": "today"},
        {"Total": "$1 480", "Paid": False, "Date": "today", "Number": "7"},
        {"Total": "$1 480", "Paid": False, "Number": "7"},
    ),
    "rekognition-moderation": rekognition_moderation_output(
        ["Suggestive", "Suggestive/Revealing Clothes", "Violence"],
        ["Suggestive", "Suggestive/Revealing Clothes", "Alcohol"],
        ["Suggestive", "Suggestive/Revealing Clothes", "Alcohol"],
    ),
    "custom-classifier": custom_output(
        {"initialValue": "Delivery", "score": 0.41, "taskObject": "text"},
        {"category": {"label": "Billing"}},
    ),
}


def _places(content: Any, place: str = "") -> Iterator[str]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield f"{place}.{key}"
            yield from _places(value, f"{place}.{key}")
    elif isinstance(content, list):
        for each in content:
            yield from _places(each, f"{place}[]")


@pytest.mark.parametrize("sample", OUTPUTS)
def test_output_has_places_that_the_project_s_samples_have(sample: str) -> None:
    known = set(_places(OutputSample.named(sample).document))
    ours = set(_places(OUTPUTS[sample]))

    assert len(ours) > 15
    assert ours <= known
    assert {each for each in known if each.count(".") == 1} <= ours


def test_outcomes_of_the_outputs_are_what_the_reviewers_said() -> None:
    category = FieldMapping(name="Category", prediction="initialValue", answer="category.label")
    verdicts = {
        name: {
            field["name"]: (field["verdict"], field["values"]["predicted"])
            for field in outcome_event(
                output=output,
                mapping=[category] if name == "custom-classifier" else (),
                include_values=True,
            )["detail"]["fields"]
        }
        for name, output in OUTPUTS.items()
    }

    assert verdicts == {
        "textract-invoice": {
            "Date": ("disputed", "today"),
            "Number": ("added", None),
            "Paid": ("corrected", True),
            "Total": ("confirmed", "$1 480"),
        },
        "rekognition-moderation": {
            "Alcohol": ("added", None),
            "Suggestive": ("confirmed", True),
            "Suggestive/Revealing Clothes": ("confirmed", True),
            "Violence": ("removed", True),
        },
        "custom-classifier": {"Category": ("corrected", "Delivery")},
    }


def test_outcome_of_a_loop_without_output_has_no_fields() -> None:
    failed = outcome_event(failed_event(failure_code="Expired", failure_reason=None))

    assert failed["detail"]["failureCode"] == "Expired"
    assert failed["detail"]["fields"] == []
    with pytest.raises(
        ValueError, match="output: the event of invoice-1042 has no output location"
    ):
        outcome_event(failed_event(), custom_output({}, {}))


def test_output_of_another_loop_is_refused() -> None:
    for other in ({"human_loop": "invoice-1"}, {"flow_definition": "claims"}, {"region": "x"}):
        with pytest.raises(ValueError, match=r"output: its \w+ is '.*'; expected '.*', as in"):
            outcome_event(output=custom_output({}, {}, **other))


def test_mistaken_answers_are_refused() -> None:
    with pytest.raises(ValueError, match="answers: expected up to 3 reviewers, got 4"):
        custom_output({}, {}, {}, {}, {})
    with pytest.raises(ValueError, match="predicted: expected a list of labels, got 'Violence'"):
        rekognition_moderation_output("Violence")


def test_only_hashes_of_assets_are_hidden_in_snapshots() -> None:
    stack = Stack(new_app(), "Loops")
    HumanLoopEvents(
        stack, "HumanLoops", output=OutputLocation.from_s3_output_path(stack, "Output", "s3://b-c")
    )
    template = Template.from_stack(stack)
    hidden = json.dumps(without_asset_hashes(template))

    assert hidden.count("<asset hash>.zip") >= 2
    assert len(hidden) == len(json.dumps(template.to_json())) - hidden.count("<asset hash>") * (
        64 - len("<asset hash>")
    )


MODULES = ("events", "outputs", "outcomes", "rules", "patterns", "snapshots")


@pytest.mark.parametrize("module", MODULES)
def test_examples_of_the_docstrings_run(module: str) -> None:
    result = doctest.testmod(import_module(f"human_loop_events.testing.{module}"))
    assert result.attempted > 0
    assert result.failed == 0


def test_every_public_function_has_an_example() -> None:
    assert [
        name for name in testing.__all__ if "Examples" not in (getattr(testing, name).__doc__ or "")
    ] == []


@pytest.mark.full
def test_testing_needs_no_test_framework() -> None:
    code = "import sys, human_loop_events.testing; print('pytest' in sys.modules)"
    imported = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, 'lambda'); {code}"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert imported.stdout == "False\n"
