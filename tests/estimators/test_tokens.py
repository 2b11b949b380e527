"""Estimators whose modalities are sequences of tokens."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from mofa_sklearn import KFoldEnsembleRegressor, MoFAClassifier, MoFARegressor, persistence
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.metrics import normalized_mean_squared_error
from mofa_sklearn.preprocessing import TokenPooling
from tests.helpers import small_mofa

MODALITIES = {"image": 4, "video": 12}
TOKENS = {"video": 4}  # of width 3
FUSIONS = ["modality_attention", "conditional_query"]


def make_data(n_rows=60):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 16)).astype(np.float32)
    y = X[:, :2] + X[:, 4:].reshape(n_rows, 4, 3).sum(axis=1)[:, :2]
    X[1, 4:7] = np.nan  # a token
    X[2, 4:] = np.nan  # the sequence
    X[3, :4] = np.nan
    return X, y


def network(**params):
    return small_mofa(**{"modalities": MODALITIES, "tokens": TOKENS, **params})


@pytest.mark.parametrize("fusion", FUSIONS)
def test_attention_is_of_tokens_that_are_there(fusion):
    X, y = make_data()
    weights = network(fusion=fusion).fit(X, y).token_attention(X, "video")
    assert weights.shape == (60, 4)
    assert ((weights > 0) == ~np.isnan(X[:, 4::3])).all()
    assert_allclose(weights.sum(axis=1), np.arange(60) != 2, atol=1e-6)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_columns_of_a_block_may_lie_apart(fusion):
    X, y = make_data()
    model = network(fusion=fusion).fit(X, y)
    order = np.random.default_rng(0).permutation(16)
    place = np.argsort(order)
    blocks = {"image": place[:4].tolist(), "video": place[4:].tolist()}
    shuffled = network(fusion=fusion, modalities=blocks).fit(X[:, order], y)
    assert_allclose(shuffled.predict(X[:, order]), model.predict(X))
    assert_allclose(
        shuffled.token_attention(X[:, order], "video"), model.token_attention(X, "video")
    )


def test_a_classifier_attends_too():
    X, y = make_data()
    classes = (y[:, 0] > 0).astype(int)
    model = MoFAClassifier(
        MODALITIES, tokens=TOKENS, hidden_dim=8, max_epochs=2, random_state=0
    ).fit(X, classes)
    assert model.predict_proba(X).shape == (60, 2)
    assert model.token_attention(X, "video").shape == (60, 4)


@pytest.mark.parametrize(
    "params",
    [
        {"residual_features": True},
        {"alternate_modalities": True},
        {"modality_dropout": 0.5, "dropout": 0.2},
        {"precision": "bfloat16"},
        {"average_epochs": None, "early_stopping": False},
    ],
    ids=str,
)
@pytest.mark.parametrize("fusion", FUSIONS)
def test_other_parameters_go_together_with_tokens(fusion, params):
    X, y = make_data()
    weight = np.linspace(0, 1, 60)
    model = network(fusion=fusion, **params).fit(X, y, sample_weight=weight)
    assert np.isfinite(model.predict(X)).all()
    again = network(fusion=fusion, **params).fit(X, y, sample_weight=weight)
    assert_array_equal(again.predict(X), model.predict(X))


@pytest.mark.parametrize(
    "params", [{}, {"residual_features": True}, {"alternate_modalities": True}], ids=str
)
@pytest.mark.parametrize("fusion", FUSIONS)
def test_members_trained_together_agree_with_one_by_one(fusion, params):
    X, y = make_data(90)
    together, alone = (
        KFoldEnsembleRegressor(
            network(fusion=fusion, **params), cv=2, engine=engine, random_state=0, n_jobs=1
        ).fit(X, y)
        for engine in ("stacked", "joblib")
    )
    close = {"rtol": 1e-3, "atol": 1e-3}
    assert_allclose(together.oof_prediction_, alone.oof_prediction_, **close)
    assert_allclose(together.predict(X), alone.predict(X), **close)
    for one, other in zip(together.estimators_, alone.estimators_, strict=True):
        attention = [each.token_attention(X, "video") for each in (one, other)]
        assert_allclose(*attention, **close)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_fitted_model_comes_back_from_files(fusion, tmp_path):
    X, y = make_data()
    model = network(fusion=fusion).fit(X, y)
    persistence.dump(model, tmp_path / "model.skops")
    for other in (
        pickle.loads(pickle.dumps(model)),
        persistence.load(tmp_path / "model.skops"),
    ):
        assert_array_equal(other.predict(X), model.predict(X))
        assert_array_equal(other.token_attention(X, "video"), model.token_attention(X, "video"))


def test_float64_rows_are_computed_in_their_precision():
    X, y = make_data()
    model = network().fit(X, y)
    assert model.token_attention(X.astype(float), "video").dtype == np.float64
    assert_allclose(model.predict(X.astype(float)), model.predict(X), rtol=1e-4, atol=1e-5)


def test_a_sequence_that_no_row_of_the_fit_lacked_may_lack_in_a_new_row():
    X, y = make_data()
    complete = np.nan_to_num(X)
    model = network().fit(complete, y)
    assert model.module_.stand_ins.has_one.all()
    assert np.isfinite(model.predict(X)).all()


def test_no_tokens_are_as_good_as_none():
    X, y = make_data()
    X = np.nan_to_num(X)
    none = network(tokens=None).fit(X, y).predict(X)
    assert_array_equal(network(tokens={}).fit(X, y).predict(X), none)


def test_attention_is_there_where_tokens_are():
    X, y = make_data()
    assert not hasattr(network(tokens=None), "token_attention")
    assert "token_attention" in dir(network())
    model = network().fit(X, y)
    with pytest.raises(ValueError, match=r"'sound' is unknown.*video"):
        model.token_attention(X, "sound")
    with pytest.raises(ValueError, match=r"'image' is no sequence.*video"):
        model.token_attention(X, "image")


@pytest.mark.parametrize("kind", [MoFARegressor, MoFAClassifier])
@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ({"sound": 3}, "unknown modality 'sound'.*'image', 'video'"),
        ({"video": 5}, "'video' has 12 columns.*5 tokens"),
        ({"video": 24}, "'video' has 12 columns.*24 tokens"),
        ({"video": 0}, "0 for modality 'video'"),
        ({"video": True}, "True for modality 'video'"),
        ({"video": 4.0}, "4.0 for modality 'video'"),
        ({"video": "4"}, "'4' for modality 'video'"),
        (4, "'tokens' parameter"),
    ],
)
def test_tokens_that_do_not_fit_are_refused_before_the_training(kind, tokens, message):
    X, y = make_data()
    model = kind(MODALITIES, tokens=tokens, learning_rate=1e30)
    with pytest.raises(ValueError, match=message):
        model.fit(X, (y[:, 0] > 0).astype(int))


@pytest.mark.parametrize("method", ["fit", "predict", "X_val"])
def test_a_token_that_is_nan_in_part_is_an_error_that_names_the_block(method):
    X, y = make_data()
    model = clone(network()).fit(X, y)
    broken = X.copy()
    broken[5, 8] = np.nan
    with pytest.raises(ValueError, match=r"'video' has NaN.*4 tokens in 1 of 60 rows.*token NaN"):
        if method == "fit":
            model.fit(broken, y)
        elif method == "X_val":
            model.fit(X, y, X_val=broken, y_val=y)
        else:
            model.predict(broken)


def test_a_warm_start_needs_the_same_tokens():
    X, y = make_data()
    model = network(warm_start=True).fit(X, y).fit(X, y)
    assert model.n_iter_ == 6
    with pytest.raises(ValueError, match=r"warm_start.*'video': 4.*'video': 2"):
        model.set_params(tokens={"video": 2}).fit(X, y)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_one_token_among_noise_is_found(fusion):
    """Attention gets what the mean over tokens loses."""
    widths = {"image": 12, "frames": 12} if fusion == "conditional_query" else {"frames": 12}
    data = make_micro_videos(
        1000,
        modalities=widths,
        n_tokens={"frames": 8},
        n_targets=2,
        noise=0.1,
        return_bunch=True,
        random_state=0,
    )
    X, y = data.data, data.target
    train, test = slice(700), slice(700, None)
    params = {"hidden_dim": 32, "max_epochs": 8, "batch_size": 64, "learning_rate": 1e-2}
    attentive = network(modalities=data.modalities, tokens=data.n_tokens, fusion=fusion, **params)
    attentive.fit(X[train], y[train])
    start = data.modalities.get("image", 0)
    pooled = TokenPooling(n_tokens=8).fit_transform(X[:, start:])
    mean = np.hstack([X[:, :start], pooled])
    plain = network(modalities=widths, tokens=None, fusion=fusion, **params)
    plain.fit(mean[train], y[train])
    errors = [
        normalized_mean_squared_error(y[test], model.predict(rows[test]))
        for model, rows in ((attentive, X), (plain, mean))
    ]
    assert errors[0] < errors[1] - 0.1
    found = attentive.token_attention(X[test], "frames").argmax(axis=1)
    assert np.mean(found == data.signal_tokens["frames"][test]) > 0.9


def test_names_of_columns_tell_the_blocks():
    X, y = make_data()
    names = [f"image_{i}" for i in range(4)]
    names += [f"video__t{t}__{i}" for t in range(4) for i in range(3)]
    frame = pd.DataFrame(X, columns=names)
    model = network(modalities=None).fit(frame, y)
    assert_array_equal(model.predict(frame), network().fit(X, y).predict(X))
