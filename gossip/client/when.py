"""
Points of time for people, by the clock and the calendar of where they are.
"""

from time import localtime, strftime


def date(moment: float) -> str:
    """A day and a time; a moment that no calendar has is a number."""
    return _put("%Y-%m-%d %H:%M:%S", moment)


def clock(moment: float) -> str:
    """A time of day."""
    return _put("%H:%M:%S", moment)


def lately(moment: float, now: float) -> str:
    """A time of day where it was today, and else with its day."""
    return clock(moment) if date(moment)[:10] == date(now)[:10] else date(moment)


def _put(form: str, moment: float) -> str:
    try:
        return strftime(form, localtime(moment))
    except (OverflowError, ValueError, OSError):
        return f"{moment:g}"
