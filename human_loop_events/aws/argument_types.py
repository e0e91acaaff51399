"""Arguments of a wrong type, refused by the annotations of the parameters.

Without this check, an L1 construct in place of a queue, or a number in place of a `Duration`, is an
`AttributeError` somewhere in the library.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, StrEnum
from typing import (
    Any,
    Final,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)
from typing import Unpack as _Unpack

from aws_cdk import CfnResource, Duration, Size
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

_Class = TypeVar("_Class", bound=type)

_EXPECTED: Final[Mapping[Any, str]] = {
    bool: "True or False",
    float: "a number",
    str: "text",
    Duration: "a Duration, such as Duration.minutes(5)",
    Size: "a Size, such as Size.mebibytes(12)",
    dynamodb.ITable: "a table, such as dynamodb.Table.from_table_arn(…)",
    events.IEventBus: "a bus, such as events.EventBus.from_event_bus_name(…)",
    events.IRuleTarget: "a target, such as targets.SqsQueue(…)",
    kms.IKey: "a key, such as kms.Key.from_key_arn(…)",
    lambda_.IFunction: "a function, such as lambda_.Function.from_function_arn(…)",
    s3.IBucket: "a bucket, such as s3.Bucket.from_bucket_name(…)",
    sns.ITopic: "a topic, such as sns.Topic.from_topic_arn(…)",
    sqs.IQueue: "a queue, such as sqs.Queue.from_queue_arn(…)",
}


def checks_arguments(checked: _Class) -> _Class:
    """Let the constructor and the public methods of a class refuse arguments of a wrong type.

    The message of the `ValueError` has the parameter, what it expects, and the value.

    Parameters
    ----------
    checked
        The class. Its annotations are the types. In messages, an argument of the type of the class
        is made with its constructor, or as its `_HOW_TO_MAKE` says.
    """
    for name, member in list(vars(checked).items()):
        if name != "__init__" and name.startswith("_"):
            continue
        if isinstance(member, classmethod):
            setattr(checked, name, classmethod(_checked(member.__func__)))
        elif inspect.isfunction(member):
            setattr(checked, name, _checked(member))
    return checked


def _checked(function: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(function)

    @functools.wraps(function)
    def with_checks(*arguments: Any, **named: Any) -> Any:
        try:
            given = signature.bind(*arguments, **named).arguments
        except TypeError:
            # The call itself raises it, with a better message.
            return function(*arguments, **named)
        types_of_parameters = _types_of(function)
        for name, value in given.items():
            if signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
                continue
            if name in types_of_parameters:
                refuse_wrong_type(name, value, types_of_parameters[name])
        return function(*arguments, **named)

    return with_checks


@functools.cache
def _types_of(function: Callable[..., Any]) -> dict[str, Any]:
    return get_type_hints(function)


def refuse_wrong_type(name: str, value: Any, expected: Any) -> None:
    """Refuse a value that is not of the type of a parameter."""
    if get_origin(expected) is _Unpack:
        options = get_type_hints(get_args(expected)[0])
        for option, each in value.items():
            if option in options:
                refuse_wrong_type(option, each, options[option])
    elif not _accepts(expected, value):
        raise ValueError(f"{name}: expected {_describe_type(expected)}, got {_describe(value)}")
    elif isinstance(value, dict):
        _refuse_wrong_settings(name, value, expected)


def _refuse_wrong_settings(name: str, settings: Mapping[str, Any], expected: Any) -> None:
    """Refuse unknown settings, and settings of a wrong type."""
    for each in filter(is_typeddict, get_args(expected) or (expected,)):
        known = get_type_hints(each)
        unknown = [setting for setting in settings if setting not in known]
        if unknown:
            raise ValueError(
                f"{name}: expected {each.__name__}(…) with {', '.join(known)}; got "
                f"{', '.join(map(str, unknown))}"
            )
        for setting, value in settings.items():
            refuse_wrong_type(f"{name}: {setting}", value, known[setting])


def _accepts(expected: Any, value: Any) -> bool:
    origin = get_origin(expected)
    if origin in (Union, types.UnionType):
        return any(_accepts(each, value) for each in get_args(expected))
    if origin is Literal:
        return any(value is each for each in get_args(expected))
    if origin is Sequence:
        return _accepts_items(get_args(expected)[0], value)
    if expected is Any or origin is not None or not isinstance(expected, type):
        return True
    if expected is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if is_typeddict(expected):
        return isinstance(value, dict)
    if issubclass(expected, StrEnum):
        return isinstance(value, str)  # `require_choice` names the choices
    if expected is int:
        return True  # `NumberBounds` has the message
    if _is_interface(expected):
        return any(_implements(each, expected) for each in _delegates(value))
    if _is_struct(expected) and isinstance(value, dict):
        return True
    return any(isinstance(each, expected) for each in _delegates(value))


def _accepts_items(expected: Any, value: Any) -> bool:
    """Check the items of a list, except texts, for which `require_texts` has an example."""
    if expected is str or (isinstance(expected, type) and issubclass(expected, StrEnum)):
        return True
    return isinstance(value, list | tuple) and all(_accepts(expected, each) for each in value)


def _delegates(value: Any) -> Sequence[Any]:
    """Return what a proxy stands for. In Python, some imported resources are several objects."""
    return getattr(value, "_delegates", None) or [value]


def _is_interface(expected: type) -> bool:
    return getattr(expected, "_is_protocol", False) and hasattr(expected, "__jsii_type__")


def _is_struct(expected: type) -> bool:
    return type(expected) is type and hasattr(expected, "__jsii_type__")


def _implements(value: Any, interface: Any) -> bool:
    for each in type(value).__mro__:
        if getattr(each, "__jsii_type__", None) == interface.__jsii_type__:
            return True
        if any(interface in every.__mro__ for every in getattr(each, "__jsii_ifaces__", ())):
            return True
    return False


def _describe_type(expected: Any) -> str:
    alternatives = [each for each in get_args(expected) if each is not types.NoneType]
    if get_origin(expected) in (Union, types.UnionType):
        return " or ".join(map(_describe_type, alternatives))
    if get_origin(expected) is Literal:
        return " or ".join(map(repr, alternatives))
    if get_origin(expected) is Sequence:
        return f"a list with {_describe_type(alternatives[0])}"
    if expected in _EXPECTED:
        return _EXPECTED[expected]
    how_to_make: str | None = getattr(expected, "_HOW_TO_MAKE", None)
    if how_to_make is not None:
        return how_to_make
    name = expected.__name__
    if issubclass(expected, Enum):
        return f"{name}.{next(iter(expected)).name} or another {name}"
    if _is_interface(expected):
        return f"an {name}"
    return f"{name}(…)"


def _describe(value: Any) -> str:
    if isinstance(value, CfnResource):
        return (
            f"the L1 construct {type(value).__name__} {value.node.path}; pass an L2 construct, or "
            "import the resource by its ARN or name"
        )
    node = getattr(value, "node", None)
    if node is not None:
        return f"{type(value).__name__} {node.path}"
    return repr(value)
