"""ModalityPipeline: a Pipeline whose last step's arguments, methods and attributes are at hand."""

from inspect import signature

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_validate
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import (
    BlendRegressor,
    KFoldEnsembleRegressor,
    ModalityPipeline,
    MoFARegressor,
    make_mofa_pipeline,
)

from ..helpers import WIDTHS, make_data, run_in_fresh_process, small_mofa, with_quick_companions
from .probes import GroupedShift, Recorder, Shift

N = 60
X, Y = make_data(N + 20)
X, X_VAL, Y, Y_VAL = X[:N], X[N:], Y[:N], Y[N:]
WEIGHT = np.arange(1.0, N + 1)
GROUPS = np.arange(N) % 12
ROUTING = pytest.mark.parametrize("routing", [False, True], ids=["", "routing"])


def recording(*, shift=None, routing=False, **params):
    """Make a pipeline of probes, which request their arguments where these are routed."""
    shift, last = GroupedShift() if shift is None else shift, Recorder()
    if routing:
        last.set_fit_request(sample_weight=True, groups=True).set_predict_request(return_std=True)
        if isinstance(shift, GroupedShift):
            shift.set_fit_request(sample_weight=True, groups=True)
    return ModalityPipeline([("shift", shift), ("last", last)], **params)


def small(ensemble=True, cv=2, **params):
    """Make the default pipeline, with networks that train in a moment."""
    params |= {"cv": cv} if ensemble else {}
    model = make_mofa_pipeline(WIDTHS, ensemble=ensemble, random_state=0, **params)
    prefix = "regressor__estimator__" if ensemble else "regressor__"
    model.set_params(**{f"{prefix}hidden_dim": 8, f"{prefix}max_epochs": 2})
    return with_quick_companions(model)


# What fit hands over


@ROUTING
def test_weights_and_groups_reach_every_step_that_takes_them(routing):
    with config_context(enable_metadata_routing=routing):
        model = recording(routing=routing).fit(X, Y, sample_weight=WEIGHT, groups=GROUPS)
    for step in (model[0], model[-1]):
        assert_array_equal(step.weight_, WEIGHT)
        assert_array_equal(step.groups_, GROUPS)


@ROUTING
def test_validation_rows_go_through_the_steps_before_which_learn_nothing_from_them(routing):
    weight = np.arange(1.0, len(X_VAL) + 1)
    with config_context(enable_metadata_routing=routing):
        model = recording(shift=Shift()).fit(
            X, Y, X_val=X_VAL, y_val=Y_VAL, sample_weight_val=weight
        )
    assert model[0].n_fits_ == 1
    assert_array_equal(model[0].X_, X)
    assert_array_equal(model[-1].X_val_, X_VAL - X.mean(axis=0))
    assert_array_equal(model[-1].y_val_, Y_VAL)
    assert_array_equal(model[-1].weight_val_, weight)


def test_a_step_s_own_name_for_validation_rows_does_the_same():
    model = recording(shift=Shift()).fit(X, Y, last__X_val=X_VAL, last__y_val=Y_VAL)
    assert_array_equal(model[-1].X_val_, X_VAL - X.mean(axis=0))


def test_transform_input_does_not_transform_them_twice():
    with config_context(enable_metadata_routing=True):
        model = recording(shift=Shift(), transform_input=["X_val"])
        model["last"].set_fit_request(X_val=True)
        model.fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    assert_array_equal(model[-1].X_val_, X_VAL - X.mean(axis=0))


def test_a_network_stops_on_them_as_on_rows_transformed_before():
    model = small(ensemble=False).fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    by_hand = small(ensemble=False)
    network = by_hand[-1].fit(
        by_hand[:-1].fit_transform(X, Y),
        Y,
        X_val=by_hand[:-1].transform(X_VAL),
        y_val=Y_VAL,
    )
    assert_array_equal(model.history_[:, "valid_loss"], network.history_[:, "valid_loss"])
    assert model.score(X_VAL, Y_VAL) == network.score(by_hand[:-1].transform(X_VAL), Y_VAL)


def test_a_cached_step_transforms_them(tmp_path):
    model = recording(shift=Shift(), memory=str(tmp_path))
    for _ in range(2):
        model.fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
        assert_array_equal(model[-1].X_val_, X_VAL - X.mean(axis=0))


def test_arguments_of_steps_go_on_as_in_scikit_learn():
    model = recording().fit(X, Y, shift__groups=GROUPS, last__sample_weight=WEIGHT)
    assert model[0].weight_ is None
    assert model[-1].groups_ is None
    assert_array_equal(model[0].groups_, GROUPS)
    assert_array_equal(model[-1].weight_, WEIGHT)


def test_steps_inside_a_pipeline_get_them_too():
    inner = make_pipeline(GroupedShift(), Shift())
    model = ModalityPipeline([("inner", inner), ("last", make_pipeline(Shift(), Recorder()))])
    model.fit(X, Y, groups=GROUPS, sample_weight=WEIGHT)
    assert_array_equal(model[0][0].groups_, GROUPS)
    assert_array_equal(model[-1][-1].weight_, WEIGHT)


# What it refuses, before anything is fitted


@pytest.mark.parametrize(
    ("last", "arguments", "error", "message"),
    [
        (KNeighborsRegressor(), {"sample_weight": WEIGHT}, TypeError, "sample_weight was passed"),
        (Ridge(), {"groups": GROUPS}, TypeError, "groups was passed, but .* last .Ridge"),
        (Ridge(), {"X_val": X_VAL, "y_val": Y_VAL}, TypeError, "X_val was passed"),
        (Recorder(), {"X_val": X_VAL}, ValueError, "both X_val and y_val; got only X_val"),
        (Recorder(), {"y_val": Y_VAL}, ValueError, "both X_val and y_val; got only y_val"),
        (Recorder(), {"sample_weight_val": WEIGHT}, ValueError, "both X_val and y_val"),
        (Recorder(), {"last__X_val": X_VAL}, ValueError, "both X_val and y_val"),
        (Recorder(), {"last__eval_set": [(X_VAL, Y_VAL)]}, TypeError, "X_val= and y_val="),
        (
            make_pipeline(Shift(), Recorder()),
            {"last__recorder__X_val": X_VAL},
            TypeError,
            "last__recorder__X_val would not go through",
        ),
        (Recorder(), {"groups": GROUPS, "last__groups": GROUPS}, TypeError, "Got both groups and"),
        (
            Recorder(),
            {"X_val": X_VAL, "y_val": Y_VAL, "last__X_val": X_VAL},
            TypeError,
            "Got both X_val and last__X_val",
        ),
    ],
)
def test_what_would_be_ignored_or_mistaken_is_an_error(last, arguments, error, message):
    model = ModalityPipeline([("shift", Shift()), ("last", last)])
    with pytest.raises(error, match=message):
        model.fit(X, Y, **arguments)
    assert not hasattr(model[0], "mean_")


@pytest.mark.parametrize("argument", ["sample_weight", "groups", "X_val"])
def test_routing_refuses_what_no_step_can_use(argument):
    given = {"sample_weight": WEIGHT, "groups": GROUPS, "X_val": X_VAL}
    arguments = {argument: given[argument]}
    if argument == "X_val":
        arguments["y_val"] = Y_VAL
    model = ModalityPipeline([("shift", Shift()), ("last", KNeighborsRegressor())])
    with config_context(enable_metadata_routing=True), pytest.raises(TypeError, match=argument):
        model.fit(X, Y, **arguments)


def test_routing_asks_for_a_request_where_scikit_learn_does():
    model = ModalityPipeline([("shift", Shift()), ("last", Ridge())])
    with config_context(enable_metadata_routing=True):
        with pytest.raises(ValueError, match="set_fit_request"):
            model.fit(X, Y, sample_weight=WEIGHT)
        model["last"].set_fit_request(sample_weight=True)
        weighted = model.fit(X, Y, sample_weight=WEIGHT)["last"].coef_
    expected = Ridge().fit(X - X.mean(axis=0), Y, sample_weight=WEIGHT).coef_
    assert_allclose(weighted, expected)


# In scikit-learn's tools


class GroupsOfSplits(KFold):
    """Grouped folds that remember which groups were on both sides, in all copies."""

    seen: list = []

    def split(self, X, y=None, groups=None):
        for train, test in GroupKFold(self.n_splits).split(X, y, groups):
            type(self).seen.append(set(groups[train]) & set(groups[test]))
            yield train, test


@ROUTING
def test_groups_and_weights_through_cross_validate_need_no_request(routing):
    GroupsOfSplits.seen.clear()
    with config_context(enable_metadata_routing=routing):
        result = cross_validate(
            small(),
            X,
            Y,
            cv=GroupKFold(2),
            params={"groups": GROUPS, "sample_weight": WEIGHT},
            **({} if routing else {"groups": GROUPS}),
            return_estimator=True,
            return_indices=True,
            error_score="raise",
        )
    for train, test, model in zip(*result["indices"].values(), result["estimator"], strict=True):
        assert not set(GROUPS[train]) & set(GROUPS[test])
        for held_out in model[-1]._held_out:
            members = GROUPS[train][held_out]
            assert not set(members) & set(np.delete(GROUPS[train], held_out))
        weighted = small().fit(
            X[train], Y[train], groups=GROUPS[train], sample_weight=WEIGHT[train]
        )
        assert_array_equal(model.predict(X[test]), weighted.predict(X[test]))


def test_scores_are_the_same_with_and_without_routing():
    params = {"groups": GROUPS, "sample_weight": WEIGHT}
    model = make_mofa_pipeline(WIDTHS, estimator=small_mofa(modalities=None), cv=2, random_state=0)
    plain = cross_validate(model, X, Y, groups=GROUPS, cv=GroupKFold(2), params=params)
    with config_context(enable_metadata_routing=True):
        routed = cross_validate(model, X, Y, cv=GroupKFold(2), params=params)
    assert_array_equal(plain["test_score"], routed["test_score"])


def test_routing_takes_return_std_and_weights_of_a_score_as_they_are():
    model = small().fit(X, Y)
    expected = model.predict(X, return_std=True), model.score(X, Y, sample_weight=WEIGHT)
    with config_context(enable_metadata_routing=True):
        assert_array_equal(model.predict(X, return_std=True), expected[0])
        assert model.score(X, Y, sample_weight=WEIGHT) == expected[1]


def test_a_search_sets_parameters_of_steps_and_hands_arguments_on():
    model = recording()
    grid = {"last": [Recorder(), make_pipeline(Shift(), Recorder())]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise")
    search.fit(X, Y, sample_weight=WEIGHT)
    assert_array_equal(search.best_estimator_[0].weight_, WEIGHT)


def test_it_is_a_pipeline():
    model = small()
    assert isinstance(model, Pipeline)
    assert type(model[:-1]) is ModalityPipeline
    assert model[:-1].get_params()["preprocess"] is model["preprocess"]
    assert set(clone(model).get_params()) == set(model.get_params())
    model.set_params(verbose=True, regressor__cv=2, preprocess__default="passthrough")
    assert (model.verbose, model["regressor"].cv) == (True, 2)
    frame = pd.DataFrame(
        X, columns=[f"{name}_{i}" for name, w in WIDTHS.items() for i in range(w)]
    )
    model.set_params(preprocess__modalities=None, verbose=False).fit(frame, Y)
    assert model.feature_names_in_.tolist() == frame.columns.tolist()
    assert model.n_features_in_ == frame.shape[1]
    assert model[:-1].get_feature_names_out().tolist() == frame.columns.tolist()
    assert "KFoldEnsembleRegressor" in model._repr_html_()


def test_verbose_counts_its_steps(capsys):
    recording(verbose=True).fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    out = capsys.readouterr().out
    assert "(step 1 of 2) Processing shift" in out
    assert "(step 2 of 2) Processing last" in out


# Methods and attributes of the last step


def test_what_the_last_step_can_do_the_pipeline_can():
    model = small().fit(X, Y)
    encoded, ensemble = model[:-1].transform(X), model[-1]
    assert_array_equal(
        model.predict_interval(X, 0.8, joint=True),
        ensemble.predict_interval(encoded, confidence_level=0.8, joint=True),
    )
    assert_array_equal(
        model.predict(X, return_std=True), ensemble.predict(encoded, return_std=True)
    )
    attention = model.modality_attention(X)
    assert attention.columns.tolist() == list(WIDTHS)
    assert_allclose(attention.sum(axis=1), 1, rtol=1e-5)
    members = [member.modality_attention(encoded) for member in model.estimators_]
    assert_allclose(attention, np.mean(members, axis=0))
    for name in ("estimators_", "oof_prediction_", "oof_score_", "oof_nmse_", "fold_scores_"):
        assert getattr(model, name) is getattr(ensemble, name)
    pd.testing.assert_frame_equal(model.blend_weights_, ensemble.blend_weights_)
    assert {name: len(block) for name, block in model.modalities_.items()} == WIDTHS


def test_attention_keeps_the_index_of_the_rows():
    frame = pd.DataFrame(
        X, columns=[f"{name}_{i}" for name, w in WIDTHS.items() for i in range(w)]
    )
    frame.index = [f"video {i}" for i in range(N)]
    model = make_mofa_pipeline(estimator=small_mofa(modalities=None), cv=2, random_state=0)
    attention = model.fit(frame, Y).modality_attention(frame[:3])
    assert attention.index.tolist() == ["video 0", "video 1", "video 2"]


def test_a_network_alone_has_its_own():
    network = MoFARegressor(loss="quantile", hidden_dim=8, max_epochs=2, random_state=0)
    model = make_mofa_pipeline(WIDTHS, estimator=network, ensemble=False).fit(X, Y)
    quantiles = model.predict_quantiles(X)
    assert_array_equal(quantiles, network.predict_quantiles(model[:-1].transform(X)))
    assert quantiles.shape[2] == len(model.quantile_levels_)
    assert len(model.history_) == model.n_iter_ >= model.best_iteration_
    assert not hasattr(model, "predict_interval")
    assert not hasattr(model, "oof_nmse_")


ONLY_FITTED = ("estimators_", "oof_prediction_", "oof_nmse_", "blend_weights_", "modalities_")


def test_what_is_not_there_is_not_told_to_be():
    model = small()
    offered = set(dir(model))
    assert {"predict_interval", "modality_attention", "fit", "target_transform"} <= offered
    for name in ("predict_proba", "predict_set", "predict_quantiles", "transform", *ONLY_FITTED):
        assert not hasattr(model, name)
        assert name not in offered
    with pytest.raises(AttributeError, match="predict_set"):
        model.predict_set(X)
    model.fit(X, Y)
    assert set(ONLY_FITTED) <= set(dir(model))
    ridge = make_mofa_pipeline(WIDTHS, estimator=Ridge())
    assert not hasattr(ridge, "modality_attention")
    classifier = make_mofa_pipeline(WIDTHS, estimator=LogisticRegression(), cv=2)
    classifier.fit(X, Y[:, 0] > 0)
    assert classifier.classes_.tolist() == [False, True]
    assert not hasattr(classifier, "predict_interval")
    assert {"predict_proba", "classes_"} <= set(dir(classifier))


def test_a_blend_s_parts_are_at_hand():
    parts = [("ridge", Ridge()), ("scaled", make_pipeline(StandardScaler(), Ridge(10)))]
    model = ModalityPipeline([("shift", Shift()), ("blend", BlendRegressor(parts, cv=3))])
    model.fit(X, Y, sample_weight=WEIGHT, groups=GROUPS)
    assert model.weights_ is model[-1].weights_
    assert list(model.named_estimators_) == ["ridge", "scaled"]
    assert model.oof_report_.index.tolist() == ["ridge", "scaled", "blend"]
    assert model.predict_interval(X[:2]).shape == (2, 2, 2)


# Copies and files


@pytest.mark.processes
def test_a_loaded_pipeline_answers_the_same_in_a_fresh_process(tmp_path):
    model = small().fit(X, Y)
    joblib.dump(model, tmp_path / "model.joblib")
    np.save(tmp_path / "X.npy", X)
    run_in_fresh_process(
        """
        import sys, joblib, numpy as np
        from pathlib import Path
        folder = Path(sys.argv[1])
        model, X = joblib.load(folder / "model.joblib"), np.load(folder / "X.npy")
        np.save(folder / "interval.npy", model.predict_interval(X))
        np.save(folder / "attention.npy", model.modality_attention(X))
        """,
        tmp_path,
    )
    assert_array_equal(np.load(tmp_path / "interval.npy"), model.predict_interval(X))
    assert_array_equal(np.load(tmp_path / "attention.npy"), model.modality_attention(X))


def test_a_pipeline_of_fitted_steps_needs_no_fit():
    fitted = Pipeline([("scale", StandardScaler()), ("ridge", Ridge())]).fit(X, Y)
    assert_array_equal(ModalityPipeline(fitted.steps).predict(X), fitted.predict(X))


def test_a_member_of_an_ensemble_stops_on_its_fold_by_its_own_steps():
    ensemble = KFoldEnsembleRegressor(recording(shift=Shift()), cv=KFold(3)).fit(X, Y)
    for (train, test), member in zip(KFold(3).split(X), ensemble.estimators_, strict=True):
        assert_allclose(member[-1].X_val_, X[test] - X[train].mean(axis=0))


BOOSTING = {
    "xgboost": {"name": "XGBRegressor", "n_estimators": 200, "early_stopping_rounds": 2},
    "lightgbm": {"name": "LGBMRegressor", "n_estimators": 200, "early_stopping_round": 2},
    "catboost": {"name": "CatBoostRegressor", "iterations": 200, "early_stopping_rounds": 2},
}


def boosting(library, **params):
    module = pytest.importorskip(library)
    settings = {**BOOSTING[library], **params}
    quiet = {
        "xgboost": {"n_jobs": 1},
        "lightgbm": {"n_jobs": 1, "verbose": -1},
        "catboost": {"thread_count": 1, "verbose": False, "allow_writing_files": False},
    }
    cls = getattr(module, settings.pop("name"))
    return cls(**settings, **quiet[library], random_state=0)


@pytest.mark.parametrize("library", BOOSTING)
@pytest.mark.parametrize("weighted", [False, True])
def test_boosting_gets_validation_rows_as_it_takes_them(library, weighted):
    weight = {"sample_weight_val": np.arange(1.0, len(X_VAL) + 1)} if weighted else {}
    model = make_mofa_pipeline(WIDTHS, estimator=boosting(library), ensemble=False)
    model.fit(X, Y[:, 0], X_val=X_VAL, y_val=Y_VAL[:, 0], **weight)
    last = model[-1]
    rounds = last.best_iteration if library == "xgboost" else last.best_iteration_
    assert 0 < rounds < 199
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_boosting_that_does_not_stop_early_would_ignore_them(library):
    told = {"xgboost": "early_stopping_rounds", "lightgbm": "early_stopping_round"}[library]
    last = boosting(library, **{told: None})
    model = make_mofa_pipeline(WIDTHS, estimator=last, ensemble=False)
    with pytest.raises(ValueError, match="was not told to stop early"):
        model.fit(X, Y[:, 0], X_val=X_VAL, y_val=Y_VAL[:, 0])


def test_boosting_of_scikit_learn_that_would_ignore_them_is_refused():
    last = HistGradientBoostingRegressor()
    if "X_val" not in signature(last.fit).parameters:
        pytest.skip("since scikit-learn 1.7")
    model = make_mofa_pipeline(WIDTHS, estimator=last, ensemble=False)
    with pytest.raises(ValueError, match="set early_stopping=True"):
        model.fit(X, Y[:, 0], X_val=X_VAL, y_val=Y_VAL[:, 0])
    model.set_params(regressor__early_stopping=True)
    assert model.fit(X, Y[:, 0], X_val=X_VAL, y_val=Y_VAL[:, 0]).n_iter_ <= 100


@ROUTING
def test_members_stop_on_validation_rows_of_the_user(routing):
    """The ensemble gets them transformed by the steps before it."""
    with config_context(enable_metadata_routing=routing):
        model = small().fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
        by_hand = small()
        ensemble = by_hand[-1].fit(
            by_hand[:-1].fit_transform(X, Y),
            Y,
            X_val=by_hand[:-1].transform(X_VAL),
            y_val=Y_VAL,
        )
    for member, expected in zip(model.estimators_, ensemble.estimators_, strict=True):
        assert_array_equal(member.history_[:, "valid_loss"], expected.history_[:, "valid_loss"])
    assert_array_equal(model.predict(X), ensemble.predict(by_hand[:-1].transform(X)))


@ROUTING
def test_a_network_alone_holds_back_whole_groups(routing):
    network = small_mofa(modalities=None, early_stopping=True)
    model = make_mofa_pipeline(WIDTHS, estimator=network, ensemble=False)
    with config_context(enable_metadata_routing=routing):
        grouped = model.fit(X, Y, groups=GROUPS).predict(X)
        alone = clone(network).fit(model[:-1].transform(X), Y, groups=GROUPS)
    assert_array_equal(grouped, alone.predict(model[:-1].transform(X)))


def test_a_search_with_routing_hands_groups_to_both_its_splits():
    model = make_mofa_pipeline(WIDTHS, estimator=Ridge(), cv=3, random_state=0)
    search = GridSearchCV(
        model,
        {"regressor__estimator__alpha": [1, 10]},
        cv=GroupKFold(3),
        error_score="raise",
    )
    with config_context(enable_metadata_routing=True):
        search.fit(X, Y, groups=GROUPS)
    for held_out in search.best_estimator_[-1]._held_out:
        assert not set(GROUPS[held_out]) & set(np.delete(GROUPS, held_out))


def test_attention_over_tokens_is_the_mean_of_the_members():
    network = small_mofa(modalities=None, tokens={"image": 2})
    model = make_mofa_pipeline(
        WIDTHS, tokens={"image": 2}, estimator=network, cv=2, random_state=0
    ).fit(X, Y)
    encoded = model[:-1].transform(X)
    members = [member.token_attention(encoded, "image") for member in model.estimators_]
    assert_allclose(model.token_attention(X, "image"), np.mean(members, axis=0))
    assert not hasattr(small(), "token_attention")
