"""
How much is logged: the levels of `P2P_GOSSIP_LOG`, for this program's own loggers.

Every logger of ours observes through `levels`, so that the same setting holds on stderr, under
twistd, and inside somebody else's program.
"""

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen
from twisted.logger import ILogObserver, LogEvent, Logger, LogLevel, globalLogPublisher
from zope.interface import implementer

_WORDS: Final = {
    "off": None,
    "error": LogLevel.error,
    "warn": LogLevel.warn,
    "info": LogLevel.info,
    "debug": LogLevel.debug,
    # Twisted has nothing below debug.
    "trace": LogLevel.debug,
}
_DEFAULT = "warn"


@frozen
class Threshold:
    """A parsed setting: the word for everything, and words for parts of the program."""

    default: str = _DEFAULT
    parts: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = field(default=(), eq=False)
    """What could not be understood, for a warning."""

    @classmethod
    def parse(cls, text: str) -> "Threshold":
        """Read e.g. `warn,gossip.mesh=debug`. What is not understood is left out, and kept."""
        default = _DEFAULT
        parts: dict[str, str] = {}
        unknown = []
        for item in filter(None, (part.strip() for part in text.split(","))):
            name, equals, word = item.rpartition("=")
            word = word.strip().lower()
            if word not in _WORDS or (equals and not name.strip()):
                unknown.append(item)
            elif equals:
                parts[name.strip()] = word
            else:
                default = word
        longest_first = sorted(parts.items(), key=lambda part: -len(part[0]))
        return cls(default, tuple(longest_first), tuple(unknown))

    def word(self, namespace: str) -> str:
        """The word that holds for a logger: the longest part that it is in, or the default."""
        for part, word in self.parts:
            if namespace == part or namespace.startswith(f"{part}."):
                return word
        return self.default

    def passes(self, event: LogEvent) -> bool:
        """Whether an event is loud enough."""
        least = _WORDS[self.word(event.get("log_namespace", ""))]
        level = event.get("log_level", LogLevel.info)
        return least is not None and level >= least


@implementer(ILogObserver)
class Levels:
    """Passes on to the global publisher what the threshold lets through."""

    def __init__(self, threshold: Threshold, observer: ILogObserver) -> None:
        self.threshold = threshold
        self._observer = observer

    def __call__(self, event: LogEvent) -> None:
        """Observe one event."""
        if self.threshold.passes(event):
            self._observer(event)


levels: Final = Levels(Threshold(), globalLogPublisher)
_log: Final = Logger(observer=levels)


def configure(environment: Mapping[str, str], wanted: str | None = None) -> None:
    """
    Take the levels that are wanted, else from `P2P_GOSSIP_LOG`, or else from `RUST_LOG`.

    Unknown words are warned of.
    """
    text = wanted if wanted is not None else environment.get("P2P_GOSSIP_LOG")
    if text is None:
        text = environment.get("RUST_LOG", "")
    levels.threshold = Threshold.parse(text)
    for word in levels.threshold.unknown:
        _log.warn("the log level {word!r} is not known, and is ignored", word=word)
