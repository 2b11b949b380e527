"""Sets of classes that hold the truth: cross-conformal prediction."""

import math
import pickle
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, KFold, TimeSeriesSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils._param_validation import InvalidParameterError

from mofa_sklearn import KFoldEnsembleClassifier, make_mofa_pipeline
from mofa_sklearn.persistence import dump, load

from ..classes import small_classifier
from ..helpers import WIDTHS, make_data, small_mofa

CLASSES = np.array(["few", "many", "some", "viral"])


def make_fuzzy(n_samples, seed, sharpness=1.5):
    """Return rows whose classes no model can know for certain."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, 3))
    scores = sharpness * X @ np.array([[1, -1, 0.5, 0], [0, 1, -1, 0.5], [0.5, 0, 1, -1]])
    codes = (scores + rng.gumbel(size=scores.shape)).argmax(axis=1)
    return X, CLASSES[codes]


def make_labels(n_samples, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, 9))
    return X, (X[:, :3] + rng.normal(size=(n_samples, 3)) > 0.5).astype(int)


def fit(X, y, cv=4, **arguments):
    model = KFoldEnsembleClassifier(LogisticRegression(), cv=cv, random_state=0)
    return model.fit(X, y, **arguments)


def holds(sets, y, classes=CLASSES):
    return sets[np.arange(len(y)), np.searchsorted(classes, y)]


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_sets_are_those_of_the_definition(level):
    (X, y), X_new = make_fuzzy(60, 0), make_fuzzy(20, 1)[0]
    model = fit(X, y)
    truth = holds(model.oof_prediction_, y)
    least = sorted(truth, reverse=True)[math.ceil(round(level * 61, 9)) - 1]
    expected = model.predict_proba(X_new) >= least
    expected |= model.predict_proba(X_new) == model.predict_proba(X_new).max(axis=1, keepdims=True)
    assert_array_equal(model.predict_set(X_new, confidence_level=level), expected)


def test_coverage_is_about_the_level():
    """Averaged over training sets: the mean coverage's standard error is below 0.01."""
    covered = {level: [] for level in (0.7, 0.9)}
    for seed in range(12):
        model, (X, y) = fit(*make_fuzzy(200, seed)), make_fuzzy(300, seed + 1000)
        for level, of_level in covered.items():
            of_level.append(holds(model.predict_set(X, level), y).mean())
    for level, of_level in covered.items():
        assert np.mean(of_level) == pytest.approx(level, abs=0.03)


def test_sets_are_nested_and_never_empty():
    model, (X, _) = fit(*make_fuzzy(300, 0)), make_fuzzy(50, 1)
    sets = [model.predict_set(X, level) for level in (0.1, 0.5, 0.8, 0.95)]
    for small, large in pairwise(sets):
        assert (large | ~small).all()
    for each in sets:
        assert holds(each, model.predict(X)).all()


def test_too_few_rows_for_the_confidence_give_all_classes():
    model = fit(*make_fuzzy(40, 0))
    assert model.predict_set(np.zeros((3, 3)), 0.98).all()
    assert not model.predict_set(make_fuzzy(20, 1)[0], 0.9).all()


@pytest.mark.parametrize("unit", [1.0, 7.5])
def test_equal_weights_are_none(unit):
    (X, y), X_new = make_fuzzy(100, 0), make_fuzzy(30, 1)[0]
    expected = fit(X, y, cv=KFold(4)).predict_set(X_new, 0.8)
    weighted = fit(X, y, cv=KFold(4), sample_weight=np.full(100, unit))
    # The members are weighted too, but alike.
    assert (weighted.predict_set(X_new, 0.8) == expected).mean() > 0.9


def test_rows_count_by_their_weights():
    """Rows that are hard to tell make larger sets, the more they weigh."""
    easy, hard = make_fuzzy(150, 0, sharpness=4), make_fuzzy(150, 1, sharpness=0.3)
    X, y = (np.concatenate(pair) for pair in zip(easy, hard, strict=True))
    X_new, sizes = make_fuzzy(50, 2)[0], []
    for weight in (0.0, 0.1, 1.0):
        model = fit(X, y, sample_weight=np.repeat([1.0, weight], 150))
        sizes.append(model.predict_set(X_new, 0.8).mean())
    assert sizes[0] < sizes[1] < sizes[2]


def test_rows_of_weight_zero_are_as_good_as_removed():
    X, y = make_fuzzy(120, 0)
    counted = np.arange(120) % 3 != 1
    X_new = make_fuzzy(30, 1)[0]
    y = np.where(counted, y, "nonsense")
    with_them = fit(X, y, sample_weight=counted.astype(float))
    without = fit(X[counted], y[counted], sample_weight=np.ones(80))
    assert_array_equal(with_them.predict_set(X_new, 0.7), without.predict_set(X_new, 0.7))


def test_with_groups_the_sets_are_those_for_new_groups():
    """A model that knows its groups by heart is unsure of new ones."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 5)
    X, y = rng.normal(size=(40, 8))[groups], CLASSES[rng.integers(4, size=40)][groups]
    known = fit(X, y).predict_set(X, 0.8)
    for cv in (4, GroupKFold(4)):
        assert fit(X, y, cv=cv, groups=groups).predict_set(X, 0.8).sum() > 1.5 * known.sum()


def test_rows_that_are_never_held_out_are_left_out():
    X, y = make_fuzzy(100, 0)
    model = fit(X, y, cv=TimeSeriesSplit(4))
    assert len(model._sets.truth) == 80
    assert model.predict_set(X[:5]).shape == (5, 4)


def fit_labels(X, y):
    member = KNeighborsClassifier(20)
    return KFoldEnsembleClassifier(member, cv=3, random_state=0).fit(X, y)


@pytest.mark.parametrize("level", [0.7, 0.9])
def test_a_set_of_labels_holds_all_that_are_there(level):
    covered, sizes = [], []
    for seed in range(6):
        model, (X, y) = fit_labels(*make_labels(200, seed)), make_labels(300, seed + 100)
        sets = model.predict_set(X, level)
        covered.append((sets | (y == 0)).all(axis=1).mean())
        sizes.append(sets.mean())
    # Above the level where several rows have the same probability.
    assert level - 0.03 < np.mean(covered) < level + 0.06
    assert np.mean(sizes) < 0.95


def test_a_set_of_labels_may_be_empty():
    X, y = make_labels(150, 0)
    y[:, :] = np.arange(150)[:, None] < 15
    assert not fit_labels(X, y).predict_set(X, 0.5).any()


@pytest.mark.parametrize("keep", ["pickle", "persistence"])
def test_sets_survive_a_file(keep, tmp_path):
    model = fit(*make_fuzzy(80, 0), sample_weight=np.linspace(0, 1, 80))
    if keep == "pickle":
        same = pickle.loads(pickle.dumps(model))
    else:
        dump(model, tmp_path / "model.mofa")
        same = load(tmp_path / "model.mofa")
    X = make_fuzzy(20, 1)[0]
    assert_array_equal(same.predict_set(X), model.predict_set(X))


def test_a_pipeline_has_the_sets_of_its_ensemble():
    X, y = make_data(60)
    classes = CLASSES[np.digitize(y[:, 0], np.quantile(y[:, 0], [0.3, 0.6]))]
    X[::4, : WIDTHS["image"]] = np.nan  # a missing modality
    model = make_mofa_pipeline(WIDTHS, estimator=small_classifier(modalities=None), cv=3)
    model.fit(X, classes, sample_weight=np.linspace(0.5, 1, 60))
    expected = model[-1].predict_set(model[:-1].transform(X), 0.8)
    assert_array_equal(model.predict_set(X, confidence_level=0.8), expected)
    assert holds(expected, model.predict(X), model.classes_).all()


@pytest.mark.parametrize("level", [0, 1, -0.1, "high"])
def test_the_level_is_a_part_of_one(level):
    model = fit(*make_fuzzy(40, 0))
    with pytest.raises(InvalidParameterError, match="confidence_level"):
        model.predict_set(np.zeros((1, 3)), confidence_level=level)


def test_an_ensemble_has_to_be_fitted_first():
    with pytest.raises(NotFittedError):
        KFoldEnsembleClassifier(LogisticRegression()).predict_set(np.zeros((1, 3)))


def test_regressors_have_intervals_and_no_sets():
    model = make_mofa_pipeline(WIDTHS, estimator=small_mofa(modalities=None), cv=3)
    assert not hasattr(model, "predict_set")
