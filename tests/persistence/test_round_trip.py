"""What is loaded is what was dumped, bit for bit."""

from functools import partial
from numbers import Number
from types import FunctionType

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone, is_classifier
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVR

from mofa_sklearn import KFoldEnsembleRegressor, make_mofa_pipeline
from mofa_sklearn.baselines import make_baselines
from mofa_sklearn.metrics import make_target_scorers, nmse_scorer
from mofa_sklearn.networks.fusions import FUSIONS, ModalityAttention
from mofa_sklearn.networks.losses import LOSSES
from mofa_sklearn.persistence import PersistenceError, dump, get_untrusted_types, load
from mofa_sklearn.preprocessing import RetrievalAugmenter
from mofa_sklearn.training.schedules import SCHEDULES

from ..helpers import WIDTHS, make_data, small_mofa
from ..test_common import ESTIMATORS
from ._files import fitted_mofa, fitted_ridges, write

TREE_PREDICTOR = "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"


class OwnFusion(ModalityAttention):
    """A user's fusion, with a parameter of its own."""

    def __init__(self, n_modalities, hidden_dim, temperature=1.0):
        super().__init__(n_modalities, hidden_dim)
        self.temperature = temperature

    def forward(self, encodings, present):
        return super().forward(encodings / self.temperature, present)


def assert_same(one, other, where="estimator"):
    """Compare two objects by everything they hold: types, values, order, memory layout."""
    if where.endswith(".n_jobs"):  # who loads a file says how many
        assert other is None, where
        return
    assert type(one) is type(other), where
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype, where
        if one.dtype != object:
            assert one.flags.f_contiguous == other.flags.f_contiguous, where
        one, other = one.tolist(), other.tolist()
    if isinstance(one, torch.Tensor):
        one, other = one.tolist(), other.tolist()
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            assert_same(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), where
        for i, parts in enumerate(zip(one, other, strict=True)):
            assert_same(*parts, f"{where}.{i}")
    elif isinstance(one, partial):
        assert_same((one.func, one.args, one.keywords), (other.func, other.args, other.keywords))
    elif isinstance(one, (np.random.RandomState, np.random.Generator)):
        assert str(one.__getstate__()) == str(other.__getstate__())
    elif one is None or isinstance(one, (str, Number, np.generic)):
        assert one == other or (one != one and other != other), where
    elif isinstance(one, (type, np.ufunc, FunctionType)):
        assert one is other, where
    else:
        assert_same(one.__getstate__(), other.__getstate__(), where)


def round_trip(estimator, folder, **options):
    """Dump, load and compare; return what was loaded."""
    loaded = load(write(estimator, folder), **options)
    assert_same(estimator, loaded)
    return loaded


def use(model, X):
    return model.predict(X) if hasattr(model, "predict") else model.transform(X)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: repr(estimator)[:60])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_every_public_estimator(estimator, tmp_path):
    X, y = make_data(60)
    estimator = clone(estimator)
    if "max_epochs" in estimator.get_params():
        estimator.set_params(max_epochs=1)
    estimator.fit(X, (y[:, 0] > 0).astype(int) if is_classifier(estimator) else y)
    assert_array_equal(use(round_trip(estimator, tmp_path), X), use(estimator, X))


@pytest.mark.parametrize("n_targets", [None, 1, 3])
@pytest.mark.parametrize("as_frame", [False, True])
def test_a_network(n_targets, as_frame, tmp_path):
    X, y = make_data(40, n_targets)
    if as_frame:
        X = pd.DataFrame(
            X, columns=[f"{name}_{i}" for name, n in WIDTHS.items() for i in range(n)]
        )
    model = small_mofa(modalities=None if as_frame else WIDTHS, max_epochs=2).fit(X, y)
    loaded = round_trip(model, tmp_path)
    assert_array_equal(loaded.predict(X), model.predict(X))
    pd.testing.assert_frame_equal(loaded.modality_attention(X), model.modality_attention(X))
    assert loaded.history_ == model.history_
    assert loaded.history_[:, "train_loss"] == model.history_[:, "train_loss"]
    weights, same = loaded.module_.state_dict(), model.module_.state_dict()
    assert all(torch.equal(weights[name], same[name]) for name in weights.keys() | same.keys())


@pytest.mark.parametrize(
    "params",
    [
        *({"fusion": name} for name in FUSIONS),
        *({"loss": name} for name in LOSSES),
        *({"schedule": name} for name in SCHEDULES),
        {"early_stopping": False, "standardize_target": False},
        {"random_state": np.random.RandomState(3)},
    ],
    ids=lambda params: "-".join(params),
)
def test_a_network_of_any_parameters(params, tmp_path):
    X, y = make_data(40)
    model = small_mofa(max_epochs=1, **params).fit(X, y)
    assert_array_equal(round_trip(model, tmp_path).predict(X), model.predict(X))


@pytest.mark.parametrize("fusion", [OwnFusion, partial(OwnFusion, temperature=2.0)])
def test_a_fusion_of_the_user_s_own_has_to_be_trusted(fusion, tmp_path):
    X, y = make_data(40)
    model = small_mofa(max_epochs=1, fusion=fusion).fit(X, y)
    path = write(model, tmp_path)
    assert get_untrusted_types(path) == [f"{__name__}.OwnFusion"]
    for trusted in ([OwnFusion], get_untrusted_types(path)):
        assert_array_equal(load(path, trusted=trusted).predict(X), model.predict(X))


def test_what_is_loaded_keeps_the_network_of_its_fit(tmp_path):
    X, _ = make_data(40)
    model = fitted_mofa()
    expected = model.predict(X)
    model.set_params(hidden_dim=3, fusion="modality_attention", device="cuda")
    loaded = load(write(model, tmp_path)).set_params(device="cpu")
    assert_array_equal(loaded.predict(X), expected)


def test_what_is_loaded_can_be_trained_further(tmp_path):
    X, y = make_data(40)
    model = small_mofa(max_epochs=2, warm_start=True).fit(X, y)
    loaded = load(write(model, tmp_path))
    assert_array_equal(loaded.fit(X, y).predict(X), model.fit(X, y).predict(X))
    assert len(loaded.history_) == 4


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_what_was_trained_on_a_gpu_predicts_on_a_cpu(tmp_path):
    X, y = make_data(40)
    model = small_mofa(max_epochs=2, device="cuda").fit(X, y)
    loaded = round_trip(model, tmp_path)
    on_cpu = model.set_params(device="cpu").predict(X)
    assert_array_equal(loaded.set_params(device="cpu").predict(X), on_cpu)


@pytest.mark.parametrize("recipe", ["default", "mofa-lite"])
def test_a_pipeline(recipe, tmp_path):
    X, y = make_data(60)
    X[:5, :4] = np.nan
    network = small_mofa(modalities=None, max_epochs=1)
    model = make_mofa_pipeline(WIDTHS, recipe=recipe, estimator=network, cv=2, random_state=0)
    model.fit(X, y)
    loaded = round_trip(model, tmp_path)
    assert_array_equal(loaded.predict(X), model.predict(X))
    assert_array_equal(loaded[:-1].get_feature_names_out(), model[:-1].get_feature_names_out())
    assert isinstance(loaded[:-1].transform(X), pd.DataFrame)
    interval, same = (m[-1].predict_interval(m[:-1].transform(X)) for m in (loaded, model))
    assert_array_equal(interval, same)


@pytest.mark.parametrize("engine", ["joblib", "stacked"])
def test_an_ensemble_of_networks_is_as_large_as_its_weights(engine, tmp_path):
    X, y = make_data(60)
    network = small_mofa(max_epochs=1, hidden_dim=128)
    ensemble = KFoldEnsembleRegressor(network, cv=4, engine=engine, random_state=0).fit(X, y)
    loaded = round_trip(ensemble, tmp_path)
    assert_array_equal(loaded.predict(X), ensemble.predict(X))
    assert_array_equal(loaded.oof_prediction_, ensemble.oof_prediction_)
    n_weights = sum(
        parameter.numel()
        for member in ensemble.estimators_
        for parameter in member.module_.parameters()
    )
    assert (tmp_path / "model.mofa").stat().st_size < 1.1 * 4 * n_weights + 60_000


def test_what_is_held_twice_is_stored_once(tmp_path):
    member = fitted_mofa(hidden_dim=128)
    twice = KFoldEnsembleRegressor(member)
    twice.estimators_ = [member, member]
    loaded = load(write(twice, tmp_path))
    assert loaded.estimators_[0] is loaded.estimators_[1] is loaded.estimator
    once = tmp_path / "once.mofa"
    dump(member, once)
    assert (tmp_path / "model.mofa").stat().st_size < 1.5 * once.stat().st_size


LIBRARIES = ["catboost", "lightgbm", "xgboost"]
BASELINES = ["ridge", "kernel-ridge", "knn", "mlp", "hist-gb", "mvp", "afew-va", *LIBRARIES]


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_baseline(name, tmp_path):
    if name in LIBRARIES:
        pytest.importorskip(name)
    X, y = make_data(60)
    model = make_baselines(WIDTHS, names=[name], random_state=0)[name].fit(X, y)
    path = write(model, tmp_path)
    untrusted = get_untrusted_types(path)
    assert {kind.split(".")[0] for kind in untrusted} == {name} & set(LIBRARIES)
    assert_array_equal(load(path, trusted=untrusted).predict(X), model.predict(X))


@pytest.mark.parametrize("algorithm", ["brute", "approximate"])
def test_a_retrieval(algorithm, tmp_path):
    if algorithm == "approximate":
        pytest.importorskip("voyager")
    X, y = make_data(60)
    model = RetrievalAugmenter(WIDTHS, algorithm=algorithm, joint=True, random_state=0).fit(X, y)
    path = write(model, tmp_path)
    untrusted = get_untrusted_types(path)
    # The graph is in the library's own format.
    assert [kind.rpartition(".")[2] for kind in untrusted] == (
        ["ApproximateIndex"] if algorithm == "approximate" else []
    )
    assert_array_equal(load(path, trusted=untrusted).transform(X), model.transform(X))


STEPS = {
    "imputer": make_pipeline(SimpleImputer(), PCA(2), Ridge()),
    "columns": make_pipeline(
        ColumnTransformer([("a", StandardScaler(), slice(0, 3)), ("b", "passthrough", [4])]),
        Ridge(),
    ),
    "ufunc": make_pipeline(FunctionTransformer(np.tanh), KNeighborsRegressor(algorithm="brute")),
    "neighbours": KNeighborsRegressor(algorithm="kd_tree"),
    "mlp": MLPRegressor(hidden_layer_sizes=(4,), max_iter=3),
    "svr": MultiOutputRegressor(SVR()),
    "boosting": MultiOutputRegressor(HistGradientBoostingRegressor(max_iter=5)),
    "ensemble of boosting": KFoldEnsembleRegressor(
        MultiOutputRegressor(HistGradientBoostingRegressor(max_iter=3)), cv=KFold(2)
    ),
}


@pytest.mark.parametrize("model", STEPS.values(), ids=STEPS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learn_s_steps(model, tmp_path):
    X, y = make_data(60)
    model = clone(model).fit(X, y)
    assert_array_equal(round_trip(model, tmp_path).predict(X), model.predict(X))


def test_skrub_s_columns_of_all_kinds(tmp_path):
    skrub = pytest.importorskip("skrub", "0.11")
    n_rows = 40
    X = pd.DataFrame(
        {
            "number": np.arange(n_rows, dtype=float),
            "word": ["a", "b"] * (n_rows // 2),
            "text": [f"some text {i}" for i in range(n_rows)],
            "day": pd.date_range("2026-01-01", periods=n_rows),
            "flag": [True, False] * (n_rows // 2),
            "kind": pd.Categorical(["u", "v"] * (n_rows // 2)),
        }
    )
    X.loc[3, ["number", "word"]] = None
    encoder = skrub.StringEncoder(3, random_state=0)
    model = skrub.TableVectorizer(cardinality_threshold=5, high_cardinality=encoder).fit(X)
    path = write(model, tmp_path)
    assert get_untrusted_types(path) == []
    pd.testing.assert_frame_equal(load(path).transform(X), model.transform(X))


def test_columns_chosen_by_a_selector(tmp_path):
    X = pd.DataFrame(make_data(20)[0]).add_prefix("image_")
    model = ColumnTransformer([("a", StandardScaler(), make_column_selector("image"))]).fit(X)
    assert_array_equal(load(write(model, tmp_path)).transform(X), model.transform(X))


@pytest.mark.parametrize("scoring", ["r2", nmse_scorer, make_target_scorers(["a", "b"])])
def test_a_search(scoring, tmp_path):
    X, y = make_data(60)
    refit = "nmse" if isinstance(scoring, dict) else True
    search = GridSearchCV(
        KFoldEnsembleRegressor(Ridge(), cv=KFold(2)),
        {"estimator__alpha": [1.0, 10.0]},
        scoring=scoring,
        refit=refit,
        cv=2,
    )
    search.fit(X, y)
    loaded = load(write(search, tmp_path))
    assert_array_equal(loaded.predict(X), search.predict(X))
    assert loaded.best_params_ == search.best_params_
    assert loaded.score(X, y) == search.score(X, y)
    best = round_trip(search.best_estimator_, tmp_path)
    assert_array_equal(best.predict(X), search.predict(X))


def xgboost():
    return MultiOutputRegressor(pytest.importorskip("xgboost").XGBRegressor(n_estimators=3))


def lightgbm():
    module = pytest.importorskip("lightgbm")
    return MultiOutputRegressor(module.LGBMRegressor(n_estimators=3, verbose=-1))


def catboost():
    kind = pytest.importorskip("catboost").CatBoostRegressor
    return kind(iterations=3, loss_function="MultiRMSE", verbose=False, allow_writing_files=False)


def random_forest():
    return RandomForestRegressor(3)


def categorical_boosting():
    boosting = HistGradientBoostingRegressor(categorical_features=[0], max_iter=2)
    return MultiOutputRegressor(boosting)


@pytest.mark.parametrize(
    ("make", "untrusted"),
    [
        (xgboost, {"xgboost.core.Booster", "xgboost.sklearn.XGBRegressor"}),
        (lightgbm, {"lightgbm.basic.Booster", "lightgbm.sklearn.LGBMRegressor"}),
        (catboost, {"catboost.core.CatBoostRegressor"}),
        (random_forest, {"sklearn.tree._tree.Tree"}),
    ],
)
def test_trees_of_others_have_to_be_trusted(make, untrusted, tmp_path):
    X, y = make_data(40)
    model = KFoldEnsembleRegressor(make(), cv=2, random_state=0).fit(X, y)
    path = write(model, tmp_path)
    assert set(get_untrusted_types(path)) == untrusted
    with pytest.raises(ValueError, match=f"not trusted: .*{min(untrusted)}"):
        load(path)
    loaded = load(path, trusted=untrusted)
    assert_array_equal(loaded.predict(X), model.predict(X))
    assert_array_equal(loaded.oof_prediction_, model.oof_prediction_)


def test_boosting_with_categories_has_to_be_trusted(tmp_path):
    X, y = make_data(40)
    X[:, 0] = np.round(np.abs(X[:, 0]))
    model = categorical_boosting().fit(X, y)
    path = write(model, tmp_path)
    assert get_untrusted_types(path) == [TREE_PREDICTOR]
    with pytest.raises(
        PersistenceError, match=f"trusted=.*{TREE_PREDICTOR}.*categorical features are not"
    ):
        load(path)
    loaded = load(path, trusted=[TREE_PREDICTOR])
    assert_array_equal(loaded.predict(X), model.predict(X))


@pytest.mark.parametrize("make", [small_mofa, KFoldEnsembleRegressor, make_mofa_pipeline])
def test_what_is_not_fitted(make, tmp_path):
    loaded = round_trip(make(), tmp_path)
    assert not hasattr(loaded, "estimators_")
    assert not hasattr(loaded, "net_")


def test_the_same_estimator_gives_the_same_bytes(tmp_path):
    model = fitted_ridges()
    first = write(model, tmp_path).read_bytes()
    assert write(model, tmp_path).read_bytes() == first


def test_dumping_leaves_the_estimator_as_it_was(tmp_path):
    X, _ = make_data(40)
    model = fitted_mofa()
    net, expected = model.net_, model.predict(X)
    loaded = load(write(model, tmp_path))
    assert model.net_ is net
    with torch.no_grad():
        for parameter in loaded.module_.parameters():
            parameter.fill_(0.0)
    assert_array_equal(model.predict(X), expected)
