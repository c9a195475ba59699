"""
Replays what the fuzzer kept and found, without it; and shows that each target can fail.
"""

from pathlib import Path

from tests.cases import UnitCase
from tests.fuzz import corpus
from tests.fuzz.__main__ import TARGETS
from tests.fuzz.corpus import CRASHERS, KEPT, Check
from tests.fuzz.seeds import SEEDS
from tests.fuzz.shapes import SHAPES
from tests.fuzz.targets import (
    addresses,
    certificates,
    frames,
    messages,
    options,
    records,
    session,
    text,
)

CHECKS: dict[str, Check] = {
    "frames": frames.check,
    "messages": messages.check,
    "records": records.check,
    "session": session.check,
    "addresses": addresses.check,
    "certificates": certificates.check,
    "text": text.check,
    "options": options.check,
}


class CorpusTests(UnitCase):
    """What lies in the repository holds."""

    def replay(self, name: str, inputs: list[bytes]) -> None:
        """Each input holds; the first that does not is shown."""
        for data in inputs:
            try:
                CHECKS[name](data)
            except Exception as error:
                raise AssertionError(f"{name}: {data!r}") from error

    def test_every_seed_holds(self) -> None:
        """Each target bears the protocol's own vectors."""
        for name, seeds in SEEDS.items():
            self.replay(name, seeds())

    def test_the_corpus_holds(self) -> None:
        """Each target bears what the fuzzer found worth keeping."""
        for name in CHECKS:
            kept = corpus.read(KEPT / name)
            self.assertGreater(len(kept), 0, name)
            self.replay(name, kept)

    def test_what_was_mended_stays_mended(self) -> None:
        """Each input that once broke something does so no more."""
        for name in CHECKS:
            self.replay(name, corpus.read(CRASHERS / name))

    def test_the_corpus_is_small(self) -> None:
        """All that is kept is less than 1 MiB, and no target has too many files."""
        size = 0
        for name in CHECKS:
            kept = corpus.read(KEPT / name)
            self.assertLessEqual(len(kept), corpus.MOST_FILES, name)
            size += sum(map(len, kept))
        self.assertLess(size, corpus.MOST_BYTES)

    def test_every_target_is_everywhere(self) -> None:
        """Each module of targets has seeds, a shape, a name on the command line, and is replayed."""
        modules = Path(frames.__file__).parent.glob("*.py")
        names = {path.stem for path in modules} - {"__init__"}
        self.assertEqual(names, set(CHECKS))
        self.assertEqual(names, set(SEEDS))
        self.assertEqual(names, set(SHAPES))
        self.assertEqual(names, set(TARGETS))

    def test_what_goes_elsewhere_is_kept(self) -> None:
        """Of inputs that take the same way only the shortest is kept, and none that a seed takes."""
        inputs = [b'{"type":"tea"}', b'{"type":"tea" }', b"[]", b'{"type":"pong","seq":1}']
        kept = corpus.minimised(messages.check, [b'{"type":"pong","seq":7}'], inputs)
        self.assertEqual([b"[]", b'{"type":"tea"}'], kept)

    def test_what_is_kept_is_what_is_read(self) -> None:
        """A directory holds exactly the inputs that took the place of others."""
        directory = Path(self.mktemp())
        corpus.save(directory, b"old")
        corpus.replace(directory, [b"new", b"newer"])
        self.assertEqual({b"new", b"newer"}, set(corpus.read(directory)))
