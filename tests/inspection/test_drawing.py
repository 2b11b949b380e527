import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from mofa_sklearn.inspection import (
    ModalityAttentionDisplay,
    PredictedVsTrueDisplay,
    TrainingCurvesDisplay,
)


def test_importing_the_displays_does_not_import_matplotlib():
    code = "import sys, mofa_sklearn.inspection; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "draw",
    [
        lambda: PredictedVsTrueDisplay.from_predictions(np.arange(3.0), np.arange(3.0)),
        lambda: ModalityAttentionDisplay.from_data(pd.DataFrame({"x": [1.0]})),
        lambda: TrainingCurvesDisplay.from_data([[{"epoch": 1, "train_loss": 1.0}]]),
    ],
)
def test_missing_matplotlib_names_the_extra(monkeypatch, draw):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"Display.*needs matplotlib.*mofa-sklearn\[plot\]"):
        draw()
