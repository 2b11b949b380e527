"""A modality that a network has never been without is missing at prediction."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.metrics import normalized_mean_squared_error
from mofa_sklearn.networks.fusions import FUSIONS
from mofa_sklearn.networks.stacking import stack_modules
from mofa_sklearn.networks.stand_ins import StandIns
from tests.helpers import WIDTHS, make_data, small_mofa

IMAGE = slice(0, WIDTHS["image"])


def lose_image(X, rows=slice(None)):
    X = X.copy()
    X[rows, IMAGE] = np.nan
    return X


def stand_ins_of(model):
    return model.module_.stand_ins


def test_missing_modalities_without_a_stand_in_stay_missing():
    layer = StandIns(2, 3)
    layer.encodings.copy_(torch.tensor([[1.0, 2, 3], [7, 7, 7]]))
    layer.has_one[0] = True
    encodings = torch.zeros(3, 2, 3)
    present = torch.tensor([[True, True], [False, True], [False, False]])
    filled, seen_as_present = layer(encodings, present)
    assert seen_as_present.tolist() == [[True, True], [True, True], [True, False]]
    assert_close(filled[1, 0], torch.tensor([1.0, 2, 3]))
    assert_close(filled[[0, 2], 1], torch.zeros(2, 3))


def test_they_are_mean_encodings_of_the_rows_learned_from():
    X, y = make_data()
    weight = np.arange(len(X)) % 3.0
    model = small_mofa(early_stopping=False).fit(X, y, sample_weight=weight)
    with torch.no_grad():
        encodings, _ = model.module_.encode(torch.from_numpy(X))
    expected = np.average(encodings.numpy(), axis=0, weights=weight)
    np.testing.assert_allclose(stand_ins_of(model).encodings, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("n_missing", "has_one"), [(0, True), (1, True), (2, False), (60, False)])
def test_networks_that_have_learned_to_be_without_need_none(n_missing, has_one):
    X, y = make_data(120)
    X = lose_image(X, slice(n_missing))
    model = small_mofa(early_stopping=False).fit(X, y)
    assert stand_ins_of(model).has_one.tolist() == [has_one, True, True]


@pytest.mark.parametrize("fusion", FUSIONS)
def test_other_rows_and_weights_are_left_alone(fusion):
    X, y = make_data()
    model = small_mofa(fusion=fusion).fit(X, y)
    lacking = lose_image(X, slice(5))
    np.testing.assert_allclose(model.predict(lacking)[5:], model.predict(X)[5:], rtol=1e-4)
    assert np.isfinite(model.predict(lacking)).all()
    if hasattr(model, "modality_attention"):
        assert (model.modality_attention(lacking)["image"][:5] == 0).all()


@pytest.mark.parametrize("fusion", ["modality_attention", "concat", "late"])
def test_less_is_lost_than_by_masking_alone(fusion):
    X, y = make_micro_videos(600, modalities=WIDTHS, noise=0.1, random_state=0)
    model = small_mofa(fusion=fusion, max_epochs=12, batch_size=64).fit(X[:400], y[:400])
    rng = np.random.default_rng(0)
    X, y = X[400:].copy(), y[400:]
    starts = np.cumsum([0, *WIDTHS.values()])
    lost = rng.integers(3, size=len(X))
    for row, block in enumerate(lost):
        X[row, starts[block] : starts[block + 1]] = np.nan
    helped = normalized_mean_squared_error(y, model.predict(X))
    stand_ins_of(model).has_one.fill_(False)
    assert helped < normalized_mean_squared_error(y, model.predict(X))


def test_stacked_networks_have_their_own():
    X, y = make_data()
    models = [small_mofa(random_state=seed).fit(X, y) for seed in (0, 1, 2)]
    rows = torch.from_numpy(lose_image(X, slice(7)))
    with torch.no_grad():
        together = stack_modules([model.module_ for model in models]).eval()(rows)
        alone = torch.stack([model.module_(rows) for model in models])
    assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_a_warm_start_forgets_them_while_it_learns():
    X, y = make_data()
    model = small_mofa(warm_start=True, early_stopping=False).fit(X, y)
    assert stand_ins_of(model).has_one.all()
    model.fit(lose_image(X, slice(60)), y)
    assert stand_ins_of(model).has_one.tolist() == [False, True, True]
