"""The displays on what they are for: a fitted pipeline of an ensemble of networks."""

import numpy as np
import pytest

from mofa_sklearn import MoFARegressor, make_mofa_pipeline
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.inspection import ModalityAttentionDisplay, TrainingCurvesDisplay


@pytest.fixture(scope="module")
def fitted():
    widths = {"image": 6, "text": 4}
    X, y = make_micro_videos(80, modalities=widths, random_state=0)
    network = MoFARegressor(hidden_dim=8, max_epochs=3, random_state=0)
    return make_mofa_pipeline(widths, estimator=network, cv=2, random_state=0).fit(X, y), X


def test_attention_has_a_column_per_modality_and_rows_sum_to_one(fitted):
    pipeline, X = fitted
    attention = ModalityAttentionDisplay.from_estimator(pipeline, X).attention
    assert list(attention.columns) == ["image", "text"]
    np.testing.assert_allclose(attention.sum(axis=1), 1, atol=1e-6)


def test_every_member_has_its_curves_and_its_best_epoch(fitted):
    pipeline, _ = fitted
    display = TrainingCurvesDisplay.from_estimator(pipeline)
    assert [len(history) for history in display.histories] == [3, 3]
    assert len(display.ax_.lines) == 4
    assert len(display.ax_.collections) == 2
