"""Which of a reviewer's pairs belongs to which of the model's pairs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import product
from typing import Any, Final, NamedTuple, Protocol

from human_loop_reviews.a2i.validation import Place
from human_loop_reviews.review.consensus import find_consensus
from human_loop_reviews.review.field import Field, Vote
from human_loop_reviews.review.values import BLANK, ValueKind
from human_loop_reviews.tasks.form_blocks import Form, Pair
from human_loop_reviews.tasks.form_keys import FormKeys

#: The most fields, and the most votes on all fields together, that a review may have. They bound
#: the memory that forged answers take: reviewers who have no pair in common make a field of each.
MAX_FORM_FIELDS: Final = 50_000
MAX_VOTES: Final = 1_000_000

#: How many letters and digits make a value distinctive.
_DISTINCTIVE_LENGTH: Final = 4

#: Of more pairs with one key, or with one value, than this, each with each, the best match is not
#: searched for. It bounds the time.
_MAX_COMPARED: Final = 400

_NO_VOTE: Final = Vote()

# Each reviewer's pair of one field, None for no pair.
_Row = Sequence[Pair | None]

# Returns what is equal for pairs that belong together, None for a pair that belongs to no other.
_Label = Callable[[Pair], Hashable]


class Details(Protocol):
    """What a response says about a pair beside its key and value."""

    def of(self, pair: Pair, /) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return the details and the source of a pair, as `Field` has them."""
        ...


class Predicted(NamedTuple):
    """Pairs that the model read, with their details."""

    form: Form
    details: Details


def compare_forms(
    shown: Predicted,
    answers: Sequence[Form],
    *,
    keys: FormKeys,
    read_response: Callable[[], Predicted],
    place: Place,
) -> list[Field]:
    """Compare the pairs that the reviewers were shown with those that they gave.

    A reviewer's pair belongs to the shown pair with its id, else with its key, else with a key of
    the same meaning. A pair with a key that the model read, and that was not shown, belongs to that
    key. Of the remaining pairs, those were moved to another key for which there is evidence. The
    others were added.

    Parameters
    ----------
    shown
        The model's pairs that the reviewers were shown.
    answers
        Each reviewer's pairs.
    keys
        Which keys mean the same.
    read_response
        Returns all pairs that the model read. Called only if reviewers added a pair.
    place
        The answers' place in the output, for errors.

    Returns
    -------
    list[Field]
        One field per pair.

    Raises
    ------
    UnreadableOutputError
        If there are more fields or votes than a review may have.
    """
    _refuse_too_many(len(shown.form.pairs), len(answers), place)
    matches = [_Match(answer, shown.form) for answer in answers]
    labels: tuple[_Label, ...] = (
        lambda pair: pair.key,
        lambda pair: keys.meaning(pair.key),
        lambda pair: pair.key.casefold(),
    )
    for label in labels:
        _match_by_label(matches, shown.form, label)
    response = None
    if any(match.has_added for match in matches):
        response = _Response(shown, read_response(), keys)
        for match in matches:
            _match_moved(match, shown.form, response)
    fields = [
        _field(pair, [match.by_id.get(pair.id) for match in matches], shown, keys)
        for pair in shown.form.pairs
    ]
    if unplaced := {pair_id for match in matches for pair_id in match.unplaced}:
        fields = [
            field._replace(placed=pair.id not in unplaced)
            for pair, field in zip(shown.form.pairs, fields, strict=True)
        ]
    if response is None:
        return fields
    rows = _added_rows(matches, keys)
    _refuse_too_many(len(fields) + len(rows), len(answers), place)
    return fields + _added_fields(rows, len(answers), response)


def _refuse_too_many(fields: int, reviewers: int, place: Place) -> None:
    if fields > MAX_FORM_FIELDS:
        raise place.expected(f"at most {MAX_FORM_FIELDS:,} fields")
    if fields * reviewers > MAX_VOTES:
        raise place.expected(f"at most {MAX_VOTES:,} votes, one per field and answer")


class _Match:
    """Which of one reviewer's pairs belongs to which shown pair.

    Parameters
    ----------
    answer
        The reviewer's pairs.
    shown
        The pairs that were shown. Those with the id of a reviewer's pair are matched with it.
    """

    __slots__ = ("by_id", "unmatched", "unplaced")

    def __init__(self, answer: Form, shown: Form) -> None:
        self.unplaced: set[str] = set()  # shown pairs for which the match may be another one
        self.unmatched = {pair.id: pair for pair in answer.pairs}
        self.by_id = {
            pair.id: self.unmatched.pop(pair.id)
            for pair in shown.pairs
            if pair.id in self.unmatched
        }

    def join(self, shown: Pair, pair: Pair) -> None:
        self.by_id[shown.id] = self.unmatched.pop(pair.id)

    @property
    def has_added(self) -> bool:
        """Whether a pair with a value is unmatched."""
        return any(not pair.value.is_blank for pair in self.unmatched.values())


def _match_by_label(matches: Sequence[_Match], shown: Form, label: _Label) -> None:
    """Match pairs of the same label: first those of equal values, then the rest."""
    open_matches = [match for match in matches if match.unmatched]
    if not open_matches:
        return
    groups = _group(shown.pairs, label)
    for match in open_matches:
        for name, offers in _group(match.unmatched.values(), label).items():
            by_value: dict[object, list[Pair]] = {}
            for pair in reversed(offers):
                by_value.setdefault(pair.value.comparison_key, []).append(pair)
            for pair in groups.get(name, ()):
                if pair.id not in match.by_id and by_value.get(pair.value.comparison_key):
                    match.join(pair, by_value[pair.value.comparison_key].pop())
    offered: dict[Hashable, list[tuple[_Match, Pair]]] = {}
    for match in open_matches:
        for pair in match.unmatched.values():
            name = label(pair)
            if name in groups and name:
                offered.setdefault(name, []).append((match, pair))
    for name, others in offered.items():
        _match_other_values(groups[name], others)


def _match_other_values(shown: Sequence[Pair], offers: Sequence[tuple[_Match, Pair]]) -> None:
    """Match pairs of one label with values that differ from the shown ones.

    The output does not say which of two dates a reviewer corrected. Reviewers who gave the same
    value corrected the same pair, so that value goes to the pair that is open for most of them.
    """
    by_value: dict[object, list[tuple[_Match, Pair]]] = {}
    for match, pair in offers:
        by_value.setdefault(pair.value.comparison_key, []).append((match, pair))
    groups = sorted(
        by_value.items(), key=lambda item: (item[0] == BLANK, -len(item[1]), repr(item[0]))
    )
    _note_unplaced(shown, offers)
    slots = sorted(shown, key=lambda pair: (repr(pair.value.comparison_key), pair.id))
    if len(slots) * len(groups) <= _MAX_COMPARED:
        unused = list(slots)
        for _, group in groups[: len(slots)]:
            counts = [sum(slot.id not in match.by_id for match, _ in group) for slot in unused]
            slot = unused.pop(counts.index(max(counts)))
            for match, pair in group:
                if slot.id not in match.by_id:
                    match.join(slot, pair)
    rest: dict[int, list[tuple[_Match, Pair]]] = {}
    for _, group in groups:
        for match, pair in group:
            if pair.id in match.unmatched:
                rest.setdefault(id(match), []).append((match, pair))
    for remaining in rest.values():
        open_slots = [slot for slot in slots if slot.id not in remaining[0][0].by_id]
        for slot, (match, pair) in zip(open_slots, remaining, strict=False):
            match.join(slot, pair)


def _note_unplaced(shown: Sequence[Pair], offers: Sequence[tuple[_Match, Pair]]) -> None:
    """Note the pairs of which it is not known which value replaces which."""
    given = Counter(id(match) for match, _ in offers)
    for match in {id(match): match for match, _ in offers}.values():
        slots = [pair.id for pair in shown if pair.id not in match.by_id]
        if slots and (len(slots) > 1 or given[id(match)] > 1):
            match.unplaced.update(slots)


def _group(pairs: Iterable[Pair], label: _Label) -> dict[Hashable, list[Pair]]:
    groups: dict[Hashable, list[Pair]] = {}
    for pair in pairs:
        if pair.key:
            groups.setdefault(label(pair), []).append(pair)
    return groups


class _Response:
    """All that the model read, and which pairs of it belong to an added pair.

    Parameters
    ----------
    shown, response
        What the reviewers were shown, and all that the model read.
    keys
        Which keys mean the same.
    """

    def __init__(self, shown: Predicted, response: Predicted, keys: FormKeys) -> None:
        self.response = response
        self.keys = keys
        self.by_key: dict[Hashable, list[Pair]] = {}
        self.by_value: dict[object, list[Pair]] = {}
        self._claimed: set[str] = set()
        self._keys_of_value: dict[object, set[Hashable]] = {}
        shown_ids = {pair.id for pair in shown.form.pairs}
        unshown = [pair for pair in response.form.pairs if pair.id not in shown_ids]
        for pair in (*shown.form.pairs, *unshown):
            meaning, value = keys.meaning(pair.key), pair.value.comparison_key
            self._keys_of_value.setdefault(value, set()).add(meaning)
            if pair.id not in shown_ids:
                self.by_value.setdefault(value, []).append(pair)
                if pair.key:
                    self.by_key.setdefault(meaning, []).append(pair)

    def claim(self, pair: Pair) -> None:
        """Keep a pair from being matched again."""
        self._claimed.add(pair.id)

    def unclaimed(self, pairs: Iterable[Pair]) -> list[Pair]:
        return [pair for pair in pairs if pair.id not in self._claimed]

    def is_distinctive(self, text: str) -> bool:
        """Whether a text is long enough to be recognized, and under one key only."""
        letters = sum(map(str.isalnum, text))
        return letters >= _DISTINCTIVE_LENGTH and len(self._keys_of_value.get(text, ())) == 1


def _likely_key(one: str, other: str) -> bool:
    """Return whether one key's words contain the other's."""
    words, others = (set(re.findall(r"\w+", key.casefold())) for key in (one, other))
    return bool(words and others) and (words <= others or others <= words)


def _match_moved(match: _Match, shown: Form, response: _Response) -> None:
    """Match a reviewer's pairs with shown ones of the same text that the reviewer removed.

    Pairs with a key that the model read elsewhere are matched with that key instead. Selection
    elements are not matched, because every selected box has the same text.
    """
    removed: dict[object, list[Pair]] = {}
    for pair in shown.pairs:
        if pair.id not in match.by_id and _is_text(pair):
            removed.setdefault(pair.value.comparison_key, []).append(pair)
    offers: dict[object, list[Pair]] = {}
    for pair in match.unmatched.values() if removed else ():
        text = pair.value.comparison_key
        if text in removed and response.keys.meaning(pair.key) not in response.by_key:
            offers.setdefault(text, []).append(pair)
    for text, pairs in offers.items():
        if len(pairs) * len(removed[text]) > _MAX_COMPARED:
            continue
        choices = list(product(sorted(pairs, key=_by_key), sorted(removed[text], key=_by_key)))
        candidates = [each for each in choices if _likely_key(each[0].key, each[1].key)]
        if response.is_distinctive(str(text)):
            candidates += choices
        for pair, source in candidates:
            if pair.id in match.unmatched and source.id not in match.by_id:
                match.join(source, pair)


def _by_key(pair: Pair) -> tuple[str, str]:
    return pair.key, pair.id


def _is_text(pair: Pair) -> bool:
    return pair.value.kind is ValueKind.TEXT and not pair.value.is_blank


def _field(
    pair: Pair, row: _Row, predicted: Predicted, keys: FormKeys, *, shown: bool = True
) -> Field:
    """Return the field of a pair that the model read."""
    details, source = predicted.details.of(pair)
    votes = [_NO_VOTE if answer is None else _vote(answer, pair.key, keys) for answer in row]
    return Field(pair.key, votes, pair.value, pair.confidence, shown, None, None, details, source)


def _vote(answer: Pair, key: str, keys: FormKeys) -> Vote:
    """Return a reviewer's vote on the pair that the model read under a key."""
    given = answer.key or key
    return Vote(answer.value, given, given != key and not keys.same(given, key))


def _added_rows(matches: Sequence[_Match], keys: FormKeys) -> list[dict[int, Pair]]:
    """Group the pairs that several reviewers added, by the meaning of the key.

    Where a reviewer gave one key several times, only equal values belong together.
    """
    by_key: dict[Hashable, dict[int, list[Pair]]] = {}
    for reviewer, match in enumerate(matches):
        for pair in match.unmatched.values():
            if not pair.value.is_blank:
                by_reviewer = by_key.setdefault(keys.meaning(pair.key), {})
                by_reviewer.setdefault(reviewer, []).append(pair)
    rows: list[dict[int, Pair]] = []
    for by_reviewer in by_key.values():
        if all(len(pairs) == 1 for pairs in by_reviewer.values()):
            rows.append({reviewer: pairs[0] for reviewer, pairs in by_reviewer.items()})
        else:
            rows += _rows_by_value(by_reviewer)
    return rows


def _rows_by_value(by_reviewer: Mapping[int, Sequence[Pair]]) -> Iterable[dict[int, Pair]]:
    rows: dict[tuple[object, int], dict[int, Pair]] = {}
    for reviewer, pairs in by_reviewer.items():
        times: Counter[object] = Counter()
        for pair in pairs:
            value = pair.value.comparison_key
            times[value] += 1
            rows.setdefault((value, times[value]), {})[reviewer] = pair
    return rows.values()


class _Added(NamedTuple):
    """A pair that reviewers added: the key, the text, and each reviewer's pair."""

    key: str
    text: object
    """What more than half of the reviewers gave. None for no such value."""
    given: bool
    """Whether more than half of the reviewers gave a value."""
    row: _Row


def _added_fields(
    rows: Iterable[Mapping[int, Pair]], reviewers: int, response: _Response
) -> list[Field]:
    """Return the fields of added pairs, with the pair that the model read where there is one.

    A reviewer who does not add a pair that was not shown says nothing about it. So it is compared
    only if more than half of the reviewers added it.
    """
    added = sorted([_added(row, reviewers) for row in rows], key=_order)
    sources = _sources_by_key([each for each in added if each.given], response)
    _add_sources_by_value([each for each in added if id(each) not in sources], sources, response)
    fields = []
    for each in added:
        source = sources.get(id(each))
        if source is None:
            votes = [Vote(pair.value, pair.key or None) if pair else _NO_VOTE for pair in each.row]
            fields.append(Field(each.key, votes))
        else:
            fields.append(_field(source, each.row, response.response, response.keys, shown=False))
    return fields


def _added(by_reviewer: Mapping[int, Pair], reviewers: int) -> _Added:
    row = [by_reviewer.get(reviewer) for reviewer in range(reviewers)]
    value = find_consensus([None if pair is None else pair.value for pair in row]).value
    keys = Counter(pair.key for pair in by_reviewer.values())
    return _Added(
        key=min(keys, key=lambda key: (-keys[key], key)),
        text=None if value is None else value.comparison_key,
        given=2 * len(by_reviewer) > reviewers,
        row=row,
    )


def _order(added: _Added) -> tuple[str, str, list[str]]:
    """Return what puts added pairs in one order, whatever their ids."""
    given = sorted(repr(pair.value.comparison_key) for pair in added.row if pair is not None)
    return added.key, repr(added.text), given


def _sources_by_key(added: Iterable[_Added], response: _Response) -> dict[int, Pair]:
    """Return the pairs that the model read under the keys of added pairs, by the latter's id.

    Of several pairs with one key, that with the same value is meant, or the only one that is left.
    """
    found: dict[int, Pair] = {}
    groups: dict[Hashable, list[_Added]] = {}
    for each in added:
        meaning = response.keys.meaning(each.key)
        if meaning in response.by_key:
            groups.setdefault(meaning, []).append(each)
    for meaning, group in groups.items():
        by_value: dict[object, list[Pair]] = {}
        for pair in reversed(response.by_key[meaning]):
            by_value.setdefault(pair.value.comparison_key, []).append(pair)
        for each in group:
            if by_value.get(each.text):
                found[id(each)] = by_value[each.text].pop()
                response.claim(found[id(each)])
        rest = [each for each in group if id(each) not in found]
        if len(rest) == 1:
            left = response.unclaimed(response.by_key[meaning])
            left = [pair for pair in left if pair.key == rest[0].key] or left
            if len(left) == 1:
                found[id(rest[0])] = left[0]
                response.claim(left[0])
    return found


def _add_sources_by_value(
    added: Iterable[_Added], sources: dict[int, Pair], response: _Response
) -> None:
    """Add the pairs that the model read under another key, where there is evidence for a move."""
    groups: dict[str, list[_Added]] = {}
    for each in added:
        if type(each.text) is str and each.text in response.by_value:
            groups.setdefault(each.text, []).append(each)
    for text, group in groups.items():
        pairs = response.unclaimed(response.by_value[text])
        if len(pairs) * len(group) > _MAX_COMPARED:
            continue
        pairs.sort(key=lambda pair: (-(pair.confidence or 0.0), pair.id))
        choices = list(product(group, pairs))
        candidates = [each for each in choices if _likely_key(each[0].key, each[1].key)]
        if response.is_distinctive(text):
            candidates += choices
        claimed: set[str] = set()
        for each, pair in candidates:
            if id(each) not in sources and pair.id not in claimed:
                sources[id(each)] = pair
                claimed.add(pair.id)
