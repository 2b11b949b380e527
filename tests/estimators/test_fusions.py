"""MoFARegressor with each fusion: it learns what the fusion is good at."""

import pickle
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.networks.fusions import FUSIONS, ConditionalQuery, ProductOfExperts

from ..helpers import WIDTHS, make_data, small_mofa

every_fusion = pytest.mark.parametrize("fusion", FUSIONS)
# What rounding grows to in a few epochs.
CLOSE = {"rtol": 1e-3, "atol": 1e-3}


def make_signals(n_samples=400):
    """Make rows of WIDTHS, and one signal of each block."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, sum(WIDTHS.values()))).astype(np.float32)
    image, video, text = (block[:, 0] for block in np.split(X, [4, 7], axis=1))
    return X, image, video, text


def added():
    """Every block adds its own part."""
    X, image, video, text = make_signals()
    return X, image + video - text


def switched():
    """One block says whether the other one counts."""
    X, image, video, _ = make_signals()
    return X, np.where(image > 0, video, 0.0)


def asked():
    """The first block says which of the others is to be read."""
    X, image, video, text = make_signals()
    return X, np.where(image > 0, video, text)


def repeated():
    """Every block tells the same with other noise, and blocks are missing."""
    X, image, _, _ = make_signals()
    target = image.astype(float).copy()
    for block in np.split(X, [4, 7], axis=1):
        block[:, 0] = target + 0.5 * np.random.default_rng(1).normal(size=len(X))
    X[::3, :4] = np.nan
    X[1::3, 4:7] = np.nan
    return X, target


STRENGTHS = {
    "modality_attention": added,
    "concat": added,
    "gated": switched,
    "cross_attention": switched,
    "self_attention": switched,
    "conditional_query": asked,
    "product_of_experts": repeated,
    "late": repeated,
}


@every_fusion
def test_it_learns_what_it_is_good_at(fusion):
    X, y = STRENGTHS[fusion]()
    fast = {"max_epochs": 10, "schedule": "cosine", "learning_rate": 3e-2, "batch_size": 50}
    model = small_mofa(fusion=fusion, hidden_dim=24, **fast).fit(X[:300], y[:300])
    assert model.score(X[300:], y[300:]) > 0.6


@every_fusion
def test_one_modality_is_enough(fusion):
    X, y = make_data(150)
    model = small_mofa(
        fusion=fusion, modalities=None, max_epochs=10, learning_rate=3e-2, batch_size=64
    ).fit(X, y)
    assert model.score(X, y) > 0.3


@every_fusion
def test_a_row_without_a_modality_is_predicted_and_others_do_not_notice(fusion):
    X, y = make_data()
    X[::5, :4] = np.nan
    X[1::5, 4:7] = np.nan
    model = small_mofa(fusion=fusion).fit(X, y)
    changed = X.copy()
    changed[2, 7:] = np.nan
    before, after = model.predict(X), model.predict(changed)
    assert np.isfinite(after).all()
    assert not np.allclose(before[2], after[2])
    others = np.arange(len(X)) != 2
    assert_allclose(before[others], after[others], rtol=1e-5, atol=1e-6)


@every_fusion
def test_members_trained_together_agree_with_one_by_one(fusion):
    X, y = make_data(80)
    X[::7, :4] = np.nan
    together, alone = (
        KFoldEnsembleRegressor(
            small_mofa(fusion=fusion, max_epochs=2), cv=2, engine=engine, random_state=0
        ).fit(X, y)
        for engine in ("stacked", "joblib")
    )
    if fusion == "product_of_experts":  # other random numbers, as with dropout
        assert not np.array_equal(together.oof_prediction_, alone.oof_prediction_)
        assert together.predict(X).shape == y.shape
    else:
        assert_allclose(together.oof_prediction_, alone.oof_prediction_, **CLOSE)


def test_a_product_of_experts_learns_when_members_are_trained_together():
    X, y = repeated()
    member = small_mofa(
        fusion="product_of_experts", max_epochs=6, learning_rate=2e-2, batch_size=64
    )
    model = KFoldEnsembleRegressor(member, cv=2, engine="stacked", random_state=0).fit(X, y)
    assert model.oof_score_ > 0.5
    again = clone(model).fit(X, y)
    assert_array_equal(again.oof_prediction_, model.oof_prediction_)


@every_fusion
def test_it_survives_a_pickle_and_a_clone(fusion):
    X, y = make_data(60)
    model = small_mofa(fusion=fusion, max_epochs=1).fit(X, y)
    prediction = model.predict(X)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), prediction)
    assert_array_equal(clone(model).fit(X, y).predict(X), prediction)


@pytest.mark.parametrize("fusion", [name for name in FUSIONS if FUSIONS[name].has_weights])
def test_weights_of_modalities(fusion):
    X, y = make_data(60)
    X[3, :4] = np.nan
    attention = small_mofa(fusion=fusion, max_epochs=1).fit(X, y).modality_attention(X)
    assert list(attention.columns) == list(WIDTHS)
    assert_allclose(attention.sum(axis=1), 1, rtol=1e-5)
    assert attention.loc[3, "image"] == 0


@pytest.mark.parametrize("fusion", ["concat", "cross_attention"])
def test_a_fusion_without_weights_names_those_that_have_them(fusion):
    X, y = make_data(40)
    model = small_mofa(fusion=fusion, max_epochs=1).fit(X, y)
    assert not hasattr(model, "modality_attention")
    with pytest.raises(AttributeError, match="modality_attention") as caught:
        model.modality_attention(X)
    assert f"fusion='{fusion}' has no weight" in str(caught.value.__cause__)
    assert "these have: modality_attention, gated, self_attention" in str(caught.value.__cause__)


def test_the_guide_of_a_conditional_query_can_be_named():
    """The block that says which of the others counts is the best guide."""
    X, y = asked()
    X = np.roll(X, 8, axis=1)  # video, text and image in turn
    widths = {"video": 3, "text": 5, "image": 4}
    model = small_mofa(
        modalities=widths, fusion=partial(ConditionalQuery, query="image"), max_epochs=2
    ).fit(X, y)
    assert model.module_.fusion.query == 2
    copy = pickle.loads(pickle.dumps(model))
    assert copy.module_.fusion.query == 2
    assert_array_equal(copy.predict(X), model.predict(X))
    with pytest.raises(ValueError, match=r"query='sound' is none .*'video', 'text', 'image'"):
        clone(model).set_params(fusion=partial(ConditionalQuery, query="sound")).fit(X, y)


def test_the_penalty_is_part_of_the_training_loss_alone():
    X, y = make_data(60)

    def losses(beta):
        fusion = partial(ProductOfExperts, beta=beta)
        # A rate of almost zero: the weights stay where they are.
        model = small_mofa(fusion=fusion, max_epochs=1, learning_rate=1e-9).fit(X, y)
        return np.array([model.history_[0, name] for name in ("train_loss", "valid_loss")])

    without, once, twice = (losses(beta) for beta in (0.0, 1.0, 2.0))
    assert once[0] > without[0] + 0.1
    assert_allclose(twice[0] - without[0], 2 * (once[0] - without[0]), rtol=1e-3)
    assert_allclose(once[1], without[1], rtol=1e-5)


def test_a_strong_penalty_leaves_nothing_but_the_prior():
    X, y = make_data(120)
    fusion = partial(ProductOfExperts, beta=100.0)
    model = small_mofa(fusion=fusion, max_epochs=20).fit(X, y)
    assert np.ptp(model.predict(X), axis=0).max() < 0.2 * y.std()
