"""Rules of the whole repository: registries are complete, files are short, nothing names what it must not."""

import ast
import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest

import gradlab.diagnosis.rules
import gradlab.measurement.statistics
import gradlab.remedies
import scripts.scaffold
from gradlab.frozen import Frozen, kind_of
from gradlab.measurement.kinds import STATISTICS
from gradlab.vocabulary import (
    activations,
    constraints,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    preparations,
    regularizers,
    schedules,
    splits,
)
from gradlab.vocabulary.datasets import registry as datasets_registry
from tests.sources import nodes_of, parsed, text_of

ROOT = Path(__file__).parents[1]
REGISTRIES = {
    activations: (activations.ActivationFunction, activations.ACTIVATIONS),
    constraints: (constraints.WeightConstraint, constraints.CONSTRAINTS),
    initializers: (initializers.WeightInitializer, initializers.INITIALIZERS),
    losses: (losses.LossFunction, losses.LOSSES),
    optimizers: (optimizers.GradientOptimizer, optimizers.OPTIMIZERS),
    preparations: (preparations.Preparation, preparations.PREPARATIONS),
    regularizers: (regularizers.WeightRegularizer, regularizers.REGULARIZERS),
    schedules: (schedules.LearningRateSchedule, schedules.SCHEDULES),
    splits: (splits.Split, splits.SPLITS),
}
KINDS = [
    *datasets_registry.KINDS,
    *layers.LAYERS,
    *(member for _, members in REGISTRIES.values() for member in members),
]
SOURCES = sorted(
    path for part in ("api", "core", "gradlab", "worker", "bench", "scripts") for path in (ROOT / part).rglob("*.py")
)


def names(node: ast.expr) -> set[str]:
    """The name that an expression is."""
    return {node.id} if isinstance(node, ast.Name) else set()


def test_a_choice_of_kinds_is_its_base_class_to_the_type_checker():
    """`one_of` makes a type while the program runs: to mypy it would be `Any`, which lets everything pass."""
    for path in SOURCES:
        if "one_of" not in text_of(path):
            continue
        tree = parsed(path)
        branches = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in names(node.test)]
        guarded = {each for branch in branches for statement in branch.orelse for each in ast.walk(statement)}
        calls = {node for node in ast.walk(tree) if isinstance(node, ast.Call) and "one_of" in names(node.func)}
        assert calls <= guarded, (
            f"in {path}, write it below `if TYPE_CHECKING: ... else:`, as gradlab/src/gradlab/vocabulary/losses.py does"
        )


def in_a_fresh_interpreter(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def check_registered(written: set[str], registered: Iterable[str], registry: str) -> None:
    """Compare the names that files hold with those in a registry, and name the file to change."""
    names = [*registered]
    missing, surplus = sorted(written - {*names}), sorted({*names} - written)
    assert not missing, f"{', '.join(missing)}: not registered in {registry}"
    assert not surplus, f"{', '.join(surplus)}: registered in {registry}, and in no file"
    assert len(names) == len({*names}), f"a name stands twice in {registry}"


def file_of(module: ModuleType) -> str:
    """The file of a module, from the root of the repository."""
    return str(Path(module.__file__).relative_to(ROOT))


def modules_in(package: ModuleType) -> set[str]:
    """The names of a package's modules, without packages in it."""
    return {module.name for module in pkgutil.iter_modules(package.__path__) if not module.ispkg}


@pytest.mark.parametrize("module", REGISTRIES, ids=lambda module: module.__name__)
def test_every_kind_is_registered(module):
    base, members = REGISTRIES[module]
    check_registered(kinds_below(base), [kind_of(member) for member in members], file_of(module))


def kinds_below(base: type[Frozen]) -> set[str]:
    """The kinds of the classes below `base`; a class without a kind is what several share."""
    default = base.model_fields["kind"].default
    own = {default} if isinstance(default, str) else set()
    return own.union(*(kinds_below(each) for each in base.__subclasses__()))


def test_every_layer_is_registered():
    for name in modules_in(layers):
        importlib.import_module(f"gradlab.vocabulary.layers.{name}")
    check_registered(kinds_below(layers.LayerSpec), [kind_of(member) for member in layers.LAYERS], file_of(layers))


# Modules of the datasets' package that hold no dataset.
BESIDE_DATASETS = {"arrays", "dataset", "registry", "uploaded_columns", "uploaded_parts", "uploaded_samples"}


def test_every_dataset_is_registered():
    kinds = [kind_of(member) for member in datasets_registry.KINDS]
    check_registered(modules_in(datasets) - BESIDE_DATASETS, kinds, file_of(datasets_registry))


def test_every_dataset_has_a_test_of_its_own():
    """Its kind, or its class, is named in one of `tests/unit/test_dataset*.py`."""
    tests = "".join(path.read_text() for path in (ROOT / "tests" / "unit").glob("test_dataset*.py"))
    names = {kind_of(member): member.__name__ for member in datasets_registry.KINDS}
    missing = [kind for kind, name in names.items() if not re.search(rf'"{kind}"|\b{name}\b', tests)]
    assert missing == [], f"{missing[0]} has no test of its own: tests/unit/test_dataset_{missing[0]}.py"


def test_every_rule_is_registered():
    rules = gradlab.diagnosis.rules
    check_registered(modules_in(rules), [rule.name for rule in rules.RULES], file_of(rules))


def test_every_remedy_has_the_name_of_its_file():
    remedies = gradlab.remedies
    check_registered(modules_in(remedies) - {"remedy"}, [each.name for each in remedies.REMEDIES], file_of(remedies))


@pytest.mark.parametrize("name", sorted(modules_in(gradlab.measurement.statistics) - {"histograms", "statistic"}))
def test_every_statistic_is_registered(name):
    module = importlib.import_module(f"gradlab.measurement.statistics.{name}")
    functions = {name for name, value in vars(module).items() if inspect.isfunction(value) and name[0] != "_"}
    shared = {"dataclass", "field", "count_nonfinite", "flat"}
    check_registered(functions - shared, [each.name for each in STATISTICS[name]], file_of(module))


def test_every_metric_is_registered():
    kinds = {each.kind for each in classes_below(metrics.Metric) if "kind" in vars(each)}
    check_registered(kinds, [each.kind for each in metrics.METRICS], file_of(metrics))


def classes_below(base: type) -> set[type]:
    """A class and all that are derived from it."""
    return {base}.union(*map(classes_below, base.__subclasses__()))


def test_no_placeholder_of_a_scaffold_is_left():
    """`python -m scripts.scaffold` writes the mark wherever something is still to be written."""
    written = [*SOURCES, *(ROOT / "tests").rglob("*.py")]
    places = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in written
        if not path.is_relative_to(ROOT / "scripts" / "scaffold")
        if scripts.scaffold.MARK in text_of(path)
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if scripts.scaffold.MARK in line
    ]
    assert places == [], f"still to be written: {', '.join(places)}"


def test_every_kind_and_every_field_is_documented():
    assert [member.__name__ for member in KINDS if member.__doc__ in (None, "", Frozen.__doc__)] == []
    fields = ((member, name, field) for member in KINDS for name, field in member.model_fields.items())
    undocumented = [f"{member.__name__}.{name}" for member, name, field in fields if not field.description]
    assert [name for name in undocumented if not name.endswith(".kind")] == []


@pytest.mark.slow
def test_nothing_but_training_loads_tensorflow_and_no_import_does_anything_visible():
    modules = (
        "gradlab",
        "core.use_cases.experiments",
        "worker.app",
        "worker.tasks",
        "api.app",
        "gradlab.cli",
        "gradlab.client.client",
    )
    imports = "".join(f"import {module}; loaded = {{*sys.modules}} & {{'tensorflow', 'keras'}}; " for module in modules)
    assert in_a_fresh_interpreter(f"import sys; {imports}print('loaded:', *loaded)") == "loaded:"


@pytest.mark.parametrize("package", ["api", "core", "worker", "gradlab"])
def test_the_package_of_that_name_is_this_projects_own(package):
    parent = ROOT / "gradlab" / "src" if package == "gradlab" else ROOT
    assert Path(importlib.import_module(package).__file__).parent == parent / package


def project_of(folder):
    return tomllib.loads((ROOT / folder / "pyproject.toml").read_text())


@pytest.mark.parametrize("folder", [".", "gradlab"])
def test_no_distribution_can_be_uploaded_by_mistake(folder):
    assert "Private :: Do Not Upload" in project_of(folder)["project"]["classifiers"]


def test_the_service_and_the_library_are_two_distributions_of_one_version():
    service, library = project_of("."), project_of("gradlab")
    assert (service["project"]["name"], library["project"]["name"]) == ("gradient-lab-service", "gradient-lab")
    assert service["project"]["version"] == library["project"]["version"]
    assert service["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["api", "worker", "core"]
    assert len(library["project"]["dependencies"]) <= 5


def test_nothing_asks_an_index_for_the_name_that_is_somebody_elses():
    """The distribution `gradlab` of the public index is another project's: only a path installs this one."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    texts = [ROOT / name for name in tracked if Path(name).suffix not in {".png", ".svg", ".ico", ".woff2", ".npz"}]
    command = re.compile(r"(?:pip3?|uv|pipx|poetry)\s+(?:install|add)\s+(?:-\S+\s+)*['\"]?gradlab(?![\w/])")
    asking = [str(path) for path in texts if command.search(path.read_text(errors="ignore"))]
    assert asking == []
    for folder in (".", "gradlab"):
        project = project_of(folder)
        groups = [*project["project"].get("optional-dependencies", {}).values()]
        groups += [*project.get("dependency-groups", {}).values(), project["project"]["dependencies"]]
        names = {re.match(r"[\w.-]+", each)[0] for group in groups for each in group if isinstance(each, str)}
        assert "gradlab" not in names
    for lock in ROOT.glob("requirements*.lock"):
        assert not re.search(r"^gradlab\b", lock.read_text(), re.MULTILINE)


def test_a_file_is_short_and_says_what_it_is_for():
    texts = {path: text_of(path) for path in SOURCES}
    assert [path for path, text in texts.items() if len(text.splitlines()) > 300] == []
    assert [path for path, text in texts.items() if not text.startswith('"""')] == []


def test_settings_and_the_environment_are_read_at_the_edges_only():
    edges = {"api/app.py", "worker/app.py", "worker/train.py", "core/settings.py", "core/training/environment.py"}
    reading = re.compile(r"os\.environ|getenv|\bSettings\(\)")
    readers = {str(path.relative_to(ROOT)) for path in SOURCES if reading.search(text_of(path))}
    assert [
        name for name in readers - edges if not name.startswith(("gradlab/src/gradlab/cli", "api/cli", "bench/"))
    ] == []


def test_endpoints_and_tasks_handle_no_errors_and_one_module_speaks_http_errors():
    """A use-case decides what an error means, one table (`api.http.errors.STATUS`) which status it is answered with."""
    for path in SOURCES:
        name = str(path.relative_to(ROOT))
        if name == "worker/tasks.py" or name.startswith("api/routes/"):
            assert not [node.lineno for node in nodes_of(path) if isinstance(node, ast.Try)], name
        if name != "api/http/errors.py" and "HTTPException" in text_of(path):
            nodes = nodes_of(path)
            mentions = {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
            mentions |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
            assert "HTTPException" not in mentions, name


@pytest.mark.slow
def test_every_constant_is_used():
    assigned, used = {}, set()
    for path in [*SOURCES, *(ROOT / "tests").rglob("*.py")]:
        tree = parsed(path)
        targets = [each for node in tree.body if isinstance(node, ast.Assign) for each in node.targets]
        names = [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
        assigned |= {name: str(path.relative_to(ROOT)) for name in names if re.fullmatch(r"[A-Z][A-Z0-9_]+", name)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                used.add(node.id)
            elif isinstance(node, ast.Attribute):
                used.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                used.add(node.value.rpartition(".")[2])  # as a test's monkeypatch or `getattr` names it
    assert {name: file for name, file in assigned.items() if name not in used} == {}


def test_every_bullet_begins_a_line():
    run_together = re.compile(r"\S \* \*")
    nodes = (node for path in SOURCES if run_together.search(text_of(path)) for node in nodes_of(path))
    documented = (node for node in nodes if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef))
    assert not [text for node in documented if (text := ast.get_docstring(node)) and run_together.search(text)]


def test_the_tree_in_the_documentation_is_the_tree_on_disk():
    tree = re.search(r"```\n(README\.md.*?)```", (ROOT / "docs" / "house.md").read_text(), re.DOTALL)
    assert tree, "docs/house.md shows the tree in a block that begins with README.md"
    shown, parents = set(), []
    for line in tree[1].splitlines():
        name = line.strip().split("  ")[0].strip()
        depth = (len(line) - len(line.lstrip())) // 2
        parents[depth:] = [name]
        shown.add("".join(parents[: depth + 1]))
    missing = {name for name in shown if not (ROOT / name).exists()}
    assert missing == set()
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    unexplained = {
        name
        for name in tracked
        if not any(name == entry or (entry.endswith("/") and name.startswith(entry)) for entry in shown)
        and not name.startswith(".")
    }
    assert unexplained == set()


def test_lock_files_hold_hashes_and_no_addresses():
    for lock in ROOT.glob("requirements*.lock"):
        text = lock.read_text()
        # PyTorch's builds for processors and for graphics cards have one version, and different hashes.
        assert ("--hash=sha256:" in text) == (lock.name != "requirements-frameworks.lock")
        assert "://" not in text
        assert not re.search(r"^--", text, re.MULTILINE)
    text = (ROOT / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert all("integrity" in package for path, package in packages.items() if path)
    assert "://" not in text


def test_the_parts_of_the_lock_agree():
    def pins(path):
        return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", path.read_text(), re.MULTILINE))

    whole = pins(ROOT / "requirements.lock")
    for part in ("requirements-api.lock", "requirements-worker.lock", "requirements-objects.lock"):
        assert pins(ROOT / part).items() <= whole.items()
    assert "tensorflow" not in pins(ROOT / "requirements-api.lock")


@pytest.mark.parametrize("image", ["api", "worker"])
def test_an_image_holds_what_its_process_reads(image):
    """Both ask whether they know the database's revision, and so read `migrations`."""
    stages = dict(
        re.findall(r"^FROM house AS (\w+)\n(.*?)(?=^FROM|\Z)", (ROOT / "Dockerfile").read_text(), re.M | re.S)
    )
    copied = set(re.findall(r"^COPY (\w+) \1$", stages[image], re.M))
    assert copied >= {"core", "gradlab", "migrations", image}
