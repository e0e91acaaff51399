"""Normalization: what of a text does not count when the values of one field are compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from human_loop_reviews.mapping import FieldMapping, Normalization
from human_loop_reviews.review.values import (
    BLANK,
    Value,
    ValueKind,
    fold,
    number_value,
    read_number,
    structure_key,
)

# Arabic's separator of thousands. Its decimal separator is U+066B.
_ARABIC_SEPARATORS: Final = {0x66C: "'"}

# The longest text that is read as a number or a date.
_MAX_LENGTH: Final = 80

_AMOUNT: Final = r"([^0-9]*?)((?:[.,](?=[0-9]))?[0-9](?:[0-9.,' \u2019]*[0-9])?)([^0-9]*)"
_GROUPED: Final = r"[0-9]{1,3}(?:([.,' \u2019])[0-9]{2,3}(?:\1[0-9]{2,3})*)?(?<=[0-9]{3})|[0-9]+"
_CURRENCY_CODES: Final = {
    "$": "USD",
    "US$": "USD",
    "\u20ac": "EUR",
    "\xa3": "GBP",
    "\xa5": "JPY",
    "\u20b9": "INR",
}

_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_MONTH_NAMES: Final = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december", "sept"),
)
_TIME: Final = r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
_YEAR_FIRST: Final = rf"([0-9]{{4}})([-/.])([0-9]{{1,2}})\2([0-9]{{1,2}}){_TIME}"
_YEAR_LAST: Final = r"([0-9]{1,2})([-/.]) ?([0-9]{1,2})\2 ?([0-9]{4})"
_DAY_MONTH: Final = r"([0-9]{1,2})(?:st|nd|rd|th|\.)?[ -]([A-Za-z]{3,9})\.?,?[ -]([0-9]{4})"
_MONTH_DAY: Final = r"([A-Za-z]{3,9})\.? ([0-9]{1,2})(?:st|nd|rd|th)?,? ([0-9]{4})"


class Rules(NamedTuple):
    """What of a text does not count, and how its numbers are written.

    Parameters
    ----------
    normalize
        What does not count.
    decimal
        The decimal separator, a point or a comma. None if numbers show it.
    """

    normalize: Collection[str] = ()
    decimal: str | None = None

    @classmethod
    def of(cls, mapping: FieldMapping | None) -> Rules:
        """Return the rules of a field. A tolerance and a decimal separator are of numbers."""
        if mapping is None:
            return cls()
        if mapping.tolerance is None and mapping.decimal is None:
            return cls(mapping.normalize)
        return cls({*mapping.normalize, Normalization.NUMBER}, mapping.decimal)

    @property
    def number(self) -> bool:
        """Whether texts are read as numbers with separators and currencies."""
        return Normalization.NUMBER in self.normalize


class Amount(NamedTuple):
    """A number, and its currency; empty if the text names none."""

    number: Decimal
    currency: str


def normalize_values(values: Sequence[Value | None], rules: Rules) -> list[Value | None]:
    """Return the values of one field with comparison keys without what does not count.

    Texts, labels, and texts within objects and lists are normalized.

    Parameters
    ----------
    values
        The values of the model and the reviewers, None for no value.
    rules
        What does not count.

    Examples
    --------
    >>> from human_loop_reviews.review.values import text_value
    >>> values = [text_value("$1,250.40"), text_value("1250.4")]
    >>> one, other = normalize_values(values, Rules(["number"]))
    >>> one.comparison_key == other.comparison_key
    True
    """
    if not rules.normalize:
        return list(values)
    currencies = set()
    if rules.number:
        texts = [each for each in values if each is not None and each.kind is ValueKind.TEXT]
        amounts = [read_amount(each.comparison_key, rules.decimal) for each in texts]
        currencies = {amount.currency for amount in amounts if amount is not None} - {""}
    # Different currencies are different values. Where only one is named, it does not count.
    return [_normalize(value, rules, keep_currency=len(currencies) > 1) for value in values]


def read_amount(text: str, decimal: str | None = None) -> Amount | None:
    """Return the number that a text is, with separators and currency; None for any other text.

    Without a decimal separator, it is the last one of a point and a comma. A single comma before
    exactly three digits separates thousands, a single point never does.

    Parameters
    ----------
    text
        A folded text.
    decimal
        The decimal separator, a point or a comma. All others separate thousands.

    Examples
    --------
    >>> read_amount("1.250,40 EUR")
    Amount(number=Decimal('1250.40'), currency='EUR')
    >>> read_amount("1.250", ",")
    Amount(number=Decimal('1250'), currency='')
    """
    text = text.translate({**_ARABIC_SEPARATORS, ord("\u066b"): decimal or "."})
    number = read_number(text)
    if number is not None and (decimal != "," or "." not in text):
        return Amount(number, "")
    match = re.fullmatch(_AMOUNT, text) if len(text) <= _MAX_LENGTH else None
    if match is None:
        return None
    prefix, digits, suffix = match.groups()
    around = "".join((prefix + "|" + suffix).split()).replace("\u2212", "-")
    negative = around.count("-") == 1 and not suffix.strip().startswith("-")
    if around.startswith("(") and around.endswith(")"):
        negative, around = True, around[1:-1]
    elif negative:
        around = around.replace("-", "")
    currency = around.replace("|", "", 1)
    plain = _plain_number(digits, decimal)
    if plain is None or not _is_currency(currency):
        return None
    return Amount(-plain if negative else plain, _CURRENCY_CODES.get(currency, currency))


def read_date(text: str) -> str | None:
    """Return the date that a text is, as in ``2026-03-14``; None for any other text.

    Of two numbers before the year, the first is the day if a point separates them. Otherwise one
    of them must be above 12, or both the same, because countries differ.

    Examples
    --------
    >>> read_date("March 14, 2026"), read_date("14.3.2026"), read_date("03/04/2026")
    ('2026-03-14', '2026-03-14', None)
    """
    if len(text) > _MAX_LENGTH:
        return None
    if match := re.fullmatch(_YEAR_FIRST, text):
        year, _, month, day = match.groups()
        return _iso_date(year, int(month), day)
    if match := re.fullmatch(_YEAR_LAST, text):
        first, separator, second, year = match.groups()
        if separator == "." or int(first) > 12 or first == second:
            return _iso_date(year, int(second), first)
        return _iso_date(year, int(first), second) if int(second) > 12 else None
    if match := re.fullmatch(_DAY_MONTH, text):
        day, month, year = match.groups()
        return _iso_date(year, _month(month), day)
    if match := re.fullmatch(_MONTH_DAY, text):
        month, day, year = match.groups()
        return _iso_date(year, _month(month), day)
    return None


def _normalize(value: Value | None, rules: Rules, *, keep_currency: bool) -> Value | None:
    if value is None or value.is_blank:
        return value
    if value.kind is ValueKind.TEXT:
        text: str = value.comparison_key
        if rules.number and not _date(text, rules):
            amount = read_amount(text, rules.decimal)
            if amount is not None and not (keep_currency and amount.currency):
                return number_value(amount.number, value.display)
        return value._replace(comparison_key=_text_key(text, rules))
    if value.kind is ValueKind.LABELS:
        labels = frozenset(_text_key(fold(label), rules) for label in value.display)
        return value._replace(comparison_key=(ValueKind.LABELS, labels))
    if value.kind is ValueKind.STRUCTURE:
        key = structure_key(value.display, lambda text: _text_key(fold(text), rules))
        return value._replace(comparison_key=(ValueKind.STRUCTURE, key))
    return value


def _text_key(text: str, rules: Rules) -> str:
    """Return what counts of a text that is not blank. It is not blank either."""
    if written := _date(text, rules):
        return written
    if rules.number and (amount := read_amount(text, rules.decimal)):
        number = f"{amount.number.normalize():f}" if amount.number else "0"
        return f"{number} {amount.currency}".strip()
    if Normalization.WHITESPACE in rules.normalize:
        text = "".join(text.split())
    return text.casefold() if Normalization.CASE in rules.normalize else text


def _date(text: str, rules: Rules) -> str | None:
    return read_date(text) if Normalization.DATE in rules.normalize and text != BLANK else None


def _plain_number(digits: str, decimal: str | None) -> Decimal | None:
    """Return the number that digits with separators are."""
    if decimal is None:
        decimal = _find_decimal_separator(digits)
    whole, _, fraction = digits.partition(decimal) if decimal else (digits, "", "")
    if not re.fullmatch(_GROUPED, whole or "0") or not re.fullmatch(r"[0-9]*", fraction):
        return None
    return Decimal("".join(re.findall("[0-9]", whole)) + "." + fraction)


def _find_decimal_separator(digits: str) -> str:
    """Return the decimal separator that digits show, an empty text if they show none."""
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        return max(".,", key=digits.rfind)
    if points == 1 or (commas == 1 and not re.fullmatch(r"[1-9][0-9]{0,2},[0-9]{3}", digits)):
        return "." if points else ","
    return ""


def _is_currency(text: str) -> bool:
    """Return whether a text is empty, a currency's symbol or its code."""
    if re.fullmatch(r"([A-Z]{3})?", text):
        return True
    symbol = re.sub(r"\A[A-Z]{0,2}", "", text)
    return len(symbol) == 1 and unicodedata.category(symbol) == "Sc"


def _month(name: str) -> int:
    """Return the number of a month with an English name, 0 for any other word."""
    short = name.casefold()
    if short in _MONTHS or short in _MONTH_NAMES:
        return _MONTHS.index(short[:3]) + 1
    return 0


def _iso_date(year: str, month: int, day: str) -> str | None:
    try:
        return date(int(year), month, int(day)).isoformat()
    except ValueError:
        return None
