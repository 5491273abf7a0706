"""Scaffolds of a rule and of a remedy."""

from scripts.scaffold import MARK
from scripts.scaffold.tree import LIBRARY, Tree

RULE = '''
"""{mark}: what is wrong, in one line."""

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.rule import Rule

# {mark}: where the number comes from, a derivation, a source or a measurement.
LIMIT = 1.0


def detect(run: Run) -> Sighting | None:
    """{mark}: what is compared with what."""
    number = float("nan")  # {mark}: from `run.series`, `run.metric`, `run.spec` or `run.facts`
    if not number > LIMIT:
        return None
    return Sighting((), int(run.epochs[-1]), (measure("number", number, ">", LIMIT),))


RULE = Rule(
    name="{name}",
    title="{mark}: what is wrong",
    kind="symptom",
    severity="warning",
    formula="{mark}: the condition in symbols > limit",
    thresholds={{"limit": LIMIT}},
    source="{mark}: literature, or what was measured here",
    explanation="{mark}: for a student, in a paragraph with the run's own {{number}}.",
    remedies=(),
    causes=(),
    detect=detect,
)
'''
CASE_RUN = '''
def _{name}(number: float) -> Run:
    """Build a run in which one number decides."""
    raise NotImplementedError("{mark}: a run from `a_run` in which {{number}} decides")
'''
EXAMPLE = """    Example(
        "{name}",
        "{mark}: what was made ill, in a sentence.",
        "{mark}: what the picture shows, in a sentence.",
        {{
            "name": "{mark}",
            "dataset": {{"kind": "circles", "samples": 200, "noise": 0.1, "seed": 1, "scale": [-1, 1]}},
            "model": {{
                "layers": [
                    {{"kind": "dense", "units": 8, "activation": "tanh"}},
                    {{"kind": "dense", "units": 1, "activation": "sigmoid"}},
                ]
            }},
            "training": {{"loss": "binary_crossentropy", "optimizer": "sgd", "epochs": 40}},
            "seeds": [0, 1],
        }},
        as_curves,
    ),"""
REMEDY = '''
"""{mark}: the change in one line."""

from gradlab.errors import Problem
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    refusal = Problem("training", "{mark}: what a spec must have to be treated so", "what this one has")
    return treated(spec, REMEDY.name, refusal, training={{}})  # {mark}: the fields that change


REMEDY = Remedy(
    name="{name}",
    title="{mark}",
    order=999,  # {mark}: its place among the others, see `Remedy.order`
    changes="{mark}: what becomes of a spec, in a sentence.",
    source="{mark}: where it and its numbers come from.",
    apply=_apply,
)
'''
REMEDY_CASE = """    # {mark}: a network that fails on most seeds untreated, and on few of them treated.
    "{mark} of {name}": Case(an_experiment(hidden(5, "tanh", U01, 5), SIGMOID, epochs=1), ("{name}",)),"""


def rule(tree: Tree, name: str) -> None:
    """A rule, its registration, a case at its threshold, an example for the page of the illnesses."""
    words, folder = {"name": name, "mark": MARK}, f"{LIBRARY}/diagnosis/rules"
    tree.create(f"{folder}/{name}.py", RULE.format(**words))
    registry = tree.source(f"{folder}/__init__.py")
    registry.add_import("gradlab.diagnosis.rules", name)
    registry.add_to_registry("RULES", f"    {name}.RULE,  # {MARK}: its place in causal order")
    registry.save()
    cases = tree.source("tests/unit/diagnosis/rule_cases.py")
    cases.add_import("gradlab.diagnosis.rules", name)
    cases.add_function(CASE_RUN.format(**words), after="_")
    cases.add_to_registry("CASES", f'    Case("{name}", _{name}, {name}.LIMIT, ">"),  # {MARK}')
    cases.save()
    examples = tree.source("bench/atlas/examples.py")
    examples.add_to_registry("EXAMPLES", EXAMPLE.format(**words))
    examples.save()


def remedy(tree: Tree, name: str) -> None:
    """A remedy, which registers itself, and a case that it cures."""
    words = {"name": name, "mark": MARK}
    tree.create(f"{LIBRARY}/remedies/{name}.py", REMEDY.format(**words))
    cases = tree.source("tests/integration/test_remedies.py")
    cases.add_to_registry("CASES", REMEDY_CASE.format(**words))
    cases.save()
