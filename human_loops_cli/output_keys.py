"""The keys of outputs as Amazon A2I makes them: the flow definition, and the loop's creation time.

https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-output-data.html
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

# Early outputs have the time after the name of the loop, in another form.
_OUTPUT: Final = re.compile(
    r"(?P<flow_folder>(?:.*/)?(?P<flow>[^/]+)/)"
    r"(?P<date>\d{4}/\d\d/\d\d)/"
    r"(?:(?P<time>\d\d/\d\d/\d\d)/(?P<loop>[^/]+)"
    r"|(?P<early_loop>[^/]+)/(?P<early_date>\d{8})T(?P<early_time>\d{6})Z)"
    r"/output\.json",
    re.DOTALL | re.ASCII,
)
_DATE_FOLDER: Final = re.compile(
    r"(?P<flow_folder>(?:.*/)?(?P<flow>[^/]+)/)"
    r"(?P<year>\d{4})/(?:(?P<month>\d\d)/(?:(?P<day>\d\d)/)?)?",
    re.DOTALL | re.ASCII,
)


class OutputKey(NamedTuple):
    """What the key of an output says."""

    flow_folder: str
    """The key up to the flow definition's folder, with a slash at the end."""
    flow_definition: str
    """The flow definition's name."""
    human_loop_name: str
    """The loop's name."""
    time: datetime
    """When the loop was created, in UTC and in whole seconds."""

    @property
    def day_folder(self) -> str:
        """The key up to the folder of the day, with a slash at the end."""
        return f"{self.flow_folder}{self.time.date().isoformat().replace('-', '/')}/"


class DateFolder(NamedTuple):
    """A folder of a year, a month or a day in the folder of a flow definition."""

    flow_folder: str
    """The flow definition's folder, with a slash at the end."""
    flow_definition: str
    """The flow definition's name."""
    first: datetime
    """When the year, the month or the day begins, in UTC."""
    last: datetime
    """When it ends."""
    is_day: bool
    """Whether it is a day."""


def parse_output_key(key: str) -> OutputKey | None:
    """Return what a key says. None if Amazon A2I does not make such keys.

    Examples
    --------
    >>> found = parse_output_key("a2i/claims/2026/03/14/09/30/00/claim-1/output.json")
    >>> found.flow_folder, found.flow_definition, found.time.isoformat()
    ('a2i/claims/', 'claims', '2026-03-14T09:30:00+00:00')
    >>> found.day_folder
    'a2i/claims/2026/03/14/'
    >>> parse_output_key("claims/2019/11/14/claim-1/20191114T173736Z/output.json").time.isoformat()
    '2019-11-14T17:37:36+00:00'
    >>> parse_output_key("copies/claim-1.json") is None
    True
    """
    found = _OUTPUT.fullmatch(key)
    if found is None:
        return None
    date = found["date"].replace("/", "")
    if found["early_date"] not in (None, date):
        return None
    time = (found["time"] or found["early_time"]).replace("/", "")
    try:
        parsed = datetime.strptime(f"{date}{time}", "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    loop = found["loop"] or found["early_loop"]
    return OutputKey(found["flow_folder"], found["flow"], loop, parsed)


def parse_date_folder(folder: str) -> DateFolder | None:
    """Return what a folder is in the folder of a flow definition. None if it has no such name.

    Examples
    --------
    >>> parse_date_folder("a2i/claims/2026/02/").last.isoformat()
    '2026-02-28T23:59:59.999999+00:00'
    >>> parse_date_folder("a2i/claims/") is None
    True
    """
    found = _DATE_FOLDER.fullmatch(folder)
    if found is None:
        return None
    year, month, day = (int(found[name] or 0) for name in ("year", "month", "day"))
    try:
        first = datetime(year, month or 1, day or 1, tzinfo=UTC)
        if day:
            after = first + timedelta(days=1)
        elif month:
            after = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        else:
            after = datetime(year + 1, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    last = after - timedelta(microseconds=1)
    return DateFolder(found["flow_folder"], found["flow"], first, last, bool(day))
