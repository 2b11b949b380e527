"""What tells the modalities of the input."""

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import BlendRegressor, KFoldEnsembleRegressor, make_mofa_pipeline
from mofa_sklearn.inspection._unwrap import modalities_of

from ..helpers import WIDTHS, make_data, small_mofa

network = small_mofa(max_epochs=1)


@pytest.mark.parametrize(
    "estimator",
    [
        network,
        make_pipeline(StandardScaler(), "passthrough", network),
        KFoldEnsembleRegressor(network, cv=2),
        GridSearchCV(make_pipeline(network), {"mofaregressor__max_epochs": [1]}, cv=2),
        BlendRegressor([("ridge", Ridge()), ("network", network)], cv=2),
        make_mofa_pipeline(WIDTHS, estimator=Ridge(), cv=2),
    ],
)
def test_the_estimator_tells_its_modalities(estimator):
    X, y = make_data(40)
    blocks = modalities_of(estimator.fit(X, y), X)
    assert {name: len(positions) for name, positions in blocks.items()} == WIDTHS


def test_a_step_that_makes_other_columns_tells_nothing_of_its_input():
    X, y = make_data(40)
    model = make_pipeline(PCA(), network).fit(X, y)
    with pytest.raises(ValueError, match=r"Pipeline does not know its modalities.*modalities="):
        modalities_of(model, X)


def test_else_the_column_names_tell():
    X, y = make_data(40)
    frame = pd.DataFrame(
        X, columns=[f"{name}_{i}" for name in ("image", "text") for i in range(6)]
    )
    blocks = modalities_of(Ridge().fit(frame, y), frame)
    np.testing.assert_array_equal(blocks["text"], np.arange(6, 12))
