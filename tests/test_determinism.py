"""
Nothing that a simulation runs may go by real time, real entropy, addresses or the order of sets.

The same seed gives the same run only as long as that holds, on every machine and under every
PYTHONHASHSEED. This finds what a look at one module can find; what else there is shows when the
digests of two runs differ.
"""

import ast
from collections.abc import Iterator
from typing import Final

from tests.cases import UnitCase
from tests.test_rooms import modules

EDGE: Final = {
    "client.events": "prints local time for a person",
    "client.screen": "is the real terminal, and stops the real process where a person asks for it",
    "client.shell": "is the real process, its clocks and its streams",
    "client.when": "prints local time for a person",
    "control.connections": "closes real connections, in any order",
    "control.sessions": "makes secrets that nobody guesses",
    "control.stream": "ends streams on real connections, in any order",
    "demo.guard": "watches over real processes",
    "demo.nodes": "runs real processes, and takes the time from what they print",
    "demo.relay": "closes real connections, in any order",
    "demo.stage": "waits for real processes",
    "memory.directory": "writes down which process uses it",
    "memory.salvage": "names a file by the date",
    "node": "names the reactor, and hands the real clocks and the entropy to all others",
    "running": "begins a real process, and stamps the lines that a person reads",
    "showing": "prints the time for a person",
    "surfaces.logfile": "prints local time for a person",
    "surfaces.systemd": "tells the real system which process this is",
    "surfaces.terminal": "prints local time for a person",
    "system": "asks the real system how long it slept",
    "testing.campaign": "runs as many simulations as there is real time for",
    "testing.command": "begins a real process, with a seed that nobody chose",
}
"""What stands between the program and the real world, and why; simulations leave it out."""

CLOCKS: Final = (
    "time",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "datetime.date.today",
)
ENTROPY: Final = ("random", "secrets", "uuid", "os.urandom", "os.getrandom", "os.getpid")
NOT_ENTROPY: Final = ("random.Random", "uuid.UUID", "uuid.uuid3", "uuid.uuid5")

SETS: Final = {"set", "frozenset", "Set", "AbstractSet", "MutableSet", "FrozenSet"}
MAPS: Final = {"dict", "defaultdict", "Mapping", "MutableMapping", "Dict"}
COMBINED: Final = {"union", "intersection", "difference", "symmetric_difference", "copy"}
ANY_ORDER: Final = {"sorted", "set", "frozenset", "len", "any", "all", "sum", "min", "max"}
IN_ORDER: Final = {
    *("list", "tuple", "iter", "next", "enumerate", "zip", "map", "filter", "reversed", "deque"),
    *("join", "extend", "fromkeys", "choice", "choices", "sample", "OrderedDict", "chain"),
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def called(node: ast.AST) -> str:
    """The last part of the name of what is called; nothing for other nodes."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name):
            return node.func.id
        if isinstance(node.func, ast.Attribute):
            return node.func.attr
    return ""


def head(annotation: ast.expr | None) -> str:
    """`set` of `set[str]`, of `collections.abc.Set` the last part."""
    if isinstance(annotation, ast.Subscript):
        annotation = annotation.value
    if isinstance(annotation, ast.Attribute):
        return annotation.attr
    return annotation.id if isinstance(annotation, ast.Name) else ""


def declares_set(annotation: ast.expr | None) -> bool:
    """Whether something is declared as a set whose order differs from run to run."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return declares_set(ast.parse(annotation.value, mode="eval").body)
    if isinstance(annotation, ast.BinOp):
        return declares_set(annotation.left) or declares_set(annotation.right)
    if isinstance(annotation, ast.Subscript) and head(annotation) == "Final":
        return declares_set(annotation.slice)
    # The order of integers follows from their values.
    of_numbers = isinstance(annotation, ast.Subscript) and head(annotation.slice) == "int"
    return head(annotation) in SETS and not of_numbers


def declares_map_of_sets(annotation: ast.expr | None) -> bool:
    """Whether something is declared as a map whose values are such sets."""
    if not isinstance(annotation, ast.Subscript) or head(annotation) not in MAPS:
        return False
    return isinstance(annotation.slice, ast.Tuple) and declares_set(annotation.slice.elts[-1])


class Names:
    """What is known of the names of a module, or of one function in it."""

    def __init__(self, tree: ast.AST, outer: "Names | None" = None) -> None:
        self.sets: set[str] = set() if outer is None else set(outer.sets)
        self.maps: set[str] = set() if outer is None else set(outer.maps)
        self.makers: set[str] = set() if outer is None else set(outer.makers)
        # Twice: one assignment may say what the next one is.
        for _ in range(2):
            for node in ast.walk(tree):
                self._learn(node, whole=outer is None)

    def is_set(self, node: ast.AST | None) -> bool:
        """Whether it is known to be a set."""
        if isinstance(node, ast.Set | ast.SetComp):
            return True
        if isinstance(node, ast.Name | ast.Attribute):
            return self._named(node) in self.sets
        if isinstance(node, ast.BinOp):
            combines = isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub | ast.BitXor)
            return combines and (self.is_set(node.left) or self.is_set(node.right))
        if isinstance(node, ast.IfExp):
            return self.is_set(node.body) or self.is_set(node.orelse)
        if isinstance(node, ast.BoolOp):
            return any(self.is_set(value) for value in node.values)
        if isinstance(node, ast.Subscript):
            return self._named(node.value) in self.maps
        return isinstance(node, ast.Call) and self._makes_set(node)

    def _makes_set(self, call: ast.Call) -> bool:
        name = called(call)
        if isinstance(call.func, ast.Name):
            numbers = bool(call.args) and called(call.args[0]) == "range"
            return (name in ("set", "frozenset") and not numbers) or name in self.makers
        assert isinstance(call.func, ast.Attribute) or not name
        of = call.func.value if isinstance(call.func, ast.Attribute) else None
        if name in COMBINED and self.is_set(of):
            return True
        if name in ("get", "setdefault", "pop") and self._named(of) in self.maps:
            return True
        return f".{name}" in self.makers

    def _learn(self, node: ast.AST, *, whole: bool) -> None:
        if isinstance(node, ast.AnnAssign):
            self._declared(node.target, node.annotation, whole=whole)
        elif isinstance(node, ast.arg) and not whole:
            self._declared(ast.Name(node.arg), node.annotation, whole=False)
        elif isinstance(node, ast.Assign) and self.is_set(node.value):
            for target in node.targets:
                self._declared(target, ast.Name("set"), whole=whole)
        elif isinstance(node, Function) and declares_set(node.returns):
            plain = [ast.unparse(one) for one in node.decorator_list]
            method = bool(node.args.args) and node.args.args[0].arg in ("self", "cls")
            if "property" in plain or "cached_property" in plain:
                self.sets.add(f".{node.name}")
            else:
                self.makers.add(f".{node.name}" if method else node.name)

    def _declared(self, target: ast.expr, annotation: ast.expr | None, *, whole: bool) -> None:
        names = {self._named(target)}
        if isinstance(target, ast.Name) and whole:
            # A field of a class, which is read as an attribute.
            names.add(f".{target.id}")
        if declares_set(annotation):
            self.sets |= names
        elif declares_map_of_sets(annotation):
            self.maps |= names

    def _named(self, node: ast.AST | None) -> str:
        if isinstance(node, ast.Attribute):
            return f".{node.attr}"
        return node.id if isinstance(node, ast.Name) else ""


class Lint(ast.NodeVisitor):
    """Collects what is wrong with one module."""

    def __init__(self, tree: ast.Module) -> None:
        self.wrong: list[tuple[int, str]] = []
        self._imported: dict[str, str] = {}
        said = [*_outside_functions(tree), *_methods(tree)]
        self._names = Names(ast.Module(said, []))
        self._spared: set[int] = set()
        self.visit(tree)

    def visit_Import(self, node: ast.Import) -> None:
        """`import x` and `import x as y`."""
        for alias in node.names:
            self._imported[alias.asname or alias.name.split(".")[0]] = (
                alias.name if alias.asname else alias.name.split(".")[0]
            )

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """`from x import y`: what is imported is going to be used."""
        for alias in node.names:
            name = f"{node.module}.{alias.name}"
            self._imported[alias.asname or alias.name] = name
            self._judge(name, node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Names in it are its own."""
        self._inside(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """Likewise."""
        self._inside(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """`time.monotonic`, called or handed on."""
        name = self._full(node)
        if name is not None:
            self._judge(name, node)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """What is called, and with what."""
        name = called(node)
        if isinstance(node.func, ast.Name) and name in ("id", "hash"):
            self._say(node, f"{name}() differs from run to run")
        if self._full(node.func) == "random.Random" and not node.args:
            self._say(node, "Random() without a seed is entropy")
        if name in ANY_ORDER:
            self._spare(node.args)
        if name in IN_ORDER:
            for argument in node.args:
                self._goes_through(argument)
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                self._goes_through(argument.value)
        if name == "pop" and not node.args and isinstance(node.func, ast.Attribute):
            self._goes_through(node.func.value)
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        """Loops."""
        self._goes_through(node.iter)
        self.generic_visit(node)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        """Lists."""
        self._comprehends(node, node.generators)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        """Dicts, which keep the order."""
        self._comprehends(node, node.generators)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        """Whatever takes it."""
        self._comprehends(node, node.generators)

    def visit_YieldFrom(self, node: ast.YieldFrom) -> None:
        """Whoever asks."""
        self._goes_through(node.value)
        self.generic_visit(node)

    def visit_List(self, node: ast.List) -> None:
        """`[*them]`."""
        self._unpacks(node)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        """`(*them,)`."""
        self._unpacks(node)

    def _unpacks(self, node: ast.List | ast.Tuple) -> None:
        for element in node.elts:
            if isinstance(element, ast.Starred) and isinstance(element.ctx, ast.Load):
                self._goes_through(element.value)
        self.generic_visit(node)

    def _comprehends(self, node: ast.expr, generators: list[ast.comprehension]) -> None:
        if id(node) not in self._spared:
            for generator in generators:
                self._goes_through(generator.iter)
        self.generic_visit(node)

    def _spare(self, nodes: list[ast.expr]) -> None:
        self._spared |= {id(node) for node in nodes}

    def _inside(self, node: Function) -> None:
        outer, self._names = self._names, Names(node, self._names)
        self.generic_visit(node)
        self._names = outer

    def _goes_through(self, node: ast.expr) -> None:
        if self._names.is_set(node):
            self._say(node, "the order of a set differs from run to run; sort it")

    def _full(self, node: ast.expr) -> str | None:
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self._imported:
            return None
        return ".".join([self._imported[node.id], *parts])

    def _judge(self, name: str, node: ast.AST) -> None:
        if _within(name, CLOCKS):
            self._say(node, f"{name} is real time; take a clock")
        elif _within(name, ENTROPY) and not _within(name, NOT_ENTROPY):
            self._say(node, f"{name} is entropy; take a stream of chance")

    def _say(self, node: ast.AST, what: str) -> None:
        self.wrong.append((getattr(node, "lineno", 0), what))


def _within(name: str, whole: tuple[str, ...]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in whole)


def _outside_functions(tree: ast.AST) -> list[ast.stmt]:
    """Statements of a module and of its classes, without those of functions."""
    found: list[ast.stmt] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            found += _outside_functions(node)
        elif isinstance(node, Function):
            found.append(_signature(node))
        elif isinstance(node, ast.stmt):
            found.append(node)
    return found


def _signature(node: Function) -> ast.stmt:
    """A function without what is in it."""
    return ast.FunctionDef(
        name=node.name,
        args=node.args,
        body=[],
        decorator_list=node.decorator_list,
        returns=node.returns,
    )


def _methods(tree: ast.AST) -> list[ast.stmt]:
    """What functions say of attributes, which is known everywhere."""
    return [
        node
        for node in ast.walk(tree)
        if (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Attribute))
        or (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute))
    ]


def lint(tree: ast.Module) -> list[tuple[int, str]]:
    """What is wrong with a module, by line."""
    return sorted(Lint(tree).wrong)


GOOD: Final = {
    "a clock of one's own": "now = clock.seconds()",
    "a time that was told": "from datetime import datetime\nx = datetime.fromtimestamp(wall())",
    "a seeded stream": "from random import Random\nx = Random(seed).random()",
    "a stream that was given": "def f(random):\n    return random.choice(names)",
    "an attribute of that name": "x = self.time.monotonic() + self.random.random()",
    "a sorted set": "for x in sorted({1, 2}): pass",
    "a set in no order": "x = len(s := set(y)), any(a for a in set(y)), {a for a in set(y)}",
    "a test for membership": "def f(known: set[str]):\n    return [x for x in names if x in known]",
    "a set of numbers": "def f(dirty: set[int]):\n    for x in dirty: pass",
    "another function's set": "def f(x: set[str]): pass\ndef g(x: list[str]):\n    return list(x)",
    "a dict": "def f(x: dict[str, None]):\n    for y in x: pass",
    "numbers of a dict": "x = {'a': 1}.pop('a')",
    "a method called id": "x = self.id() + peer.hash()",
}

BAD: Final = {
    "time.time": "import time\nnow = time.time()",
    "a clock that is handed on": "import time\nmake(time.monotonic)",
    "a clock by its own name": "from time import monotonic",
    "a clock by another name": "import time as t\nt.sleep(1)",
    "now": "from datetime import datetime\nx = datetime.now()",
    "now, in full": "import datetime\nx = datetime.datetime.now(zone)",
    "functions of random": "import random\nx = random.random()",
    "a function of random": "from random import choice",
    "the entropy of the system": "from random import SystemRandom",
    "a stream without a seed": "from random import Random\nx = Random()",
    "urandom": "import os\nx = os.urandom(8)",
    "secrets": "from secrets import token_hex",
    "uuid4": "import uuid\nx = uuid.uuid4()",
    "id": "x = id(self)",
    "hash": "x = hash(name) % 7",
    "a loop": "for x in {a, b}: pass",
    "a list": "x = list(set(names))",
    "a comprehension": "x = [y for y in frozenset(names)]",
    "a generator": "x = tuple(f(y) for y in set(names))",
    "a dict in that order": "x = {y: 1 for y in set(names)}",
    "a field": "class A:\n    known: set[str]\n    def f(self):\n        for x in self.known: pass",
    "an attribute": "class A:\n    def __init__(self):\n        self._x = set()\n"
    "    def f(self):\n        return list(self._x)",
    "a declared attribute": "class A:\n    def __init__(self):\n        self._x: set[str] = make()\n"
    "    def f(self):\n        return [*self._x]",
    "an argument": "def f(x: frozenset[str]):\n    yield from x",
    "an argument in words": "def f(x: 'set[str] | None'):\n    return list(x or ())",
    "a local name": "def f():\n    x = set(a) | set(b)\n    y = x - c\n    return ', '.join(y)",
    "a constant": "from typing import Final\nX: Final[frozenset[str]] = make()\nfor x in X: pass",
    "what a function returns": "def f() -> set[str]: ...\nfor x in f(): pass",
    "what a method returns": "class A:\n    def f(self) -> set[str]: ...\n"
    "    def g(self):\n        return list(self.f())",
    "a property": "class A:\n    @property\n    def x(self) -> set[str]: ...\nlist(a.x)",
    "one of a map": "class A:\n    x: dict[str, set[str]]\n    def f(self):\n"
    "        return list(self.x['a']), list(self.x.get('b', ()))",
    "any one of them": "def f(x: set[str]):\n    return x.pop()",
    "arguments": "def f(x: set[str]):\n    return g(*x)",
    "a draw": "def f(x: set[str]):\n    return self.random.choice(list(x))",
}


def everything() -> Iterator[tuple[str, ast.Module]]:
    """Every module that simulations may run."""
    for name, tree in modules():
        if name not in EDGE:
            yield name, tree


class DeterminismTests(UnitCase):
    """The same seed, the same run."""

    def test_the_program(self) -> None:
        """Nothing outside of the edge goes by what differs from run to run."""
        wrong = [
            f"{name}:{line} {what}" for name, tree in everything() for line, what in lint(tree)
        ]
        self.assertEqual([], wrong)

    def test_the_edge(self) -> None:
        """Nobody is excused who need not be, or is not there any more."""
        needed = {name for name, tree in modules() if name in EDGE and lint(tree)}
        self.assertEqual(set(EDGE), needed)

    def test_what_is_found(self) -> None:
        """Each rule finds what it is for."""
        for what, source in BAD.items():
            self.assertNotEqual([], lint(ast.parse(source)), what)

    def test_what_is_not_wrong(self) -> None:
        """What is in order is left in peace."""
        for what, source in GOOD.items():
            self.assertEqual([], lint(ast.parse(source)), what)
