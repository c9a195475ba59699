"""
The rooms of the house: who may import whom, and which modules are pure (docs/design.rst).
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import gossip
from tests.cases import UnitCase

ROOT = Path(gossip.__file__).parent
TESTS = Path(__file__).parent

MAY_IMPORT = {
    "wire": {"wire"},
    "trust": {"trust", "wire.errors", "wire.plain", "wire.messages"},
    "mesh": {"", "mesh", "wire", "trust", "settings", "logs"},
    "mesh.parts": {"mesh", "sight", "wire", "trust", "settings"},
    "sight": {"sight", "mesh", "wire", "trust", "settings", "logs"},
    "memory": {
        *("memory", "mesh.memories", "mesh.status"),
        *("trust.identity", "wire.messages", "wire.bucket", "logs"),
    },
    "control": {
        *("", "control", "mesh.figures", "mesh.status", "sight.picture"),
        *("surfaces.text", "wire.bucket", "wire.census", "logs"),
    },
    "page": set(),
    "client": {
        *("", "client", "mesh.status", "sight.picture", "sight.verdicts"),
        *("options", "trust.identity"),
        "demo.performance",
        *("surfaces.terminal", "surfaces.text"),
    },
    "demo": {"", "demo", "surfaces.text"},
    "surfaces": {"surfaces.text", "mesh.status", "logs"},
    "testing": {
        *("", "testing", "mesh", "sight", "wire", "trust"),
        *("settings", "logs", "surfaces.text"),
    },
    "settings": {"", "mesh.addresses", "trust.identity"},
    "logs": set(),
    "system": set(),
    "config": set(),
    "reloading": {"settings"},
    "options": {
        *("", "control.hosts", "settings", "mesh.addresses"),
        *("trust.identity", "trust.records"),
    },
    "listeners": {"mesh.addresses"},
    "doors": {"listeners", "mesh.addresses", "mesh.meter", "settings", "trust.credentials"},
    "keys": {"logs", "settings", "trust.credentials", "trust.identity"},
    "keeping": {"keys", "memory.history", "mesh.memories", "settings", "trust.identity"},
    "lasting": {"keys", "memory", "mesh.memories", "settings", "trust.identity"},
    "showing": {"logs", "mesh.status", "settings", "surfaces"},
    "asking": {"control", "mesh.status", "sight.picture"},
    "answering": {"doors", "keys", "logs", "mesh.status", "settings"},
    "node": {
        *(
            "answering",
            "doors",
            "keeping",
            "keys",
            "reloading",
            "showing",
            "system",
        ),
        *("trust", "mesh", "settings", "logs", "listeners"),
    },
    "cli": set(),
    "starting": {"options", "surfaces.text"},
    "running": {
        *("node", "logs", "settings"),
        *("surfaces.logfile", "surfaces.outlet", "surfaces.text"),
    },
    "tap": {"node", "options"},
    "__init__": set(),
    "__main__": {"cli"},
}

PURE = {
    *("client.commands", "client.errors", "client.order", "client.shades", "client.words"),
    "demo.sentences",
    *(
        "control.documents",
        "control.hosts",
        "control.naming",
        "control.parameters",
        "control.problems",
    ),
    *("wire.bucket", "wire.errors", "wire.plain", "wire.frames", "wire.messages", "wire.session"),
    *("wire.census", "wire.stalls", "wire.terms", "wire.traffic"),
    *("trust.records", "trust.policy", "trust.signing", "trust.identity"),
    *("mesh.addresses", "mesh.book", "mesh.gate", "mesh.liveness", "mesh.own", "mesh.pairing"),
    "mesh.figures",
    "memory.rations",
    "memory.rows",
    *("sight.diagnoses", "sight.findings", "sight.headline", "sight.losses", "sight.marks"),
    *("sight.network", "sight.paths", "sight.picture", "sight.verdicts"),
    "trust.rows",
    *("mesh.memories", "mesh.status", "mesh.tlsrecords", "mesh.trail", "mesh.twins", "mesh.view"),
    *("mesh.beat", "mesh.wall"),
    *("reloading", "settings", "surfaces.text"),
    *("testing.plan", "testing.progress", "testing.report", "testing.shrink", "testing.unrest"),
}

IMPURE = {"twisted", "time", "random", "secrets", "os", "socket", "asyncio", "threading", "OpenSSL"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the program by its name below `gossip`, parsed."""
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        yield name, ast.parse(path.read_text(), str(path))


def imported(tree: ast.AST) -> Iterator[str]:
    """The full name of everything that is imported below a node."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(name: str) -> str | None:
    """The part of an imported name below `gossip`; None for other people's modules."""
    head, _, rest = name.partition(".")
    return rest if head == "gossip" else None


def permitted(name: str, allowed: set[str]) -> bool:
    """Whether an imported name is in one of the allowed rooms or modules."""
    if name == "__version__":
        return "" in allowed
    return any(name == room or name.startswith(f"{room}.") for room in allowed if room)


class RoomsTests(UnitCase):
    """Imports go the way that the design says."""

    def test_each_room_imports_only_what_it_may(self) -> None:
        """No module reaches into a room that is not open to it."""
        wrong = []
        for name, tree in modules():
            allowed = MAY_IMPORT.get(name) or MAY_IMPORT[name.split(".")[0]]
            for full in imported(tree):
                inner = ours(full)
                if inner is not None and not permitted(inner, allowed):
                    wrong.append(f"{name} imports gossip.{inner}")
        self.assertEqual([], wrong)

    def test_surfaces_do_not_know_each_other(self) -> None:
        """A surface imports of its own room only how text is made safe."""
        for name, tree in modules():
            if name.startswith("surfaces."):
                for full in imported(tree):
                    inner = ours(full) or ""
                    if inner.startswith("surfaces."):
                        self.assertTrue(inner.startswith("surfaces.text."), (name, inner))

    def test_pure_modules_import_nothing_that_acts(self) -> None:
        """Time, chance, files and the network come in as arguments."""
        wrong = []
        for name, tree in modules():
            if name in PURE:
                heads = {full.split(".")[0] for full in imported(tree)}
                wrong += [f"{name} imports {head}" for head in sorted(heads & IMPURE)]
        self.assertEqual([], wrong)

    def test_every_pure_module_exists(self) -> None:
        """The list of pure modules does not outlive them."""
        self.assertEqual(set(), PURE - {name for name, _ in modules()})

    def test_rooms_themselves_import_nothing(self) -> None:
        """A package's own module holds words, so that importing one thing does not import all."""
        for name, tree in modules():
            if name.endswith("__init__"):
                self.assertEqual([], list(imported(tree)), name)

    def test_imports_stand_at_the_top(self) -> None:
        """None in a function, none relative, none for the type checker alone."""
        for name, tree in modules():
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.If):
                    self.assertEqual([], list(imported(node)), f"{name}:{node.lineno}")
                if isinstance(node, ast.ImportFrom):
                    self.assertEqual(0, node.level, f"{name}:{node.lineno}")

    def test_only_the_node_names_the_reactor(self) -> None:
        """Everything else takes the clock, the endpoints or the reactor that it is given."""
        named = {name for name, tree in modules() if "twisted.internet.reactor" in imported(tree)}
        self.assertEqual({"node"}, named)

    def test_only_credentials_know_openssl(self) -> None:
        """TLS is made in one module."""
        users = {
            name for name, tree in modules() if any(m.startswith("OpenSSL") for m in imported(tree))
        }
        self.assertEqual({"trust.credentials"}, users)

    def test_every_module_has_its_tests(self) -> None:
        """Tests mirror rooms, module for module."""
        missing = []
        for name, _ in modules():
            *rooms, module = name.split(".")
            if module not in ("__init__", "__main__"):
                test = TESTS.joinpath(*rooms, f"test_{module}.py")
                missing += [] if test.exists() else [str(test.relative_to(TESTS))]
        self.assertEqual([], missing)

    def test_modules_can_be_read_in_one_sitting(self) -> None:
        """None is longer than 400 lines."""
        for path in sorted(ROOT.rglob("*.py")):
            lines = len(path.read_text().splitlines())
            self.assertLessEqual(lines, 400, path.relative_to(ROOT))
