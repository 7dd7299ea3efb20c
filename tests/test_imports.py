"""The arrows between the rooms of helpers: they go one way, and no framework meets the other."""

import ast
import subprocess
import sys
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
FRAMEWORKS = {"pytorch": {"torch", "torchvision"}, "keras": {"keras", "tensorflow"}}


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def imports(module: str, types_too: bool = False) -> set[str]:
    """Return what a module imports, also inside of its functions."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    found = set()
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) and not types_too:
            skipped |= set(ast.walk(node))
        if node in skipped:
            continue
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
            seen.add(name)
            parents = [".".join(name.split(".")[:n]) for n in range(1, name.count(".") + 2)]
            waiting += [parent for parent in parents if parent in MODULES and parent not in seen]
            seen |= set(parents)
    return seen


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_go_down(module):
    ours = {name for name in imports(module) if name.startswith("helpers.")}
    for name in ours:
        above, below = room_of(module), room_of(name)
        assert above == below or LEVEL[below] < LEVEL[above], f"{module} imports {name}"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_helpers_know_neither_notebooks_nor_tests(module):
    top = {name.split(".")[0] for name in imports(module, types_too=True)}
    assert not top & {"notebooks", "tests"}
    # Folders come from the caller: the only one that helpers know by name is data/.
    assert not {"notebooks", "tests"} & set(
        node.value
        for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
    )


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_module_meets_the_framework_of_the_other(module):
    for mine, other in (("pytorch", "keras"), ("keras", "pytorch")):
        if module.endswith(f".{mine}"):
            tops = {name.split(".")[0] for name in reached(module)}
            assert not tops & FRAMEWORKS[other]
            assert not {name for name in reached(module) if name.endswith(f".{other}")}


def test_there_is_no_circle():
    graph = {module: imports(module) & set(MODULES) for module in MODULES}
    TopologicalSorter(graph).prepare()  # raises CycleError


def test_every_room_stands_on_a_floor():
    rooms = {room_of(module) for module in MODULES} - {""}
    assert rooms == set(LEVEL)
    assert len([p for p in HELPERS.iterdir() if not p.name.startswith(("__pycache__", "."))]) <= 14


def test_importing_helpers_brings_no_framework_along():
    code = "import helpers, sys; print(*{m.split('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          cwd=HELPERS.parent)  # fmt: skip
    assert not set(done.stdout.split()) & {"torch", "tensorflow", "keras", "numpy", "matplotlib"}
