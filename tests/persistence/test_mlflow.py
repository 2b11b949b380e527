"""mlflow's own way to store scikit-learn models takes ours, with the types that we name."""

from importlib.util import find_spec

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from mofa_sklearn import KFoldEnsembleClassifier, KFoldEnsembleRegressor, make_mofa_pipeline
from mofa_sklearn.persistence import SKOPS_TRUSTED_TYPES
from mofa_sklearn.preprocessing import RetrievalAugmenter

from ..classes import small_classifier
from ..helpers import WIDTHS, make_data, small_mofa
from ..lazily import Lazily

mlflow_sklearn = Lazily("mlflow.sklearn")
pytestmark = pytest.mark.skipif(
    not (find_spec("mlflow") and find_spec("skops")), reason="needs mlflow and skops"
)

X, Y = make_data(40)
NETWORK = small_mofa(modalities=None, max_epochs=1)
MODELS = {
    "pipeline": make_mofa_pipeline(WIDTHS, cv=2, estimator=NETWORK, random_state=0),
    "network": small_mofa(max_epochs=1),
    "ensemble": KFoldEnsembleRegressor(small_mofa(max_epochs=1), cv=2, companions=None),
    "classifier": KFoldEnsembleClassifier(small_classifier(max_epochs=1), cv=2),
    "retrieval": make_pipeline(RetrievalAugmenter(WIDTHS, n_neighbors=3, cv=2), Ridge()),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.filterwarnings("ignore::UserWarning:mlflow")
def test_a_model_is_saved_and_loaded(name, tmp_path):
    model = MODELS[name].fit(X, (Y[:, 0] > 0).astype(int) if name == "classifier" else Y)
    path = tmp_path / "model"
    mlflow_sklearn.save_model(
        model,
        path,
        skops_trusted_types=SKOPS_TRUSTED_TYPES,
        pip_requirements=["mofa-sklearn"],
    )
    loaded = mlflow_sklearn.load_model(str(path))
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_no_net_is_trusted_whose_state_is_a_pickle():
    assert not [name for name in SKOPS_TRUSTED_TYPES if name.startswith("skorch.")]
    assert "mofa_sklearn.training.net.MoFANet" not in SKOPS_TRUSTED_TYPES
