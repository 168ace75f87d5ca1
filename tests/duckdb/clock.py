"""Times as microseconds since 1970 in UTC, and what the model's calendar makes of them."""

from datetime import date, datetime, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo

from meaning import ZONE

LOCAL = ZoneInfo(ZONE)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MICROSECOND = timedelta(microseconds=1)
HOUR = 3_600_000_000
NEVER = 1 << 62


def text(t):
    return (EPOCH + timedelta(microseconds=t)).isoformat()


@cache
def local(t):
    """The wall clock in the model's zone."""
    return (EPOCH + timedelta(microseconds=t)).astimezone(LOCAL).replace(tzinfo=None)


def instant(wall):
    return (wall.replace(tzinfo=LOCAL).astimezone(timezone.utc) - EPOCH) // MICROSECOND


@cache
def later(t, days):
    """So many civil days after an instant: the same wall clock time."""
    return instant(local(t) + timedelta(days=days))


@cache
def business_days_later(t, days):
    wall = local(t)
    while days:
        wall += timedelta(days=1)
        days -= wall.weekday() < 5
    return instant(wall)


@cache
def month_later(t):
    """The same day of the next month, or its last."""
    wall = local(t)
    year, month = wall.year + wall.month // 12, wall.month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return instant(wall.replace(year=year, month=month, day=min(wall.day, last)))


@cache
def last_instant(day):
    return instant(datetime(day.year, day.month, day.day) + timedelta(days=1)) - 1
