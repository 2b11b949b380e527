"""Blends: parts, weights, out-of-fold predictions and their report."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    TimeSeriesSplit,
    cross_val_predict,
)
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils import get_tags

from mofa_sklearn import BlendRegressor, KFoldEnsembleRegressor
from mofa_sklearn.ensemble._blend_weights import blend_weights
from mofa_sklearn.metrics import normalized_mean_squared_error

from ..helpers import make_data, small_mofa

GROUPS = np.arange(60) // 5


class Counted(Ridge):
    """A ridge regression that counts how often any of its kind is fitted."""

    n_fits = 0

    def fit(self, X, y, sample_weight=None):
        Counted.n_fits += 1
        return super().fit(X, y, sample_weight)


class Recorder(RegressorMixin, BaseEstimator):
    """Keeps what its `fit` was given."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, sample_weight_val=None):
        self.X_, self.weight_, self.X_val_, self.shape_ = X, sample_weight, X_val, y.shape[1:]
        return self

    def predict(self, X):
        return np.zeros((len(X), *self.shape_))


def make_parts():
    return [("ridge", Ridge()), ("folded", make_pipeline(FunctionTransformer(np.abs), Ridge()))]


def make_curved(n_samples=60, n_targets=2, seed=0):
    """Make targets of which each of the parts sees one side."""
    X, y = make_data(n_samples, n_targets, seed=seed)
    return X, y + 4 * np.abs(X[:, :1] if y.ndim == 2 else X[:, 0])


def fit(parts=None, n_targets=2, cv=4, fit_params=None, **params):
    X, y = make_curved(n_targets=n_targets)
    model = BlendRegressor(parts or make_parts(), cv=cv, random_state=0, **params)
    return X, y, model.fit(X, y, **(fit_params or {}))


# Weights and out-of-fold predictions


@pytest.mark.parametrize("n_targets", [None, 1, 2])
def test_weights_are_those_of_cross_validated_predictions(n_targets):
    X, y, model = fit(n_targets=n_targets, cv=KFold(4))
    predictions = [cross_val_predict(part, X, y, cv=KFold(4)) for _, part in make_parts()]
    predictions = np.stack([p.reshape(len(y), -1) for p in predictions])
    expected = blend_weights(predictions, y.reshape(len(y), -1))
    assert_allclose(model.weights_, expected, atol=1e-5)
    assert model.weights_.min() > 0.05
    blended = np.sum(expected[:, None] * predictions, axis=0)
    assert model.oof_prediction_.shape == y.shape
    assert_allclose(model.oof_prediction_.reshape(len(y), -1), blended, atol=1e-4)


@pytest.mark.parametrize("n_targets", [None, 1, 2])
def test_the_prediction_is_the_weighted_mean_of_the_parts(n_targets):
    X, y, model = fit(n_targets=n_targets)
    parts = zip(model.weights_, model.estimators_, strict=True)
    expected = sum(w * part.predict(X).reshape(len(X), -1) for w, part in parts)
    assert model.predict(X).shape == y.shape
    assert_allclose(model.predict(X), expected.reshape(y.shape))


@pytest.mark.parametrize("cv", [3, KFold(4), TimeSeriesSplit(3)], ids=repr)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_blend_is_never_worse_out_of_fold_than_its_best_part(cv, weighted):
    weight = np.random.default_rng(0).uniform(size=60) if weighted else None
    parts = [("ridge", Ridge()), ("tree", DecisionTreeRegressor(max_depth=3))]
    parts += [("mean", DummyRegressor()), ("same", Ridge()), ("flat", Ridge(1e9))]
    report = fit(parts, cv=cv, fit_params={"sample_weight": weight})[2].oof_report_
    assert (report.loc["blend"] <= report.drop("blend").min()).all()
    assert report.loc["blend", "mean"] < report.drop("blend")["mean"].min()


def test_the_report_has_the_error_of_every_part_and_target():
    _, y, model = fit()
    report = model.oof_report_
    assert report.index.tolist() == ["ridge", "folded", "blend"]
    assert report.columns.tolist() == ["target_0", "target_1", "mean"]
    models = [*model.estimators_, model]
    for (_, row), each in zip(report.iterrows(), models, strict=True):
        nmse = normalized_mean_squared_error(y, each.oof_prediction_, multioutput="raw_values")
        assert_allclose(row, [*nmse, nmse.mean()])
        assert_allclose(each.oof_nmse_, nmse)
        assert each.oof_score_ == pytest.approx(1 - nmse.mean())


@pytest.mark.parametrize("names", [["views", "likes"], ["views", "mean"], [0, 1]])
def test_the_report_has_the_names_of_the_targets(names):
    X, y = make_curved()
    model = BlendRegressor(make_parts(), cv=3, random_state=0)
    report = model.fit(X, pd.DataFrame(y, columns=names)).oof_report_
    assert report.columns.tolist() == [*map(str, names), "mean"]
    series = pd.Series(y[:, 0], name="views")
    assert model.fit(X, series).oof_report_.columns.tolist() == ["views", "mean"]
    assert model.fit(X, series.rename(None)).oof_report_.columns.tolist() == ["target_0", "mean"]


def test_rows_that_are_never_held_out_are_nan_and_not_scored():
    _, y, model = fit(cv=TimeSeriesSplit(3))
    never = np.arange(60) < 15
    assert_array_equal(np.isnan(model.oof_prediction_).all(axis=1), never)
    known = y[~never], model.oof_prediction_[~never]
    assert_allclose(
        model.oof_nmse_, normalized_mean_squared_error(*known, multioutput="raw_values")
    )


def test_parts_without_a_common_row_held_out_can_not_be_compared():
    X, y = make_data(40)
    rows = np.arange(40)
    parts = [
        (name, KFoldEnsembleRegressor(Ridge(), cv=[(rows[~test], rows[test])]))
        for name, test in [("low", rows < 20), ("high", rows >= 20)]
    ]
    for weights in ("fit", "uniform"):
        with pytest.raises(ValueError, match=r"No row .* was held out by all parts"):
            BlendRegressor(parts, weights=weights).fit(X, y)


def test_uniform_weights_give_the_plain_mean():
    X, _, model = fit(weights="uniform")
    expected = np.mean([part.predict(X) for part in model.estimators_], axis=0)
    assert_allclose(model.predict(X), expected)
    assert_array_equal(model.weights_, np.full((2, 2), 0.5))


@pytest.mark.parametrize("weights", [(0.25, 0.75), [[0.25, 1.0], [0.75, 0.0]]])
def test_given_weights_are_taken(weights):
    X, _, model = fit(weights=weights)
    columns = np.transpose(np.broadcast_to(np.transpose(weights), (2, 2)))
    assert_allclose(model.weights_, columns)
    blended = sum(w * part.predict(X) for w, part in zip(columns, model.estimators_, strict=True))
    assert_allclose(model.predict(X), blended)


# Parts


def test_each_part_is_fitted_once_for_each_fold():
    Counted.n_fits = 0
    fit([("a", Counted()), ("b", KFoldEnsembleRegressor(Counted(), cv=3))], cv=4)
    assert Counted.n_fits == 4 + 3


@pytest.mark.parametrize("in_pipeline", [False, True])
def test_out_of_fold_predictions_of_an_ensemble_are_used_as_they_are(in_pipeline):
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=KFold(5))
    part = make_pipeline(StandardScaler(), ensemble) if in_pipeline else ensemble
    X, y, model = fit([("own", part), ("other", DummyRegressor())], weights=[1, 0])
    alone = clone(part).fit(X, y)
    last = alone[-1] if in_pipeline else alone
    assert_allclose(model.oof_prediction_, last.oof_prediction_)
    assert_allclose(model.predict(X), alone.predict(X))
    fitted = model.named_estimators_["own"]
    assert len((fitted[-1] if in_pipeline else fitted).estimators_) == 5


@pytest.mark.filterwarnings("ignore:The groups parameter is ignored by KFold")
@pytest.mark.parametrize("cv", [4, KFold(4, shuffle=True), GroupKFold(4)], ids=repr)
def test_parts_without_folds_share_the_splits(cv):
    parts = [("a", Recorder()), ("b", make_pipeline(StandardScaler(), Recorder()))]
    _, _, model = fit(parts, cv=cv, validation="inner", fit_params={"groups": GROUPS})
    first, second = model.estimators_
    for one, other in zip(first.estimators_, second.estimators_, strict=True):
        assert_allclose(StandardScaler().fit_transform(one.X_), other[-1].X_, atol=1e-5)
    assert len(first.estimators_) == 4


@pytest.mark.parametrize("validation", ["fold", "inner"])
def test_validation_is_handed_to_the_members(validation):
    model = fit([("a", Recorder())], validation=validation)[2]
    members = model.estimators_[0].estimators_
    assert all((member.X_val_ is not None) == (validation == "fold") for member in members)


@pytest.mark.parametrize("own", ["plain", "ensemble", "pipeline"])
def test_an_int_keeps_groups_together_in_every_part(own):
    part = Recorder() if own == "plain" else KFoldEnsembleRegressor(Recorder(), cv=3)
    if own == "pipeline":
        part = make_pipeline("passthrough", part)
    X, _, model = fit([("a", part)], cv=3, fit_params={"groups": GROUPS})
    fitted = model.estimators_[0][-1] if own == "pipeline" else model.estimators_[0]
    group_of = dict(zip(X[:, 0].tolist(), GROUPS.tolist(), strict=True))
    for member in fitted.estimators_:
        seen = [group_of[value] for value in member.X_[:, 0].tolist()]
        assert all(seen.count(group) == 5 for group in set(seen))


def test_sample_weights_reach_every_kind_of_part():
    weight = np.arange(1.0, 61.0)
    ensemble = KFoldEnsembleRegressor(Recorder(), cv=KFold(3))
    parts = [
        ("plain", Recorder()),
        ("pipeline", make_pipeline(StandardScaler(), Recorder())),
        ("ensemble", ensemble),
        ("pipeline of ensemble", make_pipeline(StandardScaler(), ensemble)),
    ]
    model = fit(parts, cv=KFold(3), fit_params={"sample_weight": weight})[2]
    plain, pipeline, own, own_pipeline = model.estimators_
    for i, (train, _) in enumerate(KFold(3).split(weight)):
        assert_array_equal(plain.estimators_[i].weight_, weight[train])
        assert_array_equal(pipeline.estimators_[i][-1].weight_, weight[train])
        assert_array_equal(own.estimators_[i].weight_, weight[train])
        assert_array_equal(own_pipeline[-1].estimators_[i].weight_, weight[train])


@pytest.mark.parametrize(
    "part", [KNeighborsRegressor(), KFoldEnsembleRegressor(KNeighborsRegressor(), cv=3)]
)
def test_sample_weights_that_a_part_does_not_take_are_refused(part):
    with pytest.raises(TypeError, match="KNeighborsRegressor does not support sample weights"):
        fit([("a", Ridge()), ("b", part)], fit_params={"sample_weight": np.ones(60)})


def test_unknown_arguments_of_fit_are_refused():
    with pytest.raises(ValueError, match="enable_metadata_routing"):
        fit(fit_params={"colour": 1})


def test_a_dropped_part_is_not_fitted_and_changes_no_other():
    parts = [("mean", DummyRegressor()), ("forest", RandomForestRegressor(3))]
    X, y, model = fit(parts)
    before = model.named_estimators_["forest"].predict(X)
    model = clone(model).set_params(mean="drop").fit(X, y)
    assert_array_equal(model.predict(X), before)
    assert model.weights_.shape == (1, 2)
    assert model.named_estimators_["mean"] == "drop"
    assert len(model.estimators_) == 1
    assert model.oof_report_.index.tolist() == ["forest", "blend"]


def test_parameters_of_parts_can_be_set_and_searched():
    X, y = make_curved()
    model = BlendRegressor(make_parts(), cv=3, random_state=0)
    assert model.set_params(ridge__alpha=7.0).fit(X, y).estimators_[0].estimators_[0].alpha == 7
    grid = {"ridge__alpha": [0.1, 10.0], "folded": ["drop", DecisionTreeRegressor(max_depth=2)]}
    assert len(GridSearchCV(model, grid, cv=2).fit(X, y).cv_results_["params"]) == 4
    assert model.named_estimators["ridge"].alpha == 7


def test_a_blend_can_be_a_part_of_a_blend():
    inner = BlendRegressor(make_parts(), cv=3)
    X, _, model = fit([("inner", inner), ("mean", DummyRegressor())])
    part = model.named_estimators_["inner"]
    assert isinstance(part, BlendRegressor)
    assert_array_equal(part.oof_report_.loc["blend"], model.oof_report_.loc["inner"])
    assert model.predict_interval(X[:3]).shape == (3, 2, 2)


def test_the_average_of_a_network_and_boosting():
    X, y = make_data(60, None)
    parts = [
        ("network", KFoldEnsembleRegressor(small_mofa(), cv=3)),
        ("boosting", HistGradientBoostingRegressor(max_iter=5, max_depth=2)),
    ]
    model = BlendRegressor(parts, weights="uniform", cv=3, random_state=0).fit(X, y)
    expected = np.mean([part.predict(X) for part in model.estimators_], axis=0)
    assert_allclose(model.predict(X), expected)


# Randomness


def test_the_same_seed_gives_the_same_blend():
    parts = [("one", small_mofa()), ("other", small_mofa(dropout=0.2))]
    predictions = [model.predict(X) for X, _, model in (fit(parts), fit(parts, n_jobs=2))]
    assert_array_equal(*predictions)


def test_parts_get_seeds_of_their_own():
    parts = [("a", Recorder()), ("b", Recorder()), ("c", KFoldEnsembleRegressor(Recorder(), cv=3))]
    model = fit(parts)[2]
    seeds = [
        seed for part in model.estimators_
        for seed in [part.random_state, *(m.random_state for m in part.estimators_)]
    ]  # fmt: skip
    assert len(set(seeds)) == len(seeds) == 5 + 5 + 4


def test_without_a_seed_ensembles_keep_their_own():
    X, y = make_data(60)
    part = KFoldEnsembleRegressor(RandomForestRegressor(3), cv=3, random_state=5)
    model = BlendRegressor([("a", part)]).fit(X, y)
    assert_array_equal(model.predict(X), clone(part).fit(X, y).predict(X))


# Fitted parts


def fitted_parts(n_targets=2, seed=0):
    X, y = make_curved(n_targets=n_targets, seed=seed)
    ensembles = [(name, KFoldEnsembleRegressor(part, cv=KFold(4))) for name, part in make_parts()]
    return X, y, [(name, ensemble.fit(X, y)) for name, ensemble in ensembles]


@pytest.mark.parametrize("n_targets", [None, 1, 2])
def test_fitted_parts_are_used_as_they_are(n_targets):
    X, y, parts = fitted_parts(n_targets)
    model = BlendRegressor(parts, cv="prefit").fit(X, y)
    assert all(one is other for one, (_, other) in zip(model.estimators_, parts, strict=True))
    expected = fit(n_targets=n_targets, cv=KFold(4))[2]
    assert_allclose(model.weights_, expected.weights_)
    assert_allclose(model.predict(X), expected.predict(X))
    assert_allclose(model.predict_interval(X), expected.predict_interval(X))


def test_anything_with_out_of_fold_predictions_can_be_a_fitted_part():
    X, y, parts = fitted_parts()
    ridge = Ridge().fit(X, y)
    ridge.oof_prediction_ = cross_val_predict(Ridge(), X, y, cv=4)
    model = BlendRegressor([("ridge", ridge), parts[1]], cv="prefit").fit(X, y)
    first, second = model.weights_
    assert_allclose(model.predict(X), first * ridge.predict(X) + second * parts[1][1].predict(X))


def test_fitted_parts_may_be_pipelines_and_dropped():
    X, y = make_curved()
    pipeline = make_pipeline(StandardScaler(), KFoldEnsembleRegressor(Ridge(), cv=3)).fit(X, y)
    parts = [("pipeline", pipeline), ("other", "drop")]
    model = BlendRegressor(parts, cv="prefit").fit(X, y)
    assert_allclose(model.predict(X), pipeline.predict(X))


def test_a_fitted_part_has_to_be_fitted():
    X, y, parts = fitted_parts()
    parts[1] = ("folded", clone(parts[1][1]))
    with pytest.raises(NotFittedError, match=r"part 'folded' \(KFoldEnsembleRegressor\) is not"):
        BlendRegressor(parts, cv="prefit").fit(X, y)


@pytest.mark.parametrize("in_pipeline", [False, True])
def test_a_fitted_part_needs_out_of_fold_predictions(in_pipeline):
    X, y, parts = fitted_parts()
    part = (make_pipeline(StandardScaler(), Ridge()) if in_pipeline else Ridge()).fit(X, y)
    message = r"part 'plain' \(Ridge\) has no out-of-fold predictions .*KFoldEnsembleRegressor"
    with pytest.raises(ValueError, match=message):
        BlendRegressor([*parts, ("plain", part)], cv="prefit").fit(X, y)


@pytest.mark.parametrize(
    ("rows", "targets", "message"),
    [
        (slice(50), slice(2), r"60 rows and 2 target\(s\), but y has 50 rows and 2"),
        (slice(60), slice(1), r"60 rows and 2 target\(s\), but y has 60 rows and 1"),
    ],
)
def test_a_fitted_part_has_to_come_from_the_same_rows(rows, targets, message):
    X, y, parts = fitted_parts()
    with pytest.raises(ValueError, match=f"part 'ridge' .* of {message}"):
        BlendRegressor(parts, cv="prefit").fit(X[rows], y[rows, targets])


# What is refused, and what others see


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([], "non-empty list"),
        ([Ridge()], "non-empty list"),
        ([("a", Ridge()), ("a", Ridge())], r"not unique: \['a', 'a'\]"),
        ([("a__b", Ridge())], r"must not contain __: got \['a__b'\]"),
        ([("weights", Ridge())], r"conflict with constructor arguments: \['weights'\]"),
        ([("blend", Ridge())], "No part can be called 'blend'"),
        ([("a", "drop")], "All estimators are dropped"),
        ([("a", StandardScaler())], "should be a regressor"),
    ],
)
def test_bad_lists_of_parts_are_told(parts, message):
    X, y = make_data(20)
    with pytest.raises(ValueError, match=message):
        BlendRegressor(parts, cv=2).fit(X, y)


def test_unknown_names_are_scikit_learn_s_own_error():
    with pytest.raises(ValueError, match="Invalid parameter 'lasso'"):
        BlendRegressor(make_parts()).set_params(lasso__alpha=1)


def test_weights_that_do_not_fit_are_refused_before_anything_is_fitted():
    Counted.n_fits = 0
    with pytest.raises(ValueError, match=r"weights has shape \(3,\), but there are 1 estimators"):
        fit([("a", Counted())], weights=[0.5, 0.3, 0.2])
    assert Counted.n_fits == 0


def test_a_part_that_predicts_another_shape_is_refused():
    class OneColumn(Recorder):
        def predict(self, X):
            return np.zeros(len(X))

    with pytest.raises(ValueError, match=r"predict an array of shape \(15,\) for y of shape"):
        fit([("a", Ridge()), ("b", OneColumn())])


def test_tags_are_those_of_the_parts():
    boosting, ridge = HistGradientBoostingRegressor(), Ridge()
    assert not get_tags(BlendRegressor([("a", boosting), ("b", ridge)])).input_tags.allow_nan
    only = get_tags(BlendRegressor([("a", boosting), ("b", "drop")]))
    assert only.input_tags.allow_nan
    assert not only.target_tags.multi_output
    assert get_tags(BlendRegressor([("a", ridge)])).target_tags.multi_output


def test_nan_is_left_to_the_parts():
    X, y = make_data(60, None)
    X[3, 5] = np.nan
    parts = [("boosting", HistGradientBoostingRegressor(max_iter=3))]
    assert np.isfinite(BlendRegressor(parts, cv=3).fit(X, y).predict(X)).all()


@pytest.mark.parametrize("fitted", [False, True])
def test_the_diagram_shows_the_parts(fitted):
    model = fit()[2] if fitted else BlendRegressor(make_parts())
    diagram = model._repr_html_()
    assert "ridge" in diagram
    assert "FunctionTransformer" in diagram


def test_a_progress_bar_is_shown_only_if_asked_for(capsys):
    fit(verbose=0)
    assert capsys.readouterr().err == ""
    fit(verbose=1)
    assert "Blend" in capsys.readouterr().err
