"""The reference of the constructs, generated from their signatures and docstrings.

`python -m docs_tools.construct_docs` writes docs/constructs.md.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, get_args, get_type_hints, is_typeddict

import human_loop_events
from docs_tools.docstrings import DOCS, Docstring, attribute_docstrings, flat, markdown

PAGE: Final = DOCS / "constructs.md"

_HEAD: Final = """\
# Constructs

For developers with the constructs: what each public name of `human_loop_events` accepts, has and \
raises. `make schema` generates this page from the docstrings. [Reference](reference.md) says \
which construct to choose.

The parameters of a construct after `construct_id` are keyword-only. Arguments of a wrong type \
raise a `ValueError` with the parameter, the value and what is expected."""
#: Their bases in these packages are public too. Those in CDK have a documentation.
_OURS: Final = ("human_loop_events", "human_loop_reviews")
#: All constructs have them.
_OF_ANY_CONSTRUCT: Final = ("scope", "construct_id")


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a signature says about a parameter."""

    annotation: str
    default: str


def construct_page() -> str:
    """Return the page."""
    public = [(name, getattr(human_loop_events, name)) for name in human_loop_events.__all__]
    index = [
        f"| `{name}` | {_summary(Docstring.of(documented).text)} |" for name, documented in public
    ]
    sections = ["\n\n".join(_section(name, documented)) for name, documented in public]
    return _linked("\n\n".join((_HEAD, _table("| name | subject |", index), *sections))) + "\n"


def parameters_of(documented: type) -> Mapping[str, Parameter]:
    """Return what the constructor of a class accepts."""
    return {
        name: found
        for name, found in _parameters_of(documented.__init__).items()  # type: ignore[misc]
        if name not in _OF_ANY_CONSTRUCT and not name.startswith("_")
    }


def _section(name: str, documented: type) -> Iterator[str]:
    docstring = Docstring.of(documented)
    yield f"## `{name}`"
    yield docstring.text
    if issubclass(documented, Enum):
        yield _values(documented)
        return
    if is_typeddict(documented):
        yield _settings(documented, docstring)
        return
    if parameters := _parameters(documented, docstring):
        yield parameters
    if documented is human_loop_events.JobFilter:
        yield _job_statuses()
    if docstring.raises:
        yield _raises(docstring)
    if docstring.examples:
        yield _example(docstring.examples)
    members = [each for base in reversed(_bases(documented)) for each in _members(base, documented)]
    # A class overrides what its base has.
    properties = dict(row for kind, *row in members if kind == "property")
    methods = dict(row for kind, *row in members if kind == "method")
    if properties:
        yield _table("| property | type | meaning |", properties.values())
    if methods:
        yield "\n".join(methods.values())


def _values(enumeration: type[Enum]) -> str:
    meanings = attribute_docstrings(enumeration)
    return _table(
        "| name | value | meaning |",
        [
            f"| `{each.name}` | `{each.value}` | {markdown(meanings[each.name])} |"
            for each in enumeration
        ],
    )


def _settings(settings: type, docstring: Docstring) -> str:
    meanings = {**attribute_docstrings(settings), **docstring.parameters}
    types = list(_annotations(settings))
    if not meanings:
        return "Settings: " + ", ".join(f"`{name}`" for name in types) + "."
    rows = []
    for name in types:
        meaning, default = _meaning_and_default(markdown(meanings[name]))
        rows.append(f"| `{name}` | {meaning} | {default or 'required'} |")
    return _table("| setting | meaning | default |", rows)


def _parameters(documented: type, docstring: Docstring) -> str:
    accepted = {**_parameters_of_class_methods(documented), **parameters_of(documented)}
    rows = []
    for names, described in docstring.parameters.items():
        if names in _OF_ANY_CONSTRUCT:
            continue
        meaning, default = _meaning_and_default(described)
        given = [accepted[each] for each in names.split(", ")]
        stated = default or given[0].default
        types = ", ".join(dict.fromkeys(_type(each.annotation) for each in given))
        rows.append(f"| {_codes(names)} | {types} | {meaning} | {stated} |")
    return _table("| parameter | type | meaning | default |", rows) if rows else ""


def _parameters_of(function: Callable[..., Any]) -> dict[str, Parameter]:
    accepted: dict[str, Parameter] = {}
    for name, each in list(inspect.signature(function).parameters.items())[1:]:
        if each.kind is inspect.Parameter.VAR_KEYWORD:
            for settings in get_args(get_type_hints(function).get(name)):
                accepted |= {
                    key: Parameter(of, "none") for key, of in _annotations(settings).items()
                }
        else:
            accepted[name] = Parameter(str(each.annotation), _default(each.default))
    return accepted


def _default(value: Any) -> str:
    """Write a default that the docstring does not state."""
    if value is inspect.Parameter.empty:
        return "required"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value in (None, ()) else f"`{value}`"


def _parameters_of_class_methods(documented: type) -> dict[str, Parameter]:
    """Return the parameters of a class that its methods make."""
    accepted: dict[str, Parameter] = {}
    for each in vars(documented).values():
        if isinstance(each, classmethod):
            accepted |= _parameters_of(each.__func__)
    return accepted


def _annotations(of: type) -> Mapping[str, str]:
    """Return the annotations as they are written."""
    return {
        name: str(getattr(each, "__forward_arg__", each))
        for name, each in inspect.get_annotations(of).items()
    }


def _job_statuses() -> str:
    rows = []
    for name, method in vars(human_loop_events.JobFilter).items():
        if isinstance(method, classmethod):
            jobs = getattr(human_loop_events.JobFilter, name)()
            (detail_type,) = jobs.pattern().detail_type
            columns = (
                (name,),
                (detail_type,),
                jobs.all_statuses,
                jobs.completed_statuses,
                jobs.failed_statuses,
                jobs.stopped_statuses,
            )
            cells = (", ".join(f"`{each}`" for each in column) or "none" for column in columns)
            rows.append(f"| {' | '.join(cells)} |")
    return _table("| method | detail type | statuses | success | failure | stopped |", rows)


def _bases(documented: type) -> list[type]:
    return [each for each in documented.__mro__ if each.__module__.split(".")[0] in _OURS]


def _members(base: type, documented: type) -> Iterator[tuple[str, str, str]]:
    """Yield kind, name and Markdown of the public members that a class itself has."""
    annotations = _annotations(base)
    for name, meaning in attribute_docstrings(base).items():
        yield "property", name, _property(name, annotations[name], markdown(meaning))
    for name, member in vars(base).items():
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            docstring = Docstring.of(member)
            meaning = " ".join(filter(None, (flat(docstring.text), _raises(docstring))))
            returned = inspect.signature(_getter(member)).return_annotation
            yield "property", name, _property(name, returned, meaning)
        elif isinstance(member, classmethod):
            yield "method", name, _method(f"{documented.__name__}.{name}", member.__func__)
        elif inspect.isfunction(member):
            yield "method", name, _method(name, member)


def _property(name: str, annotation: str, meaning: str) -> str:
    return f"| `{name}` | {_type(annotation)} | {flat(meaning)} |"


def _method(name: str, method: Callable[..., Any]) -> str:
    docstring = Docstring.of(method)
    signature = inspect.signature(method)
    # Without `self` or `cls`, and types, and values of defaults.
    written = signature.replace(
        parameters=[_shortened(each) for each in list(signature.parameters.values())[1:]],
        return_annotation=inspect.Signature.empty,
    )
    returns = signature.return_annotation
    lines = [
        f"- **`{name}{written}`**"
        + ("" if returns in ("None", None) else f" → {_type(returns)}")
        + f": {flat(docstring.text)}"
    ]
    lines += [
        f"    - {_codes(names)}: {meaning}" for names, meaning in docstring.parameters.items()
    ]
    if docstring.raises:
        lines.append(f"    - {_raises(docstring)}")
    return "\n".join(lines)


def _shortened(parameter: inspect.Parameter) -> inspect.Parameter:
    empty = inspect.Parameter.empty
    default = empty if parameter.default is empty else _Elided()
    return parameter.replace(annotation=empty, default=default)


class _Elided:
    def __repr__(self) -> str:
        return "…"


def _raises(docstring: Docstring) -> str:
    return " ".join(
        f"Raises `{error}` {when[0].lower()}{when[1:]}" for error, when in docstring.raises.items()
    )


def _example(examples: str) -> str:
    """Return the code without prompts, and what it prints as comments."""
    lines = []
    for line in examples.strip().splitlines():
        if line.startswith((">>> ", "... ")):
            lines.append(line[4:].replace("  # doctest: +SKIP", ""))
        elif line:
            lines.append(f"# {line}")
    return "```python\n" + "\n".join(lines) + "\n```"


def _table(head: str, rows: Any) -> str:
    return "\n".join((head, "|" + " --- |" * (head.count("|") - 1), *rows))


def _meaning_and_default(described: str) -> tuple[str, str]:
    meaning, _, default = described.partition("Default: ")
    return meaning.strip(), default.removesuffix(".")


def _summary(text: str) -> str:
    return text.partition("\n\n")[0]


def _linked(page: str) -> str:
    """Link the public names, except in headings and code."""
    names = "|".join(human_loop_events.__all__)
    return re.sub(
        rf"(?<!^## )`({names})`", lambda name: f"[{name[0]}](#{name[1].lower()})", page, flags=re.M
    )


def _codes(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split(", "))


def _type(annotation: Any) -> str:
    """Write an annotation without None, and without the character that ends a cell."""
    written = str(annotation).strip("'")
    within = r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]"
    written = re.sub(within, lambda found: found[0].replace(" | ", " or "), written)
    return " or ".join(f"`{each}`" for each in written.split(" | ") if each != "None")


def _getter(member: property) -> Callable[..., Any]:
    assert member.fget is not None  # noqa: S101 - all properties can be read
    return member.fget


if __name__ == "__main__":
    PAGE.write_text(construct_page(), encoding="utf-8")
