"""
How much is logged.
"""

from typing import Any

from twisted.logger import LogEvent, Logger, LogLevel

from gossip import logs
from gossip.logs import Levels, Threshold
from tests.cases import UnitCase

LEVELS = (LogLevel.debug, LogLevel.info, LogLevel.warn, LogLevel.error, LogLevel.critical)


def passed(threshold: Threshold, namespace: str = "gossip.mesh.talk") -> list[str]:
    """The levels at which a logger is heard."""
    return [
        level.name
        for level in LEVELS
        if threshold.passes({"log_level": level, "log_namespace": namespace})
    ]


class ThresholdTests(UnitCase):
    """What the setting means."""

    def test_parse(self) -> None:
        """Words for all and for parts; what is not understood is kept for a warning."""
        for text, default, parts, unknown in (
            ("", "warn", (), ()),
            (" , ,", "warn", (), ()),
            ("debug", "debug", (), ()),
            (" INFO ", "info", (), ()),
            ("trace", "trace", (), ()),
            ("off", "off", (), ()),
            ("error,debug", "debug", (), ()),
            ("warn,gossip.mesh=debug", "warn", (("gossip.mesh", "debug"),), ()),
            ("a=info", "warn", (("a", "info"),), ()),
            (" a = Info ,error", "error", (("a", "info"),), ()),
            ("a=info,a=off", "warn", (("a", "off"),), ()),
            ("a=info,a.b=debug", "warn", (("a.b", "debug"), ("a", "info")), ()),
            ("loud", "warn", (), ("loud",)),
            ("a=loud,info", "info", (), ("a=loud",)),
            ("=debug, =info", "warn", (), ("=debug", "=info")),
            ("a=", "warn", (), ("a=",)),
            ("a=b=info", "warn", (("a=b", "info"),), ()),
            ("hyper::client=debug", "warn", (("hyper::client", "debug"),), ()),
        ):
            threshold = Threshold.parse(text)
            self.assertEqual(default, threshold.default, text)
            self.assertEqual(parts, threshold.parts, text)
            self.assertEqual(unknown, threshold.unknown, text)

    def test_words(self) -> None:
        """Each word lets through itself and what is graver; `off` nothing at all."""
        for word, first in (
            ("trace", "debug"),
            ("debug", "debug"),
            ("info", "info"),
            ("warn", "warn"),
            ("error", "error"),
        ):
            names = [level.name for level in LEVELS]
            self.assertEqual(names[names.index(first) :], passed(Threshold.parse(word)))
        self.assertEqual([], passed(Threshold.parse("off")))

    def test_parts(self) -> None:
        """The longest part that a logger is in counts; a part is not any that begins alike."""
        threshold = Threshold.parse("off,gossip=error,gossip.mesh=debug,gossip.mesh.book=info")
        for namespace, word in (
            ("twisted.web", "off"),
            ("gossip", "error"),
            ("gossip.wire.frames", "error"),
            ("gossip.mesh", "debug"),
            ("gossip.mesh.talk", "debug"),
            ("gossip.mesh.book", "info"),
            ("gossip.mesh.bookworm", "debug"),
            ("gossip.meshes", "error"),
            ("gossips", "off"),
            ("", "off"),
        ):
            self.assertEqual(word, threshold.word(namespace), namespace)

    def test_event_of_another_library(self) -> None:
        """An event without level is taken for information, one without a part for none."""
        self.assertTrue(Threshold.parse("info").passes({}))
        self.assertFalse(Threshold.parse("warn").passes({}))


class LevelsTests(UnitCase):
    """What goes on to the log."""

    def test_passes_on_what_is_loud_enough(self) -> None:
        """The rest is not even formatted."""
        heard: list[LogEvent] = []
        keep: Any = heard.append
        talk = Logger("gossip.mesh", observer=Levels(Threshold.parse("warn"), keep))
        talk.info("one")
        talk.warn("two")
        self.assertEqual(["two"], [event["log_format"] for event in heard])


class ConfigureTests(UnitCase):
    """Where the setting comes from."""

    def setUp(self) -> None:
        """Keep what is warned of, and put everything back."""
        self.heard: list[LogEvent] = []
        self.patch(logs.levels, "_observer", self.heard.append)
        self.patch(logs.levels, "threshold", Threshold())

    def configured(self, **environment: str) -> str:
        """The word that holds after an environment was read."""
        logs.configure(environment)
        return logs.levels.threshold.default

    def test_sources(self) -> None:
        """Our variable, or where it is not set at all the one of others, or the default."""
        self.assertEqual("warn", self.configured())
        self.assertEqual("info", self.configured(RUST_LOG="info"))
        self.assertEqual("debug", self.configured(P2P_GOSSIP_LOG="debug", RUST_LOG="info"))
        self.assertEqual("warn", self.configured(P2P_GOSSIP_LOG="", RUST_LOG="info"))
        self.assertEqual("warn", self.configured(RUST_LOG=""))
        self.assertEqual([], self.heard)

    def test_unknown_words_are_warned_of(self) -> None:
        """Each is named, and the others hold."""
        self.assertEqual("info", self.configured(P2P_GOSSIP_LOG="loud,info,{x}=y"))
        self.assertEqual(["loud", "{x}=y"], [event["word"] for event in self.heard])
        self.assertEqual({LogLevel.warn}, {event["log_level"] for event in self.heard})

    def test_off_warns_of_nothing(self) -> None:
        """Who wants no log gets none."""
        self.assertEqual("off", self.configured(P2P_GOSSIP_LOG="off,loud"))
        self.assertEqual([], self.heard)
