"""Several estimators on the same folds: the table, its rows that failed, and what is printed."""

import io

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, cross_validate
from sklearn.utils._param_validation import InvalidParameterError

from mofa_sklearn.evaluation import compare, leaderboard
from mofa_sklearn.metrics import make_target_scorers, normalized_mean_squared_error

from ..helpers import WIDTHS, make_data, small_mofa

MODELS = {"mean": DummyRegressor(), "ridge": Ridge()}
GROUPS = np.arange(60) % 12


class Failing(RegressorMixin, BaseEstimator):
    """Fails where told to: in fit or predict, on all folds or on the first rows' only."""

    def __init__(self, method="fit", error=RuntimeError, only_without_row=None):
        self.method = method
        self.error = error
        self.only_without_row = only_without_row

    def fit(self, X, y):
        self.mean_ = np.mean(y, axis=0)
        fails = self.only_without_row is None or self.only_without_row not in X[:, 0]
        if self.method == "fit" and fails:
            raise self.error("no luck\nat all")
        return self

    def predict(self, X):
        if self.method == "predict":
            raise self.error("no luck")
        return np.tile(self.mean_, (len(X), 1))


class Recorder(ClassifierMixin, RegressorMixin, BaseEstimator):
    """Tells a list which rows it was fitted on, by their first feature."""

    seen: list = []

    def fit(self, X, y):
        self.mean_ = np.mean(y, axis=0)
        self.seen.append(np.asarray(X)[:, 0])
        return self

    def predict(self, X):
        return np.tile(self.mean_, (len(X), 1))


@pytest.fixture
def data():
    return make_data(60, noise=1.0)


def quietly(models, X, y, **params):
    return compare(models, X, y, **{"verbose": 0, "random_state": 0, **params})


# The table


def test_one_row_for_each_estimator_and_fold(data):
    scores = quietly(MODELS, *data, cv=3)
    assert scores.columns.tolist() == [
        "estimator", "fold", "n_train", "n_test", "nmse", "nmse_0", "nmse_1",
        "fit_seconds", "predict_seconds", "error",
    ]  # fmt: skip
    assert scores["estimator"].tolist() == ["mean"] * 3 + ["ridge"] * 3
    assert scores["fold"].tolist() == [0, 1, 2] * 2
    assert (scores["n_train"] == 40).all()
    assert (scores["n_test"] == 20).all()
    assert (scores[["fit_seconds", "predict_seconds"]] >= 0).all(axis=None)
    assert scores["error"].isna().all()


def test_scores_are_those_of_cross_validate(data):
    X, y = data
    cv = KFold(4, shuffle=True, random_state=3)
    expected = cross_validate(Ridge(), X, y, cv=cv, scoring=make_target_scorers(["a", "b"]))
    scores = quietly({"ridge": Ridge()}, X, y, cv=cv, target_names=["a", "b"])
    for name in ["nmse", "nmse_a", "nmse_b"]:
        assert_allclose(scores[name], -expected[f"test_{name}"])
    scored = quietly({"ridge": Ridge()}, X, y, cv=cv, scoring=make_target_scorers(["a", "b"]))
    for name in ["test_nmse", "test_nmse_a", "test_nmse_b"]:
        assert_allclose(scored[name], expected[name])


@pytest.mark.parametrize(
    ("scoring", "columns"),
    [
        ("r2", ["test_score"]),
        (make_scorer(mean_absolute_error, greater_is_better=False), ["test_score"]),
        (["r2", "neg_mean_absolute_error"], ["test_r2", "test_neg_mean_absolute_error"]),
        ({"a": "r2"}, ["test_a"]),
        (lambda estimator, X, y: {"a": 1, "b": 2.5}, ["test_a", "test_b"]),
    ],
    ids=["name", "scorer", "names", "dict", "callable"],
)
def test_scoring_is_what_cross_validate_takes(data, scoring, columns):
    cv = KFold(2)
    expected = cross_validate(Ridge(), *data, cv=cv, scoring=scoring)
    scores = quietly([("ridge", Ridge())], *data, cv=cv, scoring=scoring)
    assert [name for name in scores if name.startswith("test_")] == columns
    for name in columns:
        assert_allclose(scores[name], expected[name])


def test_one_target_has_one_column():
    X, y = make_data(40, None)
    for targets in [y, y[:, None], pd.Series(y), list(y)]:
        scores = quietly({"ridge": Ridge()}, X, targets, cv=2)
        assert [name for name in scores if name.startswith("nmse")] == ["nmse"]


def test_targets_are_named_by_the_columns_of_a_frame(data):
    X, y = data
    scores = quietly(MODELS, pd.DataFrame(X), pd.DataFrame(y, columns=["views", "likes"]), cv=2)
    assert scores.columns[4:7].tolist() == ["nmse", "nmse_views", "nmse_likes"]


def test_a_prediction_of_one_column_may_be_flat():
    class Flat(Ridge):
        def predict(self, X):
            return super().predict(X).ravel()

    X, y = make_data(40, 1)
    scores = quietly({"flat": Flat(), "ridge": Ridge()}, X, y, cv=2)
    assert_allclose(scores["nmse"][:2], scores["nmse"][2:])


def test_classifiers_are_compared_by_scorers_on_stratified_folds(data):
    X, y = data
    labels = np.where(y[:, 0] > np.quantile(y[:, 0], 0.9), "much", "little")  # 6 of 60
    models = {"mode": DummyClassifier(), "logistic": LogisticRegression()}
    scores = quietly(models, X, labels, cv=3, scoring="accuracy")
    assert_allclose(scores["test_score"][:3], 0.9)
    with pytest.raises(ValueError, match="pass scoring= for classifiers"):
        quietly(models, X, labels)


def test_networks_are_compared_like_others(data):
    scores = quietly({"mofa": small_mofa(), **MODELS}, *data, cv=2)
    assert scores["nmse"].notna().all()


# The folds


@pytest.mark.parametrize("groups", [None, GROUPS], ids=["rows", "groups"])
def test_all_see_the_same_shuffled_folds(data, groups):
    X, y = data
    Recorder.seen.clear()
    quietly({"a": Recorder(), "b": Recorder()}, X, y, cv=3, groups=groups, scoring="r2")
    seen = Recorder.seen
    for first, second in zip(seen[:3], seen[3:], strict=True):
        assert_array_equal(first, second)
    held_out = [np.flatnonzero(~np.isin(X[:, 0], rows)) for rows in seen[:3]]
    assert_array_equal(np.sort(np.concatenate(held_out)), np.arange(60))
    assert not all(np.diff(rows).max() == 1 for rows in held_out)
    if groups is not None:
        for rows in held_out:
            assert not set(groups[rows]) & set(np.delete(groups, rows))


def test_folds_of_an_int_depend_on_the_random_state_alone(data):
    first, same, other = (quietly(MODELS, *data, random_state=seed) for seed in (0, 0, 1))
    assert_array_equal(first["nmse"], same["nmse"])
    assert (first["nmse"] != other["nmse"]).all()


@pytest.mark.parametrize("as_mask", [False, True])
def test_given_splits_are_used_as_they_are(data, as_mask):
    X, y = data
    train, test = np.arange(50), np.arange(50, 60)
    if as_mask:
        train, test = np.isin(np.arange(60), train), np.isin(np.arange(60), test)
    scores = quietly(MODELS, X, y, cv=[(train, test)])
    assert scores[["n_train", "n_test"]].drop_duplicates().to_numpy().tolist() == [[50, 10]]
    expected = normalized_mean_squared_error(y[50:], Ridge().fit(X[:50], y[:50]).predict(X[50:]))
    assert_allclose(scores["nmse"][1], expected)


def test_estimators_stay_as_they_are(data):
    ridge = Ridge()
    quietly({"ridge": ridge}, *data)
    assert not hasattr(ridge, "coef_")


# Failures


@pytest.mark.parametrize("method", ["fit", "predict"])
def test_what_fails_is_a_row_with_its_error_and_others_go_on(data, method):
    scores = quietly({"bad": Failing(method), **MODELS}, *data, cv=2)
    bad = scores[scores["estimator"] == "bad"]
    assert bad["error"].str.startswith("RuntimeError: no luck").all()
    assert bad[["nmse", "nmse_0", "nmse_1"]].isna().all(axis=None)
    others = scores[scores["estimator"] != "bad"]
    assert others["error"].isna().all()
    assert others["nmse"].notna().all()


def test_a_failing_fold_does_not_take_the_others_with_it(data):
    X, y = data
    scores = quietly({"bad": Failing(only_without_row=X[0, 0])}, X, y, cv=KFold(3))
    assert scores["error"].notna().tolist() == [True, False, False]
    assert scores["nmse"].isna().tolist() == [True, False, False]


def test_a_failing_scorer_is_an_error_of_the_row(data):
    def broken(estimator, X, y):
        raise RuntimeError("cannot score")

    scores = quietly(MODELS, *data, cv=2, scoring=broken)
    assert (scores["error"] == "RuntimeError: cannot score").all()
    assert scores["test_score"].isna().all()


def test_error_score_fills_the_metrics_or_raises(data):
    scores = quietly({"bad": Failing()}, *data, cv=2, error_score=9)
    assert (scores[["nmse", "nmse_0", "nmse_1"]] == 9).all(axis=None)
    with pytest.raises(RuntimeError, match="no luck"):
        quietly({"bad": Failing()}, *data, cv=2, error_score="raise")


def test_an_interrupt_goes_up(data):
    with pytest.raises(KeyboardInterrupt):
        quietly({"bad": Failing(error=KeyboardInterrupt), **MODELS}, *data)


def test_an_interrupt_of_a_network_goes_up(data):
    from ..test_bad_input import Interrupt

    with pytest.raises(KeyboardInterrupt):
        quietly({"mofa": small_mofa(callbacks=[Interrupt(2)])}, *data)


@pytest.mark.parametrize(
    ("models", "error", "message"),
    [
        ({}, ValueError, "estimators is empty"),
        ([("a", Ridge()), ("a", Ridge())], ValueError, r"more than once: \['a'\]"),
        ([Ridge()], TypeError, "a dict of name -> estimator or a list"),
        ({1: Ridge()}, TypeError, "a dict of name -> estimator or a list"),
        ({"a": "ridge"}, TypeError, "'a' must be an estimator with fit and predict"),
        ({"a": Ridge}, TypeError, "'a' must be an estimator with fit and predict"),
        ("ridge", InvalidParameterError, "The 'estimators' parameter of compare"),
    ],
)
def test_entries_that_are_no_estimators_are_told_before_anything_is_fitted(
    data, models, error, message
):
    with pytest.raises(error, match=message):
        quietly(models, *data)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"reference": "rigde"}, r"reference must be one of \['mean', 'ridge'\], got 'rigde'"),
        ({"target_names": ["a"]}, r"1 name\(s\), but y has 2 target"),
        ({"target_names": ["a", "b"], "scoring": "r2"}, "make_target_scorers"),
        ({"groups": GROUPS[:-1]}, r"inconsistent numbers of samples: \[60, 60, 59\]"),
        ({"cv": []}, "has no split"),
        ({"cv": 61}, "n_splits=61"),
    ],
)
def test_arguments_that_do_not_fit_are_told(data, params, message):
    with pytest.raises(ValueError, match=message):
        quietly(MODELS, *data, **params)


# What is printed


def test_the_leaderboard_errors_and_tests_are_printed(data, capsys):
    models = {**MODELS, "bad": Failing()}
    compare(models, *data, target_names=["views", "likes"], random_state=0)
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert "Mean over 5 fold(s); nmse: lower is better" in lines
    header = next(line for line in lines if "nmse_views" in line)
    assert header.split()[:4] == ["nmse", "std", "nmse_views", "nmse_likes"]
    start = lines.index(header) + 1
    ranking = [line.split()[0] for line in lines[start : start + 3]]
    assert ranking == ["ridge", "mean", "bad"]
    assert "bad failed on 5 fold(s): RuntimeError: no luck at all" in lines
    assert any("less that of 'ridge', corrected paired t-tests" in line for line in lines)
    assert "15/15" in printed.err


def test_verbose_0_prints_nothing(data, capsys):
    quietly(MODELS, *data)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("models", [{"bad": Failing()}, {"bad": Failing(), "ridge": Ridge()}])
def test_a_reference_that_failed_does_not_lose_the_result(data, capsys, models):
    scores = compare(models, *data, cv=2, reference="bad")
    assert len(scores) == 2 * len(models)
    assert "corrected paired" not in capsys.readouterr().out


def test_one_split_is_printed_without_tests(data, capsys):
    compare(MODELS, *data, cv=ShuffleSplit(1, random_state=0))
    out = capsys.readouterr().out
    assert "Mean over 1 fold" in out
    assert "corrected paired" not in out


def test_the_table_survives_a_file(data):
    scores = quietly({"bad": Failing(), **MODELS}, *data, cv=GroupKFold(3), groups=GROUPS)
    again = pd.read_csv(io.StringIO(scores.to_csv(index=False)))
    before, after = leaderboard(scores), leaderboard(again)
    assert before["error"].fillna("").tolist() == after["error"].fillna("").tolist()
    numbers = before.columns.drop("error")
    pd.testing.assert_frame_equal(after[numbers], before[numbers], check_index_type=False)


def test_modalities_by_column_names_reach_the_networks(data):
    X, y = data
    names = [f"{name}_{i}" for name, width in WIDTHS.items() for i in range(width)]
    frame = pd.DataFrame(X, columns=names)
    scores = quietly({"mofa": small_mofa(modalities=None, max_epochs=1)}, frame, y, cv=2)
    assert scores["error"].isna().all()
