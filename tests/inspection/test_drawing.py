import sys

import numpy as np
import pandas as pd
import pytest

from mofa_sklearn.inspection import (
    AttentionByPredictionDisplay,
    CoverageByGroupDisplay,
    CoverageByWidthDisplay,
    CoverageDisplay,
    GroupErrorDisplay,
    ModalityAttentionDisplay,
    PredictedVsTrueDisplay,
    ResidualsDisplay,
    TrainingCurvesDisplay,
)
from mofa_sklearn.inspection._drawing import series_style, wrap

from ..helpers import run_in_fresh_process


@pytest.mark.processes
def test_importing_the_displays_does_not_import_matplotlib():
    code = "import sys, mofa_sklearn.inspection; print('matplotlib' in sys.modules)"
    assert run_in_fresh_process(code) == "False\n"


@pytest.mark.parametrize(
    "draw",
    [
        lambda: PredictedVsTrueDisplay.from_predictions(np.arange(3.0), np.arange(3.0)),
        lambda: ResidualsDisplay.from_predictions(np.arange(3.0), np.arange(3.0)),
        lambda: GroupErrorDisplay.from_predictions(np.arange(3.0), np.arange(3.0), [0, 0, 1]),
        lambda: CoverageDisplay.from_predictions([1.0], [[[0, 2]]], [0.9]),
        lambda: CoverageByWidthDisplay.from_predictions([1.0], [[0, 2]]),
        lambda: CoverageByGroupDisplay.from_predictions([1.0], [[0, 2]], [0]),
        lambda: AttentionByPredictionDisplay.from_data(pd.DataFrame({"x": [1.0]}), [1.0]),
        lambda: ModalityAttentionDisplay.from_data(pd.DataFrame({"x": [1.0]})),
        lambda: TrainingCurvesDisplay.from_data([[{"epoch": 1, "train_loss": 1.0}]]),
    ],
)
def test_missing_matplotlib_names_the_extra(monkeypatch, draw):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"Display.*needs matplotlib.*mofa-sklearn\[plot\]"):
        draw()


def test_long_names_are_broken_between_words():
    assert wrap("views") == "views"
    assert wrap("likes_of_registered_users_only") == "likes_of_registered_\nusers_only"
    assert wrap("number of views after thirty days") == "number of views after\nthirty days"
    assert wrap("x" * 40) == "x" * 40


def test_series_look_different():
    styles = [tuple(series_style(index).values()) for index in range(49)]
    assert len(set(styles)) == 49
