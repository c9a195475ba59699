"""
The command, as a program of its own.
"""

import os
import signal
from io import StringIO
from pathlib import Path

from gossip.testing import corpus
from gossip.testing.command import Options, main
from gossip.testing.profiles import PROFILES
from gossip.testing.runs import perform, run_of
from tests.cases import UnitCase
from tests.testing.programs import BROKEN, PATIENCE, run, script, start

SMALL = ("--nodes", "2", "--profile", "cold-start", "--jobs", "1")


class UsageTests(UnitCase):
    """What is wrong is said in one line, and nothing is run."""

    def refused(self, *arguments: str) -> str:
        """What is said of a wrong command line."""
        out, errors = StringIO(), StringIO()
        self.assertEqual(2, main(arguments, out, errors))
        self.assertEqual("", out.getvalue())
        said = errors.getvalue()
        self.assertEqual(1, said.count("\n"))
        self.assertTrue(said.endswith("; see python -m gossip.testing --help\n"), said)
        return said

    def test_wrong(self) -> None:
        """Each wrong option is named, with what would be right."""
        for arguments, expected in (
            (("--seeds", "5:5"), "--seeds '5:5' is not FIRST:LAST"),
            (("--seeds", "-1:5"), "--seeds '-1:5' is not"),
            (("--seeds", f"0:{2**64}"), "is not FIRST:LAST"),
            (("--seeds", "1:2:3"), "--seeds '1:2:3' is not"),
            (("--seeds", "x"), "--seeds 'x' is not"),
            (("--nodes", "1"), "--nodes 1 is not from 2 to 1000"),
            (("--nodes", "many"), "--nodes 'many' is not a whole number"),
            (("--jobs", "-1"), "--jobs -1 is not from 1"),
            (("--profile", "sunshine"), "--profile 'sunshine' is none of all, mixed"),
            (("--seconds", "nan"), "--seconds nan is not from"),
            (("--seconds", "1", "--seeds", "1:2"), "leave out --seeds"),
            (("--until-failures", "-1"), "--until-failures -1 is not from"),
            (("--trace",), "--trace needs the --replay"),
            (("--what",), "option --what not recognized"),
            (("0:1000",), "'0:1000' is not an option"),
            (("--replay", "nowhere.json"), "nowhere.json cannot be read"),
            (("--corpus", "nowhere"), "nowhere is not a directory"),
            (("--profile", "\x1b[31m"), "\\x1b[31m"),
        ):
            self.assertIn(expected, self.refused(*arguments), arguments)

    def test_options(self) -> None:
        """Seeds are a range, each of which has a profile; one seed alone is a range too."""
        options = Options()
        options.parseOptions(["--seeds", "7:17", "--nodes", "3"])
        made = list(options.runs(None))
        self.assertEqual(list(range(7, 17)), [each.seed for each in made])
        self.assertEqual(set(PROFILES), {each.profile for each in made})
        self.assertEqual({3}, {each.nodes for each in made})
        self.assertEqual(made[2], options.run_of(9))
        options = Options()
        options.parseOptions(["--seeds", "7"])
        self.assertEqual(range(7, 8), options["seeds"])

    def test_every_job_is_asked_for(self) -> None:
        """Without --jobs there is one for each core."""
        options = Options()
        options.parseOptions([])
        self.assertEqual(os.cpu_count(), options["jobs"])
        self.assertEqual(range(1000), options["seeds"])

    def test_version(self) -> None:
        """--version is that of this program."""
        ended = run("--version")
        self.assertEqual((0, True), (ended.returncode, ended.stdout.startswith("p2p-gossip ")))


class CampaignTests(UnitCase):
    """Real runs, in real processes."""

    def test_report(self) -> None:
        """Where all holds the status is 0, and the report says what was run."""
        ended = run("--seeds", "0:4", *SMALL)
        self.assertEqual((0, ""), (ended.returncode, ended.stderr), ended.stdout)
        self.assertIn("4 runs in", ended.stdout)
        self.assertTrue(ended.stdout.endswith("failures:  none\n"))

    def test_time(self) -> None:
        """For a time new seeds are run; the first is printed, and the time is kept."""
        ended = run("--seconds", "0.5", *SMALL)
        self.assertEqual(0, ended.returncode, ended.stdout + ended.stderr)
        self.assertRegex(ended.stdout, r"^seeds from \d+ on, for 0.5 s\n\d+ runs in ")

    def test_interrupt(self) -> None:
        """Ctrl-C ends all processes, and what is known by then is reported."""
        program = start(
            "--seconds", "10000", "--nodes", "2", "--profile", "cold-start", "--jobs", "2"
        )
        assert program.stdout is not None
        self.assertIn("seeds from", program.stdout.readline())
        # To the whole group, as a terminal does it.
        os.killpg(program.pid, signal.SIGINT)
        # This waits until nobody holds its outputs any more: neither it nor its workers.
        out, errors = program.communicate(timeout=PATIENCE)
        self.assertEqual((130, ""), (program.returncode, errors), out)
        self.assertRegex(out, r"\d+ runs in ")
        self.assertIn("failures:  none\n", out)
        self.assertTrue(out.endswith("interrupted\n"))

    def test_corpus(self) -> None:
        """Plans that are kept are run before the seeds, as they were written."""
        directory = str(Path(__file__).parent / "corpus")
        count = len(corpus.read_all(Path(directory)))
        ended = run("--corpus", directory, "--seeds", "0:1", *SMALL)
        self.assertEqual(0, ended.returncode, ended.stdout + ended.stderr)
        self.assertIn(f"{count + 1} runs in", ended.stdout)

    def test_digests(self) -> None:
        """On demand there is a line for each run, in the order of the seeds, and nothing else."""
        ended = run(
            "--digests", "--seeds", "0:3", "--nodes", "2", "--profile", "cold-start", "--jobs", "2"
        )
        lines = [line.split() for line in ended.stdout.splitlines()]
        self.assertEqual(["0000000000", "0000000001", "0000000002"], [line[0] for line in lines])
        options = Options()
        options.parseOptions(["--profile", "cold-start", "--nodes", "2"])
        self.assertEqual(
            [perform(options.run_of(seed)).digest for seed in range(3)],
            [line[-1] for line in lines],
        )


class ReplayTests(UnitCase):
    """One run, again."""

    def test_seed(self) -> None:
        """A seed is replayed with its operations; traced, with all that happens."""
        brief = run("--replay", "3", *SMALL)
        self.assertEqual((0, ""), (brief.returncode, brief.stderr))
        self.assertIn("boot n0\n", brief.stdout)
        self.assertIn("everything held", brief.stdout)
        traced = run("--replay", "3", "--trace", *SMALL)
        self.assertIn("PeerAlive", traced.stdout)
        self.assertGreater(traced.stdout.count("\n"), brief.stdout.count("\n"))
        self.assertEqual(brief.stdout.splitlines()[-2:], traced.stdout.splitlines()[-2:])

    def test_escaped(self) -> None:
        """What liars say is shown, and interpreted by no terminal."""
        out = StringIO()
        main(["--replay", "2", "--trace", "--profile", "hostile", "--nodes", "3"], out, StringIO())
        self.assertGreater(len(out.getvalue()), 1000)
        self.assertTrue(all(line.isprintable() for line in out.getvalue().splitlines()))


class BrokenTests(UnitCase):
    """What fails is found, made small, kept, and can be replayed."""

    def setUp(self) -> None:
        self.directory = self.mktemp()
        self.program = [script(self.directory, BROKEN)]
        self.failures = Path(self.directory, "failures")

    def test_shrunk(self) -> None:
        """Of whole scenarios of five nodes the one operation is left that breaks the invariant."""
        ended = run(
            *("--seeds", "0:3", "--profile", "partitions", "--jobs", "2"),
            *("--save", str(self.failures)),
            program=self.program,
        )
        self.assertEqual((1, ""), (ended.returncode, ended.stderr), ended.stdout)
        self.assertIn("I99 nothing_snaps at", ended.stdout)
        self.assertIn("one has snapped: \\x1b[31m", ended.stdout)
        first = ended.stdout.split("replay with: python -m gossip.testing --replay ")[1]
        path = Path(first.splitlines()[0])
        self.assertEqual(self.failures, path.parent)
        small = corpus.read(path)
        self.assertEqual(["snap"], [operation.what for operation in small.operations])
        self.assertEqual((2, 0.0), (len(small.inhabitants), small.operations[0].at))
        self.assertIsNone(perform(run_of(small)).failure)
        again = run("--replay", str(path), program=self.program)
        self.assertEqual(1, again.returncode)
        self.assertIn("I99 nothing_snaps at 2.0 s", again.stdout)

    def test_enough(self) -> None:
        """After as many failures as were asked for no more is run; without shrinking all is kept."""
        ended = run(
            *("--seeds", "0:1000", "--profile", "partitions", "--jobs", "1", "--shrink", "0"),
            *("--until-failures", "2", "--save", str(self.failures)),
            program=self.program,
        )
        self.assertEqual(1, ended.returncode, ended.stderr)
        self.assertIn("failures:  2; I99 nothing_snaps 2", ended.stdout)
        self.assertEqual(2, len(list(self.failures.iterdir())))

    def test_kept_plan_fails(self) -> None:
        """A plan of the corpus that fails is named by its file, and not written again."""
        kept = Path(self.directory, "kept")
        options = Options()
        options.parseOptions(["--profile", "partitions"])
        broken = next(
            run for run in map(options.run_of, range(100)) if "snap" in str(run.plan().operations)
        )
        kept.mkdir()
        path = kept / "old.json"
        path.write_bytes(broken.plan().to_json())
        ended = run(
            *("--corpus", str(kept), "--seeds", "0:1", "--save", str(self.failures), *SMALL),
            program=self.program,
        )
        self.assertEqual(1, ended.returncode, ended.stderr)
        self.assertIn(f"replay with: python -m gossip.testing --replay {path}", ended.stdout)
        self.assertFalse(self.failures.exists())

    def test_nowhere_to_write(self) -> None:
        """Where a plan cannot be written, the command that replays its seed is printed."""
        self.failures.write_text("a file stands there")
        ended = run(
            *("--seeds", "0:1", "--profile", "partitions", "--jobs", "1", "--shrink", "0"),
            *("--save", str(self.failures)),
            program=self.program,
        )
        self.assertEqual(1, ended.returncode, ended.stderr)
        self.assertIn("it could not be written to", ended.stdout)
        self.assertIn("--replay 0 --nodes 5 --profile partitions", ended.stdout)
