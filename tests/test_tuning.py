"""Search spaces that fit the estimator they are made for, and scorers for every search."""

import pickle
import sys

import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingRandomSearchCV,
    KFold,
    ParameterGrid,
    ParameterSampler,
    RandomizedSearchCV,
)
from sklearn.pipeline import Pipeline, make_pipeline

from mofa_sklearn import KFoldEnsembleRegressor, MoFARegressor, make_mofa_pipeline
from mofa_sklearn.metrics import make_target_scorers
from mofa_sklearn.tuning import combine_scorers, mofa_search_space

from .helpers import WIDTHS, make_data, small_mofa

ALL = [
    "hidden_dim",
    "dropout",
    "modality_dropout",
    "learning_rate",
    "weight_decay",
    "batch_size",
    "max_epochs",
    "fusion",
]
KINDS = ["grid", "distributions", "optuna"]
WRAPPED = {
    "": MoFARegressor(),
    "estimator__": KFoldEnsembleRegressor(MoFARegressor()),
    "regressor__": make_mofa_pipeline(WIDTHS, ensemble=False),
    "regressor__estimator__": make_mofa_pipeline(WIDTHS),
    "estimator__regressor__": KFoldEnsembleRegressor(make_mofa_pipeline(WIDTHS, ensemble=False)),
}


def space(kind, *args, **params):
    if kind == "optuna":
        pytest.importorskip("optuna")
    return mofa_search_space(*args, kind=kind, **params)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("prefix", WRAPPED, ids=lambda prefix: prefix or "bare")
def test_the_prefix_is_found_in_the_estimator(prefix, kind):
    estimator = WRAPPED[prefix]
    names = space(kind, estimator, names=ALL)
    assert list(names) == [f"{prefix}{name}" for name in ALL]
    assert set(names) <= set(estimator.get_params())


def test_the_prefix_can_be_given():
    assert list(mofa_search_space(prefix="net__", names=["dropout"])) == ["net__dropout"]
    assert list(mofa_search_space(names=["dropout"])) == ["dropout"]


def test_no_network_is_told():
    for estimator in [Ridge(), KFoldEnsembleRegressor()]:
        with pytest.raises(
            ValueError, match=f"no MoFA network in this {type(estimator).__name__}"
        ):
            mofa_search_space(estimator)


def test_two_networks_are_told_with_their_prefixes():
    pipeline = Pipeline([("a", MoFARegressor()), ("b", MoFARegressor())])
    with pytest.raises(ValueError, match=r"2 MoFA networks .*prefix=, among \['a__', 'b__'\]"):
        mofa_search_space(pipeline)
    assert "b__dropout" in mofa_search_space(pipeline, prefix="b__")


def test_unknown_names_are_told():
    with pytest.raises(ValueError, match=r"names must be among .*'fusion'\], got \['drop_out'\]"):
        mofa_search_space(names=["dropout", "drop_out"])


def test_a_missing_optuna_is_told_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ImportError, match="pip install optuna optuna-integration"):
        mofa_search_space(kind="optuna")


def test_a_grid_is_small_unless_asked_for_more():
    assert len(ParameterGrid(mofa_search_space(kind="grid"))) == 18
    assert set(mofa_search_space()) == set(ALL) - {"fusion"}


def test_a_space_is_the_caller_s_own():
    mofa_search_space(kind="grid")["dropout"].append(0.9)
    assert 0.9 not in mofa_search_space(kind="grid")["dropout"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_is_a_valid_one(kind):
    values = space(kind, names=ALL)
    if kind == "grid":
        candidates = [{name: value} for name in values for value in values[name]]
    elif kind == "distributions":
        candidates = list(ParameterSampler(values, 100, random_state=0))
    else:
        import optuna

        sampler = optuna.samplers.RandomSampler(seed=0)
        study = optuna.create_study(sampler=sampler)
        candidates = [study.ask(values).params for _ in range(30)]
    for candidate in candidates:
        clone(MoFARegressor()).set_params(**candidate)._validate_params()


@pytest.mark.parametrize("name", ["dropout", "learning_rate"])
def test_distributions_of_all_kinds_have_the_same_range(name):
    pytest.importorskip("optuna")
    scipy_one = mofa_search_space(names=[name])[name]
    optuna_one = mofa_search_space(names=[name], kind="optuna")[name]
    assert_allclose(scipy_one.support(), [optuna_one.low, optuna_one.high])
    assert all(
        optuna_one.low <= value <= optuna_one.high
        for value in mofa_search_space(names=[name], kind="grid")[name]
    )


def test_randomized_search_takes_a_space_and_is_repeatable():
    X, y = make_data(60)
    pipeline = make_mofa_pipeline(WIDTHS, ensemble=False, estimator=small_mofa(modalities=None))
    spaces = mofa_search_space(pipeline, names=["dropout", "batch_size"])
    found = [
        RandomizedSearchCV(pipeline, spaces, n_iter=2, cv=2, random_state=0).fit(X, y)
        for _ in range(2)
    ]
    assert found[0].best_params_ == found[1].best_params_
    assert found[0].best_params_.keys() == spaces.keys()


# Scorers


def test_a_combined_scorer_returns_all_values_and_the_one_to_choose_by():
    X, y = make_data(40, noise=1.0)
    scorers = {**make_target_scorers(["a", "b"]), "r2": "r2"}
    model = Ridge().fit(X, y)
    values = combine_scorers(scorers, refit="nmse_b")(model, X, y)
    assert list(values) == ["score", *scorers]
    assert values["score"] == values["nmse_b"] == scorers["nmse_b"](model, X, y)
    assert_allclose(values["r2"], r2_score(y, model.predict(X)))


def test_a_combined_scorer_predicts_once():
    class Counting(Ridge):
        n_predictions = 0

        def predict(self, X):
            type(self).n_predictions += 1
            return super().predict(X)

    X, y = make_data(40)
    combine_scorers(make_target_scorers(["a", "b"]))(Counting().fit(X, y), X, y)
    assert Counting.n_predictions == 1


def test_a_combined_scorer_can_be_pickled():
    X, y = make_data(40)
    scorer = combine_scorers(make_target_scorers(["a", "b"]))
    model = Ridge().fit(X, y)
    assert pickle.loads(pickle.dumps(scorer))(model, X, y) == scorer(model, X, y)


@pytest.mark.parametrize(
    ("scorers", "message"),
    [
        ({"r2": make_scorer(r2_score)}, r"refit must be one of \['r2'\], got 'nmse'"),
        ({"nmse": "r2", "score": "r2"}, "No scorer may be called 'score'"),
    ],
)
def test_scorers_that_cannot_be_combined_are_told(scorers, message):
    with pytest.raises(ValueError, match=message):
        combine_scorers(scorers)


def test_halving_chooses_and_records_as_grid_search_does():
    X, y = make_data(60, noise=1.0)
    scorers = make_target_scorers(["a", "b"])
    alphas = {"ridge__alpha": [1e-3, 1.0, 1e6]}
    model = make_pipeline(Ridge())
    grid = GridSearchCV(model, alphas, scoring=scorers, refit="nmse", cv=KFold(3)).fit(X, y)
    halving = HalvingRandomSearchCV(
        model,
        alphas,
        n_candidates=3,
        min_resources=60,
        scoring=combine_scorers(scorers),
        refit="score",
        cv=KFold(3),
        random_state=0,
    ).fit(X, y)
    assert halving.best_params_ == grid.best_params_
    for name in ["nmse", "nmse_a", "nmse_b"]:
        values = [_values_by_alpha(search.cv_results_, name) for search in (grid, halving)]
        assert_allclose(*values, rtol=1e-4)  # halving shuffles the rows


def _values_by_alpha(results, metric):
    pairs = zip(results["param_ridge__alpha"], results[f"mean_test_{metric}"], strict=True)
    return sorted(pairs)


@pytest.mark.filterwarnings("ignore")  # of Optuna about itself
def test_optuna_s_search_records_every_score():
    optuna = pytest.importorskip("optuna")
    integration = pytest.importorskip("optuna_integration.sklearn")
    X, y = make_data(60, noise=1.0)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    search = integration.OptunaSearchCV(
        Ridge(),
        {"alpha": optuna.distributions.FloatDistribution(1e-3, 1e3, log=True)},
        scoring=combine_scorers(make_target_scorers(["a", "b"])),
        cv=KFold(3),
        n_trials=3,
        random_state=0,
        error_score="raise",
    ).fit(X, y)
    recorded = search.best_trial_.user_attrs
    assert search.best_score_ == recorded["mean_test_nmse"]
    assert {"mean_test_nmse_a", "mean_test_nmse_b"} <= recorded.keys()
