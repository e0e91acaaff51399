"""Which pair of the model became which pair of each reviewer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from human_loop_reviews.field import Field, given
from human_loop_reviews.forms import Form, Pair
from human_loop_reviews.poll import poll
from human_loop_reviews.values import BLANK, Kind

#: What each reviewer made of one field: a pair, or None.
_Row = Sequence[Pair | None]

#: Says which pairs belong together, None for a pair that belongs to no other.
_Label = Callable[[Pair], str | None]


def compare_forms(
    shown: Form,
    answers: Sequence[Form],
    *,
    aliases: Mapping[str, str],
    read_response: Callable[[], Form],
) -> list[Field]:
    """Compare the pairs reviewers were shown with those they gave.

    A reviewer's pair belongs to the shown pair with its id, else with its key, else with an alias
    of its key. What is then left over was added by the reviewers, or moved to another key.

    Parameters
    ----------
    shown
        The model's pairs that the reviewers saw.
    answers
        Each reviewer's pairs.
    aliases
        For each key with aliases, and each alias, one key that stands for them all.
    read_response
        Returns all pairs that the model read. Called only if reviewers added a pair.

    Returns
    -------
    list[Field]
        One field per pair.
    """
    found = [_match(shown, answer, aliases) for answer in answers]
    fields = {
        pair.id: _shown_field(pair, [matched.get(pair.id) for matched, _ in found], aliases)
        for pair in shown.pairs
    }
    rows = _rows([extra for _, extra in found], aliases)
    if not rows:
        return list(fields.values())
    added = sorted((_added_field(row) for row in rows), key=_order)
    added = _relabel_shown(shown, fields, added, aliases)
    added = _relabel_unshown(shown, added, aliases, read_response)
    return [*fields.values(), *added]


def _match(
    shown: Form, answer: Form, aliases: Mapping[str, str]
) -> tuple[dict[str, Pair], list[Pair]]:
    """Return a reviewer's pairs by the id of the shown pair, and those that belong to none."""
    given_by_id = {pair.id: pair for pair in answer.pairs}
    matched = {pair.id: given_by_id.pop(pair.id) for pair in shown.pairs if pair.id in given_by_id}
    labels: tuple[_Label, ...] = (lambda pair: pair.key, lambda pair: aliases.get(pair.key))
    for label in labels:
        if not given_by_id:
            break
        dropped = [pair for pair in shown.pairs if pair.id not in matched]
        for shown_id, pair in _pair_up(dropped, list(given_by_id.values()), label):
            matched[shown_id] = given_by_id.pop(pair.id)
    return matched, list(given_by_id.values())


def _pair_up(
    dropped: Sequence[Pair], left: Sequence[Pair], label: _Label
) -> Iterable[tuple[str, Pair]]:
    """Yield ids of shown pairs with pairs of the same label: first equal values, then the rest."""
    offers = _group(left, label)
    for name, wanting in _group(dropped, label).items():
        by_value: dict[object, list[Pair]] = {}
        for pair in offers.get(name, ()):
            by_value.setdefault(pair.value.key, []).append(pair)
        rest = []
        for pair in wanting:
            if by_value.get(pair.value.key):
                yield pair.id, by_value[pair.value.key].pop()
            else:
                rest.append(pair.id)
        yield from zip(rest, [pair for same in by_value.values() for pair in same], strict=False)


def _group(pairs: Iterable[Pair], label: _Label) -> dict[str, list[Pair]]:
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        name = label(pair)
        if name:
            groups.setdefault(name, []).append(pair)
    return groups


def _shown_field(pair: Pair, row: _Row, aliases: Mapping[str, str]) -> Field:
    name = _name(row) or pair.key
    return Field(
        name,
        [None if answer is None else answer.value for answer in row],
        pair.value,
        pair.confidence,
        name != pair.key and not _same_key(name, pair.key, aliases),
    )


def _name(row: _Row) -> str:
    """Return the key most reviewers gave, the first in the alphabet where that is undecided."""
    keys = [pair.key for pair in row if pair is not None and pair.key]
    if len(keys) > 1 and keys.count(keys[0]) < len(keys):
        votes = Counter(keys)
        return min(votes, key=lambda key: (-votes[key], key))
    return keys[0] if keys else ""


def _same_key(one: str, other: str, aliases: Mapping[str, str]) -> bool:
    return one == other or (one in aliases and aliases[one] == aliases.get(other))


def _rows(extras: Sequence[Sequence[Pair]], aliases: Mapping[str, str]) -> list[_Row]:
    """Bring pairs that several reviewers added together, by key or alias.

    Where a reviewer gave one key several times, only equal values belong together.
    """
    by_key: dict[str, dict[int, list[Pair]]] = {}
    for reviewer, pairs in enumerate(extras):
        for pair in pairs:
            if pair.value.key != BLANK:
                key = aliases.get(pair.key, pair.key)
                by_key.setdefault(key, {}).setdefault(reviewer, []).append(pair)
    rows: list[dict[int, Pair]] = []
    for voices in by_key.values():
        if all(len(pairs) == 1 for pairs in voices.values()):
            rows.append({reviewer: pairs[0] for reviewer, pairs in voices.items()})
        else:
            rows += _rows_by_value(voices)
    return [[row.get(reviewer) for reviewer in range(len(extras))] for row in rows]


def _rows_by_value(voices: Mapping[int, Sequence[Pair]]) -> Iterable[dict[int, Pair]]:
    rows: dict[tuple[object, int], dict[int, Pair]] = {}
    for reviewer, pairs in voices.items():
        times: Counter[object] = Counter()
        for pair in pairs:
            times[pair.value.key] += 1
            rows.setdefault((pair.value.key, times[pair.value.key]), {})[reviewer] = pair
    return rows.values()


def _added_field(row: _Row) -> Field:
    return Field(_name(row), [None if pair is None else pair.value for pair in row])


def _order(field: Field) -> tuple[str, str]:
    return field.name, repr(field.answers)


def _moved(field: Field) -> object:
    """Return what identifies the value of an added field if it may have stood elsewhere.

    A ticked box is like any other: it does not say where it came from.
    """
    value = poll(field.answers).consensus
    return value.key if value is not None and value.kind is Kind.TEXT else None


def _relabel_shown(
    shown: Form, fields: dict[str, Field], added: Sequence[Field], aliases: Mapping[str, str]
) -> list[Field]:
    """Join added fields with dropped ones of the same value; return the added ones left over."""
    dropped: dict[object, list[Pair]] = {}
    for pair in shown.pairs:
        result = poll(given(fields[pair.id].answers, pair.value))
        if result.reached and result.consensus is None:
            dropped.setdefault(pair.value.key, []).append(pair)
    left = []
    for field in added:
        moved = _moved(field)
        if moved is None or not dropped.get(moved):
            left.append(field)
            continue
        pair = dropped[moved].pop()
        own = fields[pair.id]
        both = zip(field.answers, own.answers, strict=True)
        fields[pair.id] = own._replace(
            name=field.name,
            answers=[new or old for new, old in both],
            relabelled=not _same_key(field.name, pair.key, aliases),
        )
    return left


def _relabel_unshown(
    shown: Form,
    added: Sequence[Field],
    aliases: Mapping[str, str],
    read_response: Callable[[], Form],
) -> list[Field]:
    """Give added fields the prediction of a pair of the same value that nobody was shown."""
    wanted = {moved for field in added if (moved := _moved(field)) is not None}
    if not wanted:
        return list(added)
    seen = {pair.id for pair in shown.pairs}
    sources: dict[object, list[Pair]] = {}
    for pair in read_response().pairs:
        if pair.value.key in wanted and pair.id not in seen:
            sources.setdefault(pair.value.key, []).append(pair)
    return [_from_source(field, sources.get(_moved(field), []), aliases) for field in added]


def _from_source(field: Field, sources: Sequence[Pair], aliases: Mapping[str, str]) -> Field:
    if not sources:
        return field

    def likeness(pair: Pair) -> tuple[bool, bool, float, str]:
        same_key = _same_key(pair.key, field.name, aliases)
        return pair.key != field.name, not same_key, -(pair.confidence or 0.0), pair.id

    source = min(sources, key=likeness)
    return field._replace(
        predicted=source.value,
        confidence=source.confidence,
        relabelled=not _same_key(source.key, field.name, aliases),
    )
