"""
Which peer a text means.
"""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gossip.control.naming import SHORTEST, Ambiguous, fits, only
from gossip.mesh.status import PeerStatus, Unknown
from tests.cases import UnitCase
from tests.control.fakes import peer

A, B = "ab" * 32, "abab" + "0" * 60


def identify(text: str, peers: list[PeerStatus]) -> str:
    """The id of the one of these peers that is meant."""
    return only(text, list(filter(fits(text), peers)))


def called(id_: str, name: str) -> PeerStatus:
    """A peer with an id and a name."""
    return replace(peer(0), id=id_, name=name)


class IdentifyTests(UnitCase):
    """Ids, beginnings of ids, names."""

    def test_a_whole_id(self) -> None:
        """It means its owner, in either case of its digits."""
        self.assertEqual(A, identify(A, [called(A, "a"), called(B, "b")]))
        self.assertEqual(A, identify(A.upper(), [called(A, "a"), called(B, "b")]))

    def test_a_whole_id_means_nobody_with_that_name(self) -> None:
        """Who takes another's id as a name is not found by it, and does not hide the other."""
        self.assertEqual(A, identify(A, [called(B, A), called(A, "a")]))
        self.assertRaises(Unknown, identify, A, [called(B, A)])

    def test_the_beginning_of_an_id(self) -> None:
        """It means the one whose id begins so."""
        self.assertEqual(B, identify("abab0", [called(A, "a"), called(B, "b")]))

    def test_a_beginning_that_fits_two(self) -> None:
        """It means nobody, and those that it fits are told."""
        both = [called(A, "a"), called(B, "b")]
        error = self.assertRaises(Ambiguous, identify, "abab", both)
        self.assertEqual(("abab", both), (error.text, error.candidates))

    def test_a_beginning_has_four_digits(self) -> None:
        """Fewer are no beginning, but may be a name."""
        self.assertEqual(4, SHORTEST)
        self.assertRaises(Unknown, identify, "aba", [called(A, "a")])
        self.assertEqual(B, identify("aba", [called(A, "a"), called(B, "aba")]))

    def test_a_name(self) -> None:
        """It is compared as it is, to the last character."""
        everyone = [called(A, "Node"), called(B, "node")]
        self.assertEqual(A, identify("Node", everyone))
        for text in ("nod", "node ", "NODE", ""):
            self.assertRaises(Unknown, identify, text, everyone)

    def test_a_name_of_two(self) -> None:
        """It means nobody."""
        self.assertRaises(Ambiguous, identify, "n", [called(A, "n"), called(B, "n")])

    def test_a_name_that_looks_like_the_beginning_of_an_id(self) -> None:
        """It means nobody where it is one, since anybody may take it."""
        self.assertRaises(Ambiguous, identify, "abab0", [called(A, "abab0"), called(B, "b")])
        self.assertEqual(A, identify("abab", [called(A, "abab")]))

    @settings(deadline=None, database=None)
    @given(
        st.text(max_size=70),
        st.lists(st.sampled_from("0123456789abcdef"), min_size=64, max_size=64),
    )
    def test_whoever_is_found_fits(self, text: str, digits: list[str]) -> None:
        """Nobody is found by what is neither in the id nor the name."""
        owner = called("".join(digits), "a name")
        try:
            found = identify(text, [owner])
        except Unknown:
            self.assertNotEqual("a name", text)
        else:
            self.assertTrue(text == owner.name or found.startswith(text.lower()))
