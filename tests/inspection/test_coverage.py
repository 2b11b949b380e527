"""How often intervals and sets hold the truth: by level, by width, by group."""

import inspect

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import KFoldEnsembleClassifier, KFoldEnsembleRegressor, make_mofa_pipeline
from mofa_sklearn.inspection import (
    CoverageByGroupDisplay,
    CoverageByWidthDisplay,
    CoverageDisplay,
)

LEVELS = [0.5, 0.8, 0.9]


def make_rows(n_samples, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, 3))
    noise = (0.2 + np.abs(X[:, 0]))[:, None]
    return X, X @ rng.normal(size=(3, 2)) + noise * rng.normal(size=(n_samples, 2))


@pytest.fixture(scope="module")
def model():
    X, y = make_rows(300)
    return KFoldEnsembleRegressor(LinearRegression(), cv=4, random_state=0).fit(X, y)


@pytest.fixture(scope="module")
def rows():
    return make_rows(400, seed=1)


# By level


@pytest.mark.parametrize("adaptive", [True, False])
def test_coverage_is_that_of_the_intervals(model, rows, adaptive):
    X, y = rows
    display = CoverageDisplay.from_estimator(
        model, X, y, confidence_levels=LEVELS, adaptive=adaptive
    )
    expected = []
    for level in LEVELS:
        low, high = np.moveaxis(model.predict_interval(X, level, adaptive=adaptive), -1, 0)
        expected.append(((low <= y) & (y <= high)).mean(axis=0))
    assert_allclose(display.frame_["coverage"], np.ravel(expected, order="F"))
    assert display.frame_["target"].tolist() == ["target 0"] * 3 + ["target 1"] * 3
    assert display.frame_["confidence_level"].tolist() == LEVELS * 2


def test_joint_intervals_are_one_series(model, rows):
    X, y = rows
    display = CoverageDisplay.from_estimator(model, X, y, confidence_levels=LEVELS, joint=True)
    low, high = np.moveaxis(model.predict_interval(X, 0.8, joint=True), -1, 0)
    assert display.frame_["target"].tolist() == ["all targets"] * 3
    part = ((low <= y) & (y <= high)).all(axis=1).mean()
    assert display.frame_["coverage"][1] == pytest.approx(part)


@pytest.mark.parametrize("kind", ["classes", "labels"])
def test_sets_have_coverage_too(kind):
    X, y = make_rows(400)
    y = (y > 0).astype(int)
    if kind == "classes":
        y, member = np.array(["no", "yes"])[y[:, 0]], LogisticRegression()
    else:
        member = KNeighborsClassifier(20)
    ensemble = KFoldEnsembleClassifier(member, cv=3, random_state=0).fit(X[:200], y[:200])
    display = CoverageDisplay.from_estimator(ensemble, X[200:], y[200:], confidence_levels=[0.9])
    sets = ensemble.predict_set(X[200:])
    if kind == "classes":
        held = np.where(y[200:] == "no", *sets.T)
    else:
        held = (sets | (y[200:] == 0)).all(axis=1)
    assert display.frame_["coverage"].item() == held.mean()
    with pytest.raises(TypeError, match="joint"):
        CoverageDisplay.from_estimator(ensemble, X, y, joint=True)


def test_the_truth_on_a_bound_is_held():
    display = CoverageDisplay.from_predictions([1.0, 2.0], [[[1, 1], [0, 2]]], [0.9])
    assert display.frame_["coverage"].item() == 1


def test_as_many_intervals_as_levels():
    with pytest.raises(ValueError, match="as many; got 1 and 2"):
        CoverageDisplay.from_predictions([1.0], [[[0, 1]]], [0.5, 0.9])


# Standard errors and weights


def test_standard_errors_count_groups_not_rows():
    rng = np.random.default_rng(0)
    y, groups = rng.normal(size=40), np.arange(40)
    bounds = np.tile([-1.0, 1.0], (40, 1))
    once = CoverageDisplay.from_predictions(y, [bounds], [0.7], groups=groups)
    copied = CoverageDisplay.from_predictions(
        np.repeat(y, 5), [np.repeat(bounds, 5, axis=0)], [0.7], groups=np.repeat(groups, 5)
    )
    assert_allclose(once.frame_["std_error"], copied.frame_["std_error"])
    held = np.abs(y) <= 1
    assert_allclose(once.frame_["std_error"], held.std(ddof=1) / 40**0.5)


@pytest.mark.parametrize(
    "draw",
    [
        lambda y, b, w: CoverageDisplay.from_predictions(y, [b], [0.9], sample_weight=w),
        lambda y, b, w: CoverageByWidthDisplay.from_predictions(y, b, n_bins=1, sample_weight=w),
        lambda y, b, w: CoverageByGroupDisplay.from_predictions(
            y, b, np.zeros(len(y)), sample_weight=w
        ),
    ],
    ids=["level", "width", "group"],
)
def test_rows_count_by_their_weights(draw):
    rng = np.random.default_rng(0)
    y, bounds = rng.normal(size=60), np.tile([-1.0, 1.0], (60, 1))
    weight = rng.integers(0, 3, size=60)
    weighted = draw(y, bounds, weight)
    copied = draw(np.repeat(y, weight), np.repeat(bounds, weight, axis=0), None)
    assert_allclose(weighted.frame_["coverage"], copied.frame_["coverage"])
    assert np.isfinite(weighted.frame_["std_error"]).all()


def test_no_weight_at_all_is_no_coverage():
    display = CoverageDisplay.from_predictions([1.0], [[[0, 2]]], [0.9], sample_weight=[0.0])
    assert np.isnan(display.frame_["coverage"]).all()


# By width


def test_bins_are_of_equally_many_rows_by_width(model, rows):
    X, y = rows
    frame = CoverageByWidthDisplay.from_estimator(model, X, y, n_bins=4).frame_
    assert frame["n_rows"].tolist() == [100] * 8
    assert frame["bin"].tolist() == [1, 2, 3, 4] * 2
    assert (frame.groupby("target")["width"].diff().dropna() > 0).all()
    low, high = np.moveaxis(model.predict_interval(X), -1, 0)
    widest = np.argsort((high - low)[:, 1], kind="stable")[-100:]
    held = ((low <= y) & (y <= high))[widest, 1]
    assert frame["coverage"].iloc[-1] == pytest.approx(held.mean())


def test_infinite_intervals_are_the_widest():
    y = np.zeros(4)
    bounds = [[-np.inf, np.inf], [-1, 1], [1, np.inf], [-3, 3]]
    frame = CoverageByWidthDisplay.from_predictions(y, bounds, n_bins=2).frame_
    assert frame["width"].tolist() == [4, np.inf]
    assert frame["coverage"].tolist() == [1, 0.5]


def test_there_are_no_more_bins_than_rows():
    frame = CoverageByWidthDisplay.from_predictions([0.0, 1.0], [[0, 1], [0, 2]]).frame_
    assert frame["n_rows"].tolist() == [1, 1]
    with pytest.raises(ValueError, match="n_bins"):
        CoverageByWidthDisplay.from_predictions([0.0], [[0, 1]], n_bins=0)


# By group


def test_few_groups_have_a_place_each(model, rows):
    X, y = rows
    months = np.array(["May", "June"])[np.arange(400) % 2]
    display = CoverageByGroupDisplay.from_estimator(model, X, y, months)
    low, high = np.moveaxis(model.predict_interval(X), -1, 0)
    held = (low <= y) & (y <= high)
    expected = [held[months == m, t].mean() for t in (0, 1) for m in ("June", "May")]
    assert_allclose(display.frame_["coverage"], expected)
    assert display.frame_["group"].tolist() == ["June", "May"] * 2
    assert display.ax_.get_xlabel() == "Group"


def test_many_groups_are_put_into_bins_by_size():
    groups = np.repeat(np.arange(36), [1] * 20 + [3] * 10 + [10] * 6)
    y = np.zeros(110)
    bounds = np.where(np.arange(110)[:, None] < 50, [-1, 1], [1, 2])
    frame = CoverageByGroupDisplay.from_predictions(y, bounds, groups).frame_
    assert frame["group"].tolist() == ["1", "3", "10"]
    assert frame["n_groups"].tolist() == [20, 10, 6]
    assert frame["coverage"].tolist() == [1, 1, 0]
    frame = CoverageByGroupDisplay.from_predictions(y, bounds, groups, edges=[10]).frame_
    assert frame["group"].tolist() == ["1-3", "10"]


# All of them


def test_counts_are_drawn_on_the_scale_that_was_learned():
    X, y = make_rows(200)
    counts, logs = np.expm1(np.abs(y)), np.abs(y)
    options = {"estimator": LinearRegression(), "cv": 3, "random_state": 0}
    learned = make_mofa_pipeline({"x": 3}, **options).fit(X, logs)
    counted = make_mofa_pipeline({"x": 3}, target_transform="log1p", **options).fit(X, counts)
    search = GridSearchCV(counted, {"regressor__cv": [3]}, cv=2).fit(X, counts)
    groups = np.arange(200) % 3
    for cls, more in (
        (CoverageDisplay, ()), (CoverageByWidthDisplay, ()), (CoverageByGroupDisplay, (groups,))
    ):  # fmt: skip
        expected = cls.from_estimator(learned, X, logs, *more).frame_
        for each in (counted, search):
            found = cls.from_estimator(each, X, counts, *more).frame_
            pd.testing.assert_frame_equal(found, expected)


def test_names_come_from_the_targets(model, rows):
    X, y = rows
    frame = pd.DataFrame(y, columns=["views", "likes"])
    for display in (
        CoverageDisplay.from_estimator(model, X, frame, confidence_levels=[0.5]),
        CoverageByWidthDisplay.from_estimator(model, X, frame, n_bins=1),
        CoverageByGroupDisplay.from_estimator(model, X, frame, np.zeros(400)),
    ):
        assert display.frame_["target"].tolist() == ["views", "likes"]
        legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
        assert {"views", "likes"} < set(legend)


@pytest.mark.parametrize(
    "draw",
    [
        lambda *a, **k: CoverageDisplay.from_estimator(*a, **k),
        lambda *a, **k: CoverageByWidthDisplay.from_estimator(*a, **k),
        lambda *a, **k: CoverageByGroupDisplay.from_estimator(*a, np.zeros(10), **k),
    ],
)
def test_axes_can_be_given_and_an_estimator_needs_intervals(model, draw):
    X, y = make_rows(10)
    _, ax = plt.subplots()
    display = draw(model, X, y, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    with pytest.raises(TypeError, match="DummyRegressor"):
        draw(make_pipeline(StandardScaler(), DummyRegressor()).fit(X, y), X, y)


def test_shapes_have_to_agree():
    with pytest.raises(ValueError, match=r"shape \(3, 1, 2\)"):
        CoverageByWidthDisplay.from_predictions(np.zeros(3), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="groups must have a value for each row"):
        CoverageByGroupDisplay.from_predictions(np.zeros(3), np.zeros((3, 2)), [1, 2])
    with pytest.raises(ValueError, match="groups must have a value for each row"):
        CoverageDisplay.from_predictions(np.zeros(3), [np.zeros((3, 2))], [0.5], groups=[1])
    with pytest.raises(ValueError, match="3 names for 1 targets"):
        CoverageByWidthDisplay.from_predictions(
            np.zeros(3), np.zeros((3, 2)), target_names=list("abc")
        )


WRONG = {
    "estimator": (LinearRegression, 3, "ridge"),
    "confidence_level": (0, 1, 90, "high"),
    "confidence_levels": (0.5, [0, 0.5], [90], [], "ab"),
    "joint": ("yes", 2, None),
    "adaptive": ("yes", 2, None),
    "groups": (np.zeros(9), 3, "ab"),
    "sample_weight": (np.zeros(9), 3, -np.ones(10)),
    "target_names": ("ab", ["views"], ["views", "views"], 3),
    "n_bins": (0, "ten", 2.5, None),
    "edges": ([6, 4], 3, "ab"),
    "intervals": (np.zeros((9, 2)), 3),
}
GIVEN = {
    CoverageDisplay: {"intervals": [np.zeros((10, 2, 2))], "confidence_levels": [0.5]},
    CoverageByWidthDisplay: {"intervals": np.zeros((10, 2, 2))},
    CoverageByGroupDisplay: {"intervals": np.zeros((10, 2, 2)), "groups": np.arange(10)},
}


def refusals():
    for cls, given in GIVEN.items():
        for method in ("from_estimator", "from_predictions"):
            names = inspect.signature(getattr(cls, method)).parameters
            for name in filter(WRONG.__contains__, names):
                for number, value in enumerate(WRONG[name]):
                    id = f"{cls.__name__}.{method}-{name}-{number}"
                    yield pytest.param(cls, method, given, name, value, id=id)


@pytest.mark.parametrize(("cls", "method", "given", "name", "value"), list(refusals()))
def test_wrong_arguments_are_refused_by_name(model, cls, method, given, name, value):
    X, y = make_rows(10)
    rows = {"y_true": y, **given}
    if method == "from_estimator":
        rows = {"estimator": model, "X": X, "y": y}
        rows |= {"groups": given["groups"]} if "groups" in given else {}
    with pytest.raises((TypeError, ValueError), match=rf"\b{name}\b"):
        getattr(cls, method)(**{**rows, name: value})
