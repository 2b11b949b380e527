"""Attention and importance agree on which modality is nothing but noise."""

import numpy as np
import pytest

from mofa_sklearn import MoFARegressor
from mofa_sklearn.inspection import modality_importance
from mofa_sklearn.networks.fusions import FUSIONS

WIDTHS = {"image": 8, "sound": 8, "text": 8}  # sound is noise


WEIGHING = [name for name, fusion in FUSIONS.items() if fusion.has_weights]


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 24)).astype(np.float32)
    signal = X[:, :8] @ rng.normal(size=8) + X[:, 16:] @ rng.normal(size=8)
    return X, signal + 0.3 * signal.std() * rng.normal(size=1000)


@pytest.mark.parametrize("fusion", WEIGHING)
def test_both_put_noise_last(rows, fusion):
    X, y = rows
    quick = {"hidden_dim": 32, "learning_rate": 1e-2, "max_epochs": 8, "batch_size": 64}
    model = MoFARegressor(WIDTHS, fusion=fusion, **quick, random_state=0)
    model.fit(X[:800], y[:800])
    assert model.score(X[800:], y[800:]) > 0.6
    result = modality_importance(model, X[800:], y[800:], n_repeats=2, random_state=0)
    attention = model.modality_attention(X[800:]).mean()
    if fusion == "conditional_query":
        # The guide is used beside its own weight, which says little.
        attention = attention.drop("image")
    assert attention.idxmin() == "sound"
    assert attention["sound"] < 0.33
    assert result.frame["importance"].idxmin() == "sound"
    assert abs(result.frame.loc["sound", "importance"]) < 0.05
    assert (result.frame["importance"].drop("sound") > 0.3).all()
