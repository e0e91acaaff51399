"""Mappings of custom tasks: where predictions and answers are found, and how they are compared.

Constructs, deployments, the review handler and the command line share this module. It needs the
standard library only. JMESPath is imported when an expression is checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from dataclasses import field as dataclass_field
from enum import StrEnum
from typing import Any, Final, NamedTuple

#: The largest tolerance of a field mapping, well within what a JSON number can be everywhere.
MAX_TOLERANCE: Final = 1e300

#: What JMESPath's parser and functions are known to raise, on expressions and data of any kind.
JMESPATH_ERRORS: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)

#: Why rows that come in the order of an object's keys are not compared, and what to do.
ROWS_IN_ORDER_OF_KEYS: Final = (
    "its rows are in the order of an object's keys, in which row 10 comes before row 2. Use "
    "answer_name for inputs with numbers or ids, or row_key"
)

# A name that JMESPath accepts without quotes, and a number between brackets.
_PLAIN_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*|-?[0-9]+"

# What is not a name: quoted names, raw strings and literals. Then a name that may need quotes.
_QUOTED: Final = r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)"""
_NAME: Final = r"([\w/-]+(?: +[\w/-]+)*)"


class Normalization(StrEnum):
    """What does not count when texts of one field are compared."""

    #: Upper and lower case.
    CASE = "case"
    #: White space of any kind.
    WHITESPACE = "whitespace"
    #: How a number is written: separators, and a currency that only some of the values name.
    NUMBER = "number"
    #: How a date is written.
    DATE = "date"


class Absent(StrEnum):
    """What it means that an answer lacks a field's input. A2I leaves out inputs that are empty."""

    #: Not known: the reviewer may have cleared the prediction, or had nothing to change.
    UNKNOWN = "unknown"
    #: The reviewer gave no value: the input showed the prediction, and is empty now.
    BLANK = "blank"
    #: The reviewer upheld the prediction: the input is for corrections only.
    UPHELD = "upheld"


class Judgement(StrEnum):
    """What an answer says about the prediction, if it gives no value."""

    UPHELD = "upheld"
    REJECTED = "rejected"


#: What stands for a row in the name of its input: its number from 1, its index from 0, its key.
PLACEHOLDERS: Final = ("{number}", "{index}", "{key}")


class InputName(NamedTuple):
    """The name of the form's input for each row."""

    prefix: str
    placeholder: str
    """One of `PLACEHOLDERS`."""
    suffix: str

    @classmethod
    def of(cls, text: str) -> InputName | None:
        """Return an `answer_name` as its parts, None unless it has exactly one placeholder.

        Examples
        --------
        >>> InputName.of("lines[{index}].text")
        InputName(prefix='lines[', placeholder='{index}', suffix='].text')
        """
        parts = re.split("|".join(map(re.escape, PLACEHOLDERS)), text)
        if len(parts) != 2:
            return None
        prefix, suffix = parts
        return cls(prefix, text[len(prefix) : len(text) - len(suffix)], suffix)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMapping:
    """Where one field of a custom task is found, and how its values are compared.

    Parameters
    ----------
    name
        The field's name in outcomes.
    prediction
        JMESPath expression on ``inputContent``: the model's prediction.
    answer
        JMESPath expression on a reviewer's ``answerContent``: the reviewer's answer.
    path
        One expression for both, instead of ``prediction`` and ``answer``.
    answer_name
        With ``rows``, instead of ``answer``: the name of the form's input for each predicted row,
        with one of ``{number}``, which counts the rows from 1, ``{index}``, which counts from 0,
        and ``{key}``, the ``row_key`` of the predicted row.
    answer_values
        If the answer is a verdict: which of its values mean ``upheld`` and which ``rejected``. Any
        other value is not compared.
    absent
        What it means that an answer lacks the input, because A2I leaves out empty ones: ``blank``
        if the input shows the prediction and a reviewer can clear it, ``upheld`` if reviewers
        leave it empty to change nothing. Default: ``unknown``; then a prediction that no answer
        has the input for has no verdict.
    normalize
        What does not count when texts are compared: ``case``, ``whitespace``, ``number``, ``date``.
    tolerance
        By how much numbers may differ and still be equal. With a tolerance, texts that read as
        numbers count as numbers, as with ``number`` in ``normalize``.
    decimal
        The decimal separator of the field's numbers, ``.`` or ``,``. Texts that read as numbers
        count as numbers. Default: each text shows it, and ``1.250`` is 1.25.
    separator
        What separates labels in a text that is compared with a list of labels. Default: a text is
        one label.
    confidence
        JMESPath expression on ``inputContent``: the model's confidence. With ``rows``, on the
        predicted row.
    confidence_max
        The highest confidence that the model gives: 100, or 1 if it gives a share. Confidences
        above it, or below 0, are ignored. Outcomes have confidences from 0 to 100.
    rows
        Whether the expressions give lists. Then each entry is a separate field: ``name[0]``.
    row_key
        JMESPath expression on a row: what identifies it. Default: its position.
    row_value
        JMESPath expression on a row: what is compared. Default: the whole row. With
        ``answer_name``, on the predicted row only.

    Raises
    ------
    ValueError
        If a parameter is not usable. The message names it, and repairs a name that lacks quotes.

    Examples
    --------
    >>> FieldMapping(name="Category", prediction="model.category", answer="category.label").name
    'Category'
    """

    name: str
    prediction: str | None = None
    answer: str | None = None
    path: str | None = None
    answer_name: str | None = None
    answer_values: Mapping[str, str] | None = dataclass_field(default=None, hash=False)
    absent: str = Absent.UNKNOWN.value
    normalize: Sequence[str] = ()
    tolerance: float | None = None
    decimal: str | None = None
    separator: str | None = None
    confidence: str | None = None
    confidence_max: float = 100
    rows: bool = False
    row_key: str | None = None
    row_value: str | None = None

    def __post_init__(self) -> None:
        if not _is_text(self.name):
            raise ValueError(
                f"FieldMapping: name={self.name!r}; expected the field's name in outcomes"
            )
        if any(each in self.name for each in PLACEHOLDERS):
            raise self._expected("name", "no placeholder. Rows are named name[0], name[1], …")
        self._require_places()
        for key in ("confidence", "row_key", "row_value"):
            if getattr(self, key) is not None:
                _require_expression(self._label, key, getattr(self, key))
        self._require_normalizations()
        if self.absent not in (known := [each.value for each in Absent]):
            raise self._expected("absent", f"one of {', '.join(known)}")
        object.__setattr__(self, "absent", str(self.absent))
        if self.answer_values is not None:
            self._require_answer_values()
        if self.tolerance is not None and not _is_tolerance(self.tolerance):
            raise self._expected("tolerance", f"a number from 0 to {MAX_TOLERANCE:g}")
        if self.decimal is not None and self.decimal not in (".", ","):
            raise self._expected("decimal", "a point or a comma")
        if self.separator is not None and not _is_separator(self.separator):
            raise self._expected("separator", "one character that is no white space")
        if isinstance(self.confidence_max, bool) or self.confidence_max not in (1, 100):
            raise self._expected("confidence_max", "100, or 1 for a share")
        if not isinstance(self.rows, bool):
            raise self._expected("rows", "a boolean")
        for key in ("row_key", "row_value"):
            if getattr(self, key) is not None and not self.rows:
                raise self._expected(key, "rows=True with it")
        if self.answer_name is not None:
            self._require_answer_name()

    @property
    def prediction_path(self) -> str:
        """The expression of the prediction."""
        return self.path or self.prediction or ""

    @property
    def answer_path(self) -> str:
        """The expression of the answer."""
        return self.path or self.answer or ""

    @property
    def input_name(self) -> InputName | None:
        """The parts of ``answer_name``, None without one."""
        return None if self.answer_name is None else InputName.of(self.answer_name)

    @property
    def pairs_by_order_of_keys(self) -> bool:
        """Whether rows would be paired by the order of an object's keys, which states nothing.

        Examples
        --------
        >>> FieldMapping(name="T", path="values(@)", rows=True).pairs_by_order_of_keys
        True
        """
        return (
            self.rows
            and self.row_key is None
            and any(_is_in_order_of_keys(each) for each in (self.prediction_path, self.answer_path))
        )

    def to_json(self) -> dict[str, Any]:
        """Return the mapping as the review handler reads it, without settings at their defaults.

        Examples
        --------
        >>> FieldMapping(name="Total", path="total", tolerance=0.5).to_json()
        {'name': 'Total', 'path': 'total', 'tolerance': 0.5}
        """
        return _without_defaults(self)

    @property
    def _label(self) -> str:
        return f"FieldMapping {self.name!r}"

    def _expected(self, key: str, what: str) -> ValueError:
        return ValueError(f"{self._label}: {key}={getattr(self, key)!r}; expected {what}")

    def _require_places(self) -> None:
        if self.path is not None:
            for key in ("prediction", "answer"):
                if getattr(self, key) is not None:
                    raise self._expected(key, "either path, or prediction and answer")
            _require_expression(self._label, "path", self.path)
        elif self.prediction is None and self.answer is None:
            raise ValueError(f"{self._label}: expected prediction and answer, or path")
        elif self.answer_name is not None:
            if self.answer is not None:
                raise self._expected("answer", "either answer or answer_name")
            _require_expression(self._label, "prediction", self.prediction)
        else:
            _require_expression(self._label, "prediction", self.prediction)
            _require_expression(self._label, "answer", self.answer)

    def _require_answer_name(self) -> None:
        if self.path is not None:
            raise self._expected("path", "prediction with answer_name")
        if not self.rows:
            raise self._expected("answer_name", "rows=True with it")
        name = self.input_name if _is_text(self.answer_name) else None
        if name is None:
            raise self._expected("answer_name", f"one of {', '.join(PLACEHOLDERS)} in it, once")
        if name.placeholder == "{key}" and self.row_key is None:
            raise self._expected("answer_name", "row_key with {key}")
        if name.placeholder != "{key}" and self.row_key is not None:
            raise self._expected("row_key", "{key} in answer_name with it")

    def _require_answer_values(self) -> None:
        values = self.answer_values
        known = [each.value for each in Judgement]
        if (
            not isinstance(values, dict)
            or not all(isinstance(each, str) and each.strip() for each in values)
            or not all(isinstance(each, str) and each in known for each in values.values())
            or {*values.values()} != {*known}
        ):
            raise self._expected(
                "answer_values",
                "an object with each value of the answer, and 'upheld' or 'rejected' for each; "
                "both at least once",
            )
        if self.absent == Absent.BLANK:
            raise self._expected("absent", "unknown or upheld with answer_values")
        object.__setattr__(self, "answer_values", {each: str(values[each]) for each in values})

    def _require_normalizations(self) -> None:
        known = [each.value for each in Normalization]
        if not isinstance(self.normalize, list | tuple) or not all(
            isinstance(each, str) and each in known for each in self.normalize
        ):
            raise self._expected("normalize", f"a list of {', '.join(known)}")
        # A tuple of plain texts, whatever was passed: mappings are compared and hashed.
        object.__setattr__(self, "normalize", tuple([str(each) for each in self.normalize]))


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskMapping:
    """Where the fields of a custom task are found, and how its human loops were selected.

    Parameters
    ----------
    fields
        The fields. There is at least one, and no two have the same name.
    sampled
        JMESPath expression on ``inputContent``: whether the loop was selected at random.
    sampling_percentage
        JMESPath expression on ``inputContent``: the percentage of random selection, above 0 and up
        to 100.
    model_version
        JMESPath expression on ``inputContent``: the version of the model.

    Raises
    ------
    ValueError
        If a parameter is not usable. The message names it.

    Examples
    --------
    >>> field = FieldMapping(name="Total", path="total")
    >>> TaskMapping(fields=[field], model_version="model.version").to_json()
    {'fields': [{'name': 'Total', 'path': 'total'}], 'model_version': 'model.version'}
    """

    fields: Sequence[FieldMapping]
    sampled: str | None = None
    sampling_percentage: str | None = None
    model_version: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.fields, list | tuple) or not all(
            isinstance(each, FieldMapping) for each in self.fields
        ):
            raise ValueError(
                f"TaskMapping: fields={self.fields!r}; expected a list of FieldMapping"
            )
        if not self.fields:
            raise ValueError("TaskMapping: fields=[]; expected at least one FieldMapping, got none")
        names = [each.name for each in self.fields]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(
                    f"TaskMapping: two fields are named {name!r}; expected unique names"
                )
        for key in ("sampled", "sampling_percentage", "model_version"):
            if getattr(self, key) is not None:
                _require_expression("TaskMapping", key, getattr(self, key))
        object.__setattr__(self, "fields", tuple(self.fields))

    @classmethod
    def of(cls, mapping: TaskMapping | Sequence[FieldMapping]) -> TaskMapping:
        """Return a task mapping, also for its fields alone.

        Examples
        --------
        >>> TaskMapping.of([FieldMapping(name="Total", path="total")]).fields[0].name
        'Total'
        """
        return mapping if isinstance(mapping, TaskMapping) else cls(fields=mapping)

    def to_json(self) -> dict[str, Any] | list[dict[str, Any]]:
        """Return the mapping as the review handler reads it: a list if it has only fields."""
        fields = [each.to_json() for each in self.fields]
        written = _without_defaults(self)
        return {**written, "fields": fields} if len(written) > 1 else fields


#: The keys of one field in a mapping, and of a mapping that has more than fields.
FIELD_MAPPING_KEYS: Final = tuple([each.name for each in fields(FieldMapping)])
TASK_MAPPING_KEYS: Final = tuple([each.name for each in fields(TaskMapping)])


@dataclass(frozen=True, slots=True)
class MappingFault:
    """One fault of mappings in JSON."""

    place: str
    """Where it is: the name of the flow definition, for a field with its index."""
    reason: str
    """What is wrong there."""

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class MappingError(ValueError):
    """Mappings in JSON are not valid. The message names each place and the reason.

    Parameters
    ----------
    faults
        What is wrong. There is at least one.
    """

    def __init__(self, *faults: MappingFault) -> None:
        super().__init__("; ".join([str(fault) for fault in faults]))
        self.faults = faults


def read_mappings(mappings: Any) -> dict[str, TaskMapping]:
    """Read the mappings of several flow definitions from parsed JSON.

    Parameters
    ----------
    mappings
        An object with the name of each flow definition and its mapping, which is a list of field
        mappings, or an object with that list under ``fields``.

    Returns
    -------
    dict[str, TaskMapping]
        The mappings by the flow definition's name.

    Raises
    ------
    MappingError
        If the mappings have another form, or a key or value is not valid. It has all faults.

    Examples
    --------
    >>> read_mappings({"tickets": [{"name": "Town", "path": "town"}]})["tickets"].fields[0].path
    'town'
    """
    if not isinstance(mappings, dict):
        raise MappingError(
            MappingFault("mappings", "expected an object by the name of the flow definition")
        )
    read: dict[str, TaskMapping] = {}
    faults: list[MappingFault] = []
    for flow_definition, mapping in mappings.items():
        try:
            read[flow_definition] = read_mapping(mapping, flow_definition)
        except MappingError as error:
            faults += error.faults
    if faults:
        raise MappingError(*faults)
    return read


def read_mapping(mapping: Any, place: str = "mapping") -> TaskMapping:
    """Read one mapping from parsed JSON.

    Parameters
    ----------
    mapping
        A list of field mappings, or an object with that list under ``fields``.
    place
        What errors call the mapping.

    Raises
    ------
    MappingError
        If the mapping has another form, or a key or value is not valid. It has all faults.

    Examples
    --------
    >>> read_mapping([{"name": "Town", "path": "town"}]).fields[0].path
    'town'
    """
    if isinstance(mapping, list):
        mapping = {"fields": mapping}
    if not isinstance(mapping, dict) or not isinstance(mapping.get("fields"), list):
        raise MappingError(
            MappingFault(
                place, "expected a list of field mappings, or an object with one as fields"
            )
        )
    read: list[FieldMapping] = []
    faults = _unknown_keys(mapping, TASK_MAPPING_KEYS, place)
    for index, field in enumerate(mapping["fields"]):
        try:
            read.append(_read_field(field, f"{place}[{index}]"))
        except MappingError as error:
            faults += error.faults
    if faults:
        raise MappingError(*faults)
    try:
        return TaskMapping(**{**mapping, "fields": read})
    except ValueError as error:
        raise MappingError(MappingFault(place, str(error))) from None


def _read_field(field: Any, place: str) -> FieldMapping:
    if not isinstance(field, dict):
        raise MappingError(MappingFault(place, "expected an object"))
    faults = _unknown_keys(field, FIELD_MAPPING_KEYS, place)
    required = ["name"]
    if "path" not in field and ("prediction" in field or "answer" in field):
        required += ["prediction", *([] if "answer_name" in field else ["answer"])]
    faults += [MappingFault(place, f"{key} is missing") for key in required if key not in field]
    if faults:
        raise MappingError(*faults)
    try:
        return FieldMapping(**field)
    except ValueError as error:
        raise MappingError(MappingFault(place, str(error))) from None


def _unknown_keys(mapping: dict[str, Any], keys: Sequence[str], place: str) -> list[MappingFault]:
    return [
        MappingFault(place, f"{key!r} is none of {', '.join(keys)}")
        for key in mapping
        if key not in keys
    ]


def _without_defaults(mapping: FieldMapping | TaskMapping) -> dict[str, Any]:
    written = {each.name: getattr(mapping, each.name) for each in fields(mapping)}
    defaults = {each.name: each.default for each in fields(mapping)}
    return {key: _json_value(value) for key, value in written.items() if value != defaults[key]}


def _json_value(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, dict) else value


def _require_expression(label: str, key: str, expression: Any) -> None:
    """Raise an error if an expression is not JMESPath, or calls a function that does not exist."""
    import jmespath  # here, so that importing this module needs the standard library only
    from jmespath.functions import Functions

    if not _is_text(expression):
        raise ValueError(f"{label}: {key}={expression!r}; expected a JMESPath expression")
    try:
        pending = [jmespath.compile(expression).parsed]
    except JMESPATH_ERRORS as error:
        repaired = _quote_names(expression)
        hint = f"; quote the name: {repaired}" if repaired else ""
        raise ValueError(
            f"{label}: {key}={expression!r} is not a JMESPath "
            f"expression: {' '.join(str(error).split())}{hint}"
        ) from error
    while pending:
        node = pending.pop()
        if not isinstance(node, dict):
            continue
        pending += node["children"]
        if node["type"] == "function_expression" and (
            node["value"] not in Functions.FUNCTION_TABLE
        ):
            raise ValueError(
                f"{label}: {key}={expression!r}; JMESPath has no function {node['value']!r}; "
                f"expected one of {', '.join(sorted(Functions.FUNCTION_TABLE))}"
            )


def _is_in_order_of_keys(expression: str) -> bool:
    """Return whether an expression makes a list of an object's values or keys."""
    import jmespath

    pending = [jmespath.compile(expression).parsed] if expression else []
    while pending:
        node = pending.pop()
        if not isinstance(node, dict):
            continue
        if node["type"] == "value_projection":
            return True
        if node["type"] == "function_expression" and node["value"] in ("values", "keys"):
            return True
        pending += node["children"]
    return False


def _quote_names(expression: str) -> str | None:
    """Return an expression with quotes around names that need them, None if that is no repair."""
    import jmespath

    def quote(match: re.Match[str]) -> str:
        quoted, name = match.groups()
        return match[0] if quoted or re.fullmatch(_PLAIN_NAME, name) else f'"{name}"'

    repaired = re.sub(f"{_QUOTED}|{_NAME}", quote, expression)
    try:
        jmespath.compile(repaired)
    except JMESPATH_ERRORS:
        return None
    return repaired


def _is_text(value: Any) -> bool:
    """Return whether a value is text that is not blank and that UTF-8 can express."""
    if not isinstance(value, str) or not value.strip():
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_separator(value: object) -> bool:
    return isinstance(value, str) and len(value) == 1 and not value.isspace()


def _is_tolerance(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= MAX_TOLERANCE
