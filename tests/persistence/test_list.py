"""The list of what a file may hold is right, and has all that is ours."""

import inspect
import pkgutil
from importlib import import_module

from sklearn.base import BaseEstimator

import mofa_sklearn
from mofa_sklearn.networks.fusions import FUSIONS
from mofa_sklearn.networks.losses import CLASS_LOSSES, LABEL_LOSSES, LOSSES, ORDINAL_LOSSES
from mofa_sklearn.persistence._functions import FUNCTIONS, TABLE_OF
from mofa_sklearn.persistence._kinds import parse
from mofa_sklearn.persistence._listed._attributes import ATTRIBUTES, PARAMETERS
from mofa_sklearn.persistence._names import (
    CALLED,
    ESTIMATORS,
    PARTS,
    SPLITTERS,
    STATEFUL,
    attributes_of,
    found,
    full_name,
    is_found,
)
from mofa_sklearn.persistence._tables import BELIEVED, CHECKS
from mofa_sklearn.training.schedules import SCHEDULES

CLASSES = {**ESTIMATORS, **SPLITTERS, **PARTS}


def public_estimators():
    """Find the estimators that are public by name, in all modules of the package."""
    modules = pkgutil.walk_packages(mofa_sklearn.__path__, "mofa_sklearn.")
    names = [module.name for module in modules if "._" not in module.name]
    members = (vars(import_module(name)) for name in ["mofa_sklearn", *names])
    return {
        full_name(thing)
        for namespace in members
        for name in namespace.get("__all__", [])
        if inspect.isclass(thing := namespace[name]) and issubclass(thing, BaseEstimator)
    }


def test_every_public_estimator_is_on_the_list():
    missing = public_estimators() - ESTIMATORS.keys()
    assert not missing, (
        f"add a line for each to mofa_sklearn/persistence/_listed/_ours.py: {missing}"
    )


def in_this_release(names):
    """Leave out what scikit-learn and skrub have only in another of the releases supported."""
    for name in names:
        module, _, attribute = name.rpartition(".")
        if module.startswith(("sklearn.", "skrub.")):
            try:
                getattr(import_module(module), attribute)
            except (ImportError, AttributeError):
                continue
        yield name


def test_classes_are_found_and_their_kinds_are_kinds():
    for name in in_this_release(CLASSES):
        assert is_found(found(name))
        assert full_name(found(name)) == name
        assert all(map(parse, attributes_of(name).values()))


def test_what_is_called_is_found():
    for name, kinds in CALLED.items():
        assert isinstance(found(name), type)
        assert all(map(parse, kinds.split()))


def test_every_name_of_an_attribute_is_used():
    used = {attribute for name in CLASSES for attribute in attributes_of(name)}
    assert ATTRIBUTES.keys() <= used
    assert all(map(parse, {**ATTRIBUTES, **PARAMETERS}.values()))


def test_functions_are_found():
    for name in in_this_release(TABLE_OF):
        assert callable(found(name))
        assert is_found(found(name))


def test_every_fusion_loss_and_schedule_is_on_the_list():
    losses = [LOSSES, CLASS_LOSSES, LABEL_LOSSES, ORDINAL_LOSSES]
    for table, ours in {"fusions": [FUSIONS], "losses": losses, "schedules": [SCHEDULES]}.items():
        names = {full_name(kind) for kinds in ours for kind in kinds.values()}
        assert names <= FUNCTIONS[table]


def test_nothing_on_the_list_opens_or_runs_anything():
    roots = {name.split(".")[0] for name in (*CLASSES, *CALLED, *TABLE_OF)}
    assert roots <= {*("builtins", "mofa_sklearn", "numpy", "scipy", "sklearn", "skrub", "torch")}
    assert {name for name in TABLE_OF if name.startswith("builtins")} == {
        f"builtins.{name}" for name in ("bool", "float", "int", "str", "object")
    }
    assert not any(name.endswith(("Memory", "MoFANet")) for name in CLASSES if "joblib" in name)
    assert {"memory", "checkpoint"} <= {
        name for name, kind in PARAMETERS.items() if kind == "forgotten"
    }


def test_what_is_checked_is_on_the_list():
    assert CHECKS.keys() | BELIEVED | STATEFUL <= CLASSES.keys()
