"""Validation rows of the user: every member stops early on them, or they are refused."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import BlendRegressor, KFoldEnsembleClassifier, KFoldEnsembleRegressor
from mofa_sklearn.baselines import EarlyStoppingMLPRegressor, EarlyStoppingRegressor
from mofa_sklearn.estimators import RidgePathRegressor

from ..classes import make_classes, small_classifier
from ..helpers import make_data, small_mofa

NETWORK = {"max_epochs": 12, "learning_rate": 0.05}


class Recorder(RegressorMixin, BaseEstimator):
    """Keeps what its fit was given."""

    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        self.X_, self.X_val_, self.y_val_ = X, X_val, y_val
        self.weight_val_ = sample_weight_val
        return self

    def predict(self, X):
        return np.zeros(len(X))


class EvalSetRecorder(Recorder):
    """The same with the interface of gradient-boosting libraries."""

    def __init__(self, early_stopping_rounds=5):
        self.early_stopping_rounds = early_stopping_rounds

    def fit(
        self, X, y, sample_weight=None, eval_set=None, sample_weight_eval_set=None, verbose=True
    ):
        self.X_, self.verbose_ = X, verbose
        ((self.X_val_, self.y_val_),) = eval_set
        (self.weight_val_,) = sample_weight_eval_set or (None,)
        return self


class OwnPipeline(Pipeline):
    """A pipeline whose own `fit` takes validation rows."""

    def fit(self, X, y=None, X_val=None, y_val=None, sample_weight_val=None, **params):
        head = Pipeline(self.steps[:-1]).fit(X, y)
        self.steps[-1][1].fit(
            head.transform(X), y, X_val=head.transform(X_val), y_val=y_val, **params
        )
        return self


def rows():
    """Return rows to learn from, and rows to stop early on that come from elsewhere."""
    X, y = make_data(60, None)
    X_val, y_val = make_data(20, None, seed=1)
    return X, y, {"X_val": X_val, "y_val": y_val}


@pytest.mark.parametrize("recorder", [Recorder(), EvalSetRecorder()], ids=["X_val", "eval_set"])
@pytest.mark.parametrize("validation", ["fold", "inner"])
def test_every_member_gets_them_in_place_of_the_rows_held_out(recorder, validation):
    X, y, given = rows()
    weight = np.arange(20.0)
    ensemble = KFoldEnsembleRegressor(recorder, cv=3, validation=validation)
    for member in ensemble.fit(X, y, **given, sample_weight_val=weight).estimators_:
        assert_array_equal(member.X_val_, given["X_val"])
        assert_array_equal(member.y_val_, given["y_val"])
        assert_array_equal(member.weight_val_, weight)
        assert len(member.X_) == 40


@pytest.mark.parametrize("way", ["plain", "nested", "own"])
def test_each_member_s_own_steps_transform_them(way):
    X, y, given = rows()
    last = Pipeline([("last", Recorder())]) if way == "nested" else Recorder()
    kind = OwnPipeline if way == "own" else Pipeline
    pipeline = kind([("scale", StandardScaler()), ("last", last)])
    ensemble = KFoldEnsembleRegressor(pipeline, cv=KFold(3)).fit(X, y, **given)
    for (train, _), member in zip(KFold(3).split(X), ensemble.estimators_, strict=True):
        last = member[-1][-1] if way == "nested" else member[-1]
        expected = StandardScaler().fit(X[train]).transform(given["X_val"])
        assert_allclose(last.X_val_, expected, rtol=1e-6)


def boosting(library, **params):
    if library == "xgboost":
        return pytest.importorskip(library).XGBRegressor(
            n_estimators=60, early_stopping_rounds=3, n_jobs=1
        )
    if library == "lightgbm":
        return pytest.importorskip(library).LGBMRegressor(
            n_estimators=60, early_stopping_round=3, min_child_samples=3, n_jobs=1, verbose=-1
        )
    if library == "catboost":
        return pytest.importorskip(library).CatBoostRegressor(
            iterations=60,
            early_stopping_rounds=3,
            depth=2,
            thread_count=1,
            allow_writing_files=False,
        )
    return HistGradientBoostingRegressor(
        max_iter=60, n_iter_no_change=3, min_samples_leaf=3, **params
    )


MEMBERS = {
    "network": lambda: small_mofa(**NETWORK),
    "network in a pipeline": lambda: make_pipeline(StandardScaler(), small_mofa(**NETWORK)),
    "xgboost": lambda: boosting("xgboost"),
    "lightgbm": lambda: boosting("lightgbm"),
    "catboost": lambda: boosting("catboost"),
    "hist-gb": lambda: boosting("sklearn", early_stopping=True),
    "hist-gb, auto": lambda: boosting("sklearn"),
    "hist-gb in a pipeline": lambda: make_pipeline(StandardScaler(), boosting("sklearn")),
    "wrapped hist-gb": lambda: EarlyStoppingRegressor(boosting("sklearn"), n_jobs=1),
    "wrapped xgboost": lambda: EarlyStoppingRegressor(boosting("xgboost"), n_jobs=1),
    "mlp": lambda: EarlyStoppingMLPRegressor(
        hidden_layer_sizes=4, early_stopping=True, max_iter=30, n_iter_no_change=30
    ),
    "ridge path": RidgePathRegressor,
    "ensemble": lambda: KFoldEnsembleRegressor(small_mofa(**NETWORK), cv=2),
    "blend": lambda: BlendRegressor(
        [("a", small_mofa(**NETWORK)), ("b", Ridge())], cv=2
    ).set_params(weights="uniform"),
}


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_other_targets_of_theirs_give_another_model(member):
    X, y, given = rows()
    ensemble = KFoldEnsembleRegressor(MEMBERS[member](), cv=2, random_state=0)
    first = ensemble.fit(X, y, **given).predict(X)
    given["y_val"] = -given["y_val"]
    assert not np.allclose(ensemble.fit(X, y, **given).predict(X), first)


def test_classifiers_stop_on_them_too():
    X, y = make_classes("multiclass", 120)
    ensemble = KFoldEnsembleClassifier(small_classifier(**NETWORK), cv=2, random_state=0)
    results = [
        ensemble.fit(X[:80], y[:80], X_val=X[80:], y_val=y_val).predict_proba(X)
        for y_val in (y[80:], y[80:][::-1])
    ]
    assert not np.allclose(*results)


def fit_by(engine, X, y, given):
    n_jobs = 2 if engine == "threads" else 1
    ensemble = KFoldEnsembleRegressor(
        small_mofa(**NETWORK),
        cv=3,
        engine="stacked" if engine == "stacked" else "joblib",
        n_jobs=n_jobs,
        random_state=0,
    )
    return ensemble.fit(X, y, **given)


@pytest.mark.parametrize("engine", ["stacked", "threads", "copies"])
def test_engines_agree_on_them(engine):
    X, y, given = rows()
    expected = fit_by("rows in place", X, y, given).predict(X)
    as_float64 = X.astype(float) if engine == "copies" else X  # of which rows are copied
    fitted = fit_by(engine, as_float64, y, given)
    assert_allclose(fitted.predict(X), expected, rtol=1e-3, atol=1e-4)


def test_the_rows_held_out_have_no_part_in_a_member():
    X, y, given = rows()
    train, test = np.arange(20, 60), np.arange(20)
    ensemble = KFoldEnsembleRegressor(small_mofa(**NETWORK), cv=[(train, test)], random_state=0)
    first = ensemble.fit(X, y, **given).predict(X)
    y = y.copy()
    y[test] += 100
    assert_array_equal(ensemble.fit(X, y, **given).predict(X), first)


def test_companions_stop_on_them_too():
    X, y, given = rows()
    ensemble = KFoldEnsembleRegressor(Ridge(100.0), cv=2, companions=[("one", Recorder())])
    ensemble.fit(X, y, **given)  # the members cannot use them
    companions = [("ridge", make_pipeline(StandardScaler(), RidgePathRegressor()))]
    ensemble.set_params(companions=companions, cv=KFold(2)).fit(X, y, **given)
    for (train, _), member in zip(KFold(2).split(X), ensemble.companions_["ridge"], strict=True):
        alone = RidgePathRegressor()
        scaler = StandardScaler().fit(X[train])
        alone.fit(
            scaler.transform(X[train]),
            y[train],
            X_val=scaler.transform(given["X_val"]),
            y_val=given["y_val"],
        )
        assert_allclose(member[-1].alpha_, alone.alpha_)


def test_all_parts_of_a_blend_get_them():
    X, y, given = rows()
    parts = [
        ("wrapped", Recorder()),
        ("ensemble", KFoldEnsembleRegressor(Recorder(), cv=2)),
        ("pipeline", make_pipeline(StandardScaler(), KFoldEnsembleRegressor(Recorder(), cv=2))),
        ("ridge", Ridge()),
    ]
    blend = BlendRegressor(parts, cv=3).fit(X, y, **given)
    named = blend.named_estimators_
    for ensemble in (named["wrapped"], named["ensemble"]):
        for member in ensemble.estimators_:
            assert_array_equal(member.X_val_, given["X_val"])
    scaled = StandardScaler().fit(X).transform(given["X_val"])
    for member in named["pipeline"][-1].estimators_:
        assert_allclose(member.X_val_, scaled, rtol=1e-6)


@pytest.mark.parametrize("wrap", [tuple, list])
def test_an_eval_set_of_one_pair_is_the_same(wrap):
    X, y, given = rows()
    pair = (given["X_val"], given["y_val"])
    ensemble = KFoldEnsembleRegressor(EvalSetRecorder(), cv=2)
    weight = np.ones(20)
    ensemble.fit(X, y, eval_set=wrap([pair]), sample_weight_eval_set=[weight], verbose=7)
    for member in ensemble.estimators_:
        assert_array_equal(member.X_val_, given["X_val"])
        assert_array_equal(member.weight_val_, weight)
        assert member.verbose_ == 7  # the user's word counts


def test_verbose_of_xgboost_is_the_user_s(capfd):
    X, y, given = rows()
    KFoldEnsembleRegressor(boosting("xgboost"), cv=2).fit(X, y, **given, verbose=True)
    assert "rmse" in capfd.readouterr().out


def test_names_of_columns_are_checked():
    X, y, given = rows()
    names = [f"x_{i}" for i in range(X.shape[1])]
    table, given["X_val"] = pd.DataFrame(X, columns=names), pd.DataFrame(given["X_val"])
    given["X_val"].columns = names[::-1]
    with pytest.raises(ValueError, match="feature names"):
        KFoldEnsembleRegressor(Recorder(), cv=2).fit(table, y, **given)


def test_with_metadata_routing_they_are_the_ensemble_s_own():
    X, y, given = rows()
    with config_context(enable_metadata_routing=True):
        member = make_pipeline(StandardScaler(), Recorder())
        ensemble = KFoldEnsembleRegressor(member, cv=2).fit(X, y, **given)
        assert all(len(member[-1].X_val_) == 20 for member in ensemble.estimators_)
        outer = make_pipeline(
            StandardScaler(), KFoldEnsembleRegressor(Recorder()).set_fit_request(X_val=True)
        )
        assert outer.get_metadata_routing().consumes("fit", ["X_val"]) == {"X_val"}


X, y, GIVEN = rows()
PAIR = (GIVEN["X_val"], GIVEN["y_val"])
REFUSED = {
    "nobody uses them": (Ridge(), GIVEN, "X_val and y_val would be ignored: Ridge"),
    "told not to stop": (small_mofa(early_stopping=False), GIVEN, "would be ignored"),
    "not told to stop": (EvalSetRecorder(None), GIVEN, "would be ignored: EvalSetRecorder"),
    "no fit of its own": (MultiOutputRegressor(Ridge()), GIVEN, "would be ignored"),
    "nobody in an ensemble": (KFoldEnsembleRegressor(Ridge()), GIVEN, "would be ignored"),
    "nobody in a wrapper": (EarlyStoppingRegressor(Ridge()), GIVEN, "would be ignored"),
    "X alone": (Recorder(), {"X_val": X}, "X_val passed without y_val"),
    "y alone": (Recorder(), {"y_val": y}, "y_val passed without X_val"),
    "weights alone": (Recorder(), {"sample_weight_val": y}, "without X_val"),
    "another length": (Recorder(), {"X_val": X, "y_val": y[1:]}, "60 rows and y_val 59"),
    "no rows": (Recorder(), {"X_val": X[:0], "y_val": y[:0]}, "(?i)0 sample"),
    "other columns": (Recorder(), {"X_val": X[:, 1:], "y_val": y}, "features"),
    "other targets": (Recorder(), {"X_val": X, "y_val": np.c_[y, y]}, "same targets"),
    "NaN": (Recorder(), {"X_val": X, "y_val": np.full(60, np.nan)}, "y_val contains NaN"),
    "no weight": (Recorder(), {**GIVEN, "sample_weight_val": np.zeros(20)}, "zero"),
    "negative weight": (Recorder(), {**GIVEN, "sample_weight_val": -np.ones(20)}, "egative"),
    "twice": (EvalSetRecorder(), {**GIVEN, "eval_set": [PAIR]}, "passed twice"),
    "two sets": (EvalSetRecorder(), {"eval_set": [PAIR, PAIR]}, "must hold one pair"),
    "no pair": (EvalSetRecorder(), {"eval_set": [X]}, "must hold one pair"),
    "for a step": (make_pipeline(Recorder()), {"recorder__X_val": X}, "reach one step"),
    "no eval_set": (small_mofa(), {"eval_set": [PAIR]}, "MoFARegressor takes no eval_set"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_used_is_refused_with_a_sentence(case):
    member, arguments, message = REFUSED[case]
    with pytest.raises((ValueError, TypeError), match=message):
        KFoldEnsembleRegressor(member, cv=2).fit(X, y, **arguments)


def test_classes_that_nobody_learns_are_refused():
    X, y = make_classes("multiclass", 60)
    ensemble = KFoldEnsembleClassifier(small_classifier(), cv=2)
    with pytest.raises(ValueError, match=r"y_val has class\(es\) \['e'\]"):
        ensemble.fit(X, y, X_val=X[:2], y_val=["a", "e"])
    with pytest.raises(ValueError, match="would be ignored: LogisticRegression"):
        ensemble.set_params(estimator=LogisticRegression()).fit(X, y, X_val=X, y_val=y)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_boosting_that_holds_no_rows_back_is_refused_without_any(library):
    X, y, given = rows()
    ensemble = KFoldEnsembleRegressor(
        make_pipeline(StandardScaler(), boosting(library)), cv=2, validation="inner"
    )
    with pytest.raises(ValueError, match="stops early on rows that it is given, and holds none"):
        ensemble.fit(X, y)
    ensemble.fit(X, y, **given)


def test_blends_refuse_what_no_part_uses():
    with pytest.raises(ValueError, match="would be ignored: Ridge"):
        BlendRegressor([("ridge", Ridge())], cv=2).fit(X, y, **GIVEN)
    fitted = [("ridge", KFoldEnsembleRegressor(Ridge(), cv=2).fit(X, y))]
    for name in ("groups", "X_val"):
        with pytest.raises(ValueError, match=f"{name} would be ignored: with cv='prefit'"):
            BlendRegressor(fitted, cv="prefit").fit(X, y, **{name: X})
