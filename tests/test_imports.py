"""The arrows between the rooms of helpers: they go one way, and no framework meets the other."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

HELPERS = Path(__file__).resolve().parents[1] / "helpers"
# A room may import those that stand below it, and its own files.
FLOORS = (
    {"base"},
    {"presets", "device"},
    {"data"},
    {"training"},
    {"plotting", "tables", "metrics", "controls"},
    {"recording"},
    {"player", "exercises"},
)
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
MODULES = {
    ".".join(path.relative_to(HELPERS.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in HELPERS.rglob("*.py")
}
PYTORCH, KERAS = {"torch", "torchvision"}, {"keras", "tensorflow"}
# What must not be loaded with a module: its name, or the last part of it.
APART = {
    "pytorch": KERAS,
    "keras": PYTORCH,
    "images": PYTORCH | KERAS,
    "points": PYTORCH | KERAS,
    "controls": PYTORCH | KERAS,
    "recording": PYTORCH | KERAS,
    "player": PYTORCH | KERAS,
    "helpers": PYTORCH | KERAS | {"numpy", "matplotlib"},
}


def imports(module: str) -> set[str]:
    """Return what a module imports, also inside of its functions, but for types alone."""
    waiting: list[ast.AST] = [ast.parse(MODULES[module].read_text(encoding="utf-8"))]
    found = set()
    while waiting:
        node = waiting.pop()
        if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            parts = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= parts & set(MODULES) or {node.module}  # a module of a package, or a name in it
    return found


def reached(module: str) -> set[str]:
    """Return all that is imported when a module is, through our own modules too."""
    seen, waiting = set(), [module]
    while waiting:
        for name in imports(waiting.pop()) - seen:
            parts = name.split(".")
            parents = {".".join(parts[:n]) for n in range(1, len(parts) + 1)}
            waiting += (parents - seen) & set(MODULES)
            seen |= parents
    return seen


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down_and_never_to_notebooks_or_tests(module):
    room = module.split(".")[1:2]
    for name in imports(module):
        top, *below = name.split(".")[:2]
        assert top not in ("notebooks", "tests")
        if top == "helpers" and below:  # the version alone stands in helpers itself
            assert below == room or LEVEL[below[0]] < LEVEL[room[0]], name


@pytest.mark.parametrize("module", [name for name in MODULES if name.split(".")[-1] in APART])
def test_no_module_meets_the_framework_of_the_other(module):
    assert not reached(module) & APART[module.split(".")[-1]]


def test_there_is_no_circle():
    graph = {module: imports(module) & set(MODULES) for module in MODULES}
    TopologicalSorter(graph).prepare()  # raises CycleError
