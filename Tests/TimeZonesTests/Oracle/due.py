"""Prints when schedules are due in time zones, found by looking at every minute.

Reads lines of `zone;from;until;schedule` (seconds since 1970, five fields), and answers each with a line of seconds.
A clock is what it has shown at most up to a minute: so a local time that is left out is due when the clock has passed
it, and one that comes twice is due once. A schedule whose hour is `*` looks at what the clock shows instead.
"""
import sys
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

RANGES = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]


def numbers(field, low, high):
    found = set()
    for item in field.split(","):
        item, _, step = item.partition("/")
        first, _, last = (f"{low}-{high}" if item == "*" else item).partition("-")
        found.update(range(int(first), int(last or first) + 1, int(step or 1)))
    return found


def is_named(local, fields, sets):
    minutes, hours, days, months, weekdays = sets
    if local.minute not in minutes or local.hour not in hours or local.month not in months:
        return False
    by_month = local.day in days
    weekday = local.isoweekday() % 7
    by_week = weekday in weekdays or (weekday == 0 and 7 in weekdays)
    if fields[2].startswith("*") or fields[4].startswith("*"):
        return by_month and by_week
    return by_month or by_week


def due(zone, start, until, fields):
    sets = [numbers(field, *limits) for field, limits in zip(fields, RANGES)]
    zone = ZoneInfo(zone)
    shown = None
    for second in range(start - 86400, until + 1, 60):
        local = datetime.fromtimestamp(second, timezone.utc).astimezone(zone)
        passed = int(local.replace(tzinfo=timezone.utc).timestamp()) // 60
        if fields[1] == "*":
            hit = is_named(local, fields, sets)
        else:
            hit = False
            for minute in range((passed if shown is None else shown + 1), passed + 1):
                hit = hit or is_named(datetime.fromtimestamp(minute * 60, timezone.utc), fields, sets)
            shown = passed if shown is None else max(shown, passed)
        if hit and second > start:
            yield second


for line in sys.stdin:
    zone, start, until, schedule = line.rstrip("\n").split(";")
    print(" ".join(str(second) for second in due(zone, int(start), int(until), schedule.split())))
