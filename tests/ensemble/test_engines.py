"""The engines of the K-fold ensemble: members one by one, or all together."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.model_selection import ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback
from torch import nn

from mofa_sklearn import KFoldEnsembleRegressor, MoFARegressor
from mofa_sklearn.estimators import _stacked
from mofa_sklearn.networks.stacking import stack_modules
from mofa_sklearn.training import inference
from tests.helpers import WIDTHS, make_data, small_mofa

# What rounding grows to in a few epochs.
CLOSE = {"rtol": 1e-3, "atol": 1e-3}


class FusionByPosition(nn.Module):
    """Takes modalities to be the second axis: not to be stacked."""

    def __init__(self, n_modalities, hidden_dim):
        super().__init__()
        self.fused_dim = hidden_dim

    def forward(self, encodings, present):
        return encodings.mean(dim=1), None


class CountEpochs(Callback):
    """A user's callback."""

    n_epochs = 0

    def on_epoch_end(self, net, **kwargs):
        CountEpochs.n_epochs += 1


class Doubling(MoFARegressor):
    """A subclass that predicts in its own way."""

    def predict(self, X):
        return 2 * super().predict(X)


def ensemble(engine="stacked", estimator=None, **params):
    estimator = small_mofa() if estimator is None else estimator
    params = {"cv": 3, "random_state": 0, "n_jobs": 1, **params}
    return KFoldEnsembleRegressor(estimator, engine=engine, **params)


def assert_same_ensemble(together, alone):
    assert_allclose(together.oof_prediction_, alone.oof_prediction_, **CLOSE)
    assert_allclose(together.fold_scores_, alone.fold_scores_, **CLOSE)
    for ours, theirs in zip(together.estimators_, alone.estimators_, strict=True):
        assert ours.get_params() == theirs.get_params()
        assert vars(ours).keys() == vars(theirs).keys()
        assert (ours.n_iter_, ours.best_iteration_) == (theirs.n_iter_, theirs.best_iteration_)
        assert_allclose(ours.target_scale_, theirs.target_scale_)
        assert_allclose(*(m.history_[:, "train_loss"] for m in (ours, theirs)), **CLOSE)


@pytest.mark.parametrize("validation", ["fold", "inner"])
@pytest.mark.parametrize("weighted", [False, True])
def test_members_fitted_together_agree_with_one_by_one(validation, weighted):
    X, y = make_data(100)  # uneven folds
    X[::7, :4] = np.nan  # a missing modality
    weight = np.random.default_rng(0).uniform(0, 2, len(X)) if weighted else None
    together, alone = (
        ensemble(engine, validation=validation).fit(X, y, weight)
        for engine in ("stacked", "joblib")
    )
    assert_same_ensemble(together, alone)


@pytest.mark.parametrize(
    "params",
    [
        {"early_stopping": False},
        {"n_iter_no_change": 1, "max_epochs": 8},
        {"schedule": "plateau", "max_epochs": 6},
        {"standardize_target": False},
    ],
    ids=str,
)
def test_members_of_other_parameters_agree_too(params):
    X, y = make_data(90)
    together, alone = (
        ensemble(engine, small_mofa(**params)).fit(X, y) for engine in ("stacked", "joblib")
    )
    assert_same_ensemble(together, alone)


def test_a_1d_y():
    X, y = make_data(60, None)
    model = ensemble().fit(X, y)
    assert model.predict(X).shape == model.oof_prediction_.shape == (60,)
    assert model.predict_interval(X).shape == (60, 1, 2)
    assert_same_ensemble(model, ensemble("joblib").fit(X, y))


def test_every_row_is_predicted_out_of_fold_once_by_its_own_member():
    X, y = make_data(70)
    index = np.arange(len(X))
    splits = [(np.delete(index, fold), fold) for fold in np.array_split(index, 3)]
    model = ensemble(cv=splits).fit(X, y)
    for member, (_, test) in zip(model.estimators_, splits, strict=True):
        assert_array_equal(model.oof_prediction_[test], member.predict(X[test]))


def test_splits_of_uneven_size_that_leave_rows_out():
    X, y = make_data(80)
    index = np.arange(len(X))
    splits = [(index[:40], index[60:]), (index[5:70], index[:3])]
    model = ensemble(cv=splits).fit(X, y)
    assert np.isnan(model.oof_prediction_[3:60]).all()
    assert_same_ensemble(model, ensemble("joblib", cv=splits).fit(X, y))


def test_auto_stacks_small_networks_alone(monkeypatch):
    X, y = make_data(60)
    estimator = small_mofa(dropout=0.3)  # other random numbers tell the engines apart
    results = {e: ensemble(e, estimator).fit(X, y).oof_prediction_ for e in ("stacked", "joblib")}
    assert not np.array_equal(results["stacked"], results["joblib"])
    assert_array_equal(ensemble("auto", estimator).fit(X, y).oof_prediction_, results["stacked"])
    monkeypatch.setattr(_stacked, "_MAX_PRODUCTS_ON_CPU", 10)
    assert_array_equal(ensemble("auto", estimator).fit(X, y).oof_prediction_, results["joblib"])


@pytest.mark.parametrize("estimator", [Ridge(), make_pipeline(StandardScaler(), small_mofa())])
def test_members_that_cannot_be_stacked_are_refused(estimator):
    X, y = make_data(60)
    with pytest.raises(ValueError, match=rf"engine='stacked'.*{type(estimator).__name__}"):
        ensemble(estimator=estimator).fit(X, y)
    ensemble("auto", estimator).fit(X, y)


@pytest.mark.parametrize("engine", ["auto", "stacked"])
def test_a_fusion_that_cannot_be_stacked_is_trained_one_by_one(engine):
    X, y = make_data(60)
    estimator = small_mofa(fusion=FusionByPosition, dropout=0.3)
    model = ensemble(engine, estimator).fit(X, y)
    alone = ensemble("joblib", estimator).fit(X, y)
    assert_array_equal(model.oof_prediction_, alone.oof_prediction_)


def test_members_with_callbacks_are_trained_one_by_one():
    X, y = make_data(60)
    CountEpochs.n_epochs = 0
    ensemble(estimator=small_mofa(callbacks=[CountEpochs()], max_epochs=2)).fit(X, y)
    assert CountEpochs.n_epochs == 3 * 2


@pytest.mark.parametrize(
    "change", [{"modalities": {"image": 1}}, {"max_epochs": -1}, {"device": "nowhere"}], ids=str
)
def test_errors_are_those_of_a_member_alone(change):
    X, y = make_data(60)
    errors = []
    for engine in ("stacked", "joblib"):
        with pytest.raises(ValueError, match=r".") as caught:
            ensemble(engine, small_mofa(**change)).fit(X, y)
        errors.append(str(caught.value))
    assert errors[0] == errors[1]


def test_a_checkpoint_that_lacks_a_member_ends_with_the_undisturbed_result(tmp_path):
    X, y = make_data(60)
    model = ensemble(checkpoint=tmp_path).fit(X, y)
    files = sorted(tmp_path.glob("member_*"))
    assert len(files) == 3
    files[1].unlink()
    again = ensemble(checkpoint=tmp_path).fit(X, y)
    assert files[1].exists()
    assert_same_ensemble(again, model)


def test_the_ensemble_can_be_pickled():
    X, y = make_data(60)
    model = ensemble().fit(X, y)
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.predict(X), model.predict(X))
    alone = ensemble("joblib").fit(X, y)
    assert len(pickle.dumps(model)) < 1.1 * len(pickle.dumps(alone))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("engine", ["joblib", "stacked"])
def test_the_prediction_is_the_mean_of_the_members(engine, dtype):
    X, y = make_data(60)
    model = ensemble(engine, small_mofa(dropout=0.2)).fit(X, y)
    X = X.astype(dtype)
    X[::5, :4] = np.nan
    own = np.stack([member.predict(X) for member in model.estimators_])
    mean, std = model.predict(X, return_std=True)
    assert_allclose(mean, own.mean(axis=0), rtol=1e-5, atol=1e-6)
    assert_allclose(std, own.std(axis=0), rtol=1e-4, atol=1e-6)


def test_chunks_do_not_change_the_prediction(monkeypatch):
    X, y = make_data(60)
    model = ensemble().fit(X, y)
    expected = model.predict(X)
    monkeypatch.setattr(inference, "CHUNK_VALUES", 500)
    assert_allclose(model.predict(X), expected, rtol=1e-5, atol=1e-6)


def test_stacked_predictions_are_those_in_turn():
    X, y = make_data(60)
    model = ensemble().fit(X, y)
    modules = [member.module_ for member in model.estimators_]
    with torch.inference_mode():
        outputs = stack_modules(modules)(torch.from_numpy(X)).numpy()
    for member, own in zip(model.estimators_, outputs, strict=True):
        assert_allclose(member._from_outputs(own), member.predict(X), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("engine", ["auto", "stacked"])
def test_a_subclass_s_own_predict_is_used(engine):
    X, y = make_data(60)
    params = small_mofa().get_params()
    doubled = ensemble(engine, Doubling(**params)).fit(X, y)
    plain = ensemble(engine).fit(X, y)
    assert_allclose(doubled.predict(X), 2 * plain.predict(X), **CLOSE)


def test_other_columns_are_refused_by_name():
    X, y = make_data(60)
    names = [f"{name}__{i}" for name, width in WIDTHS.items() for i in range(width)]
    frame = pd.DataFrame(X, columns=names)
    model = ensemble(estimator=small_mofa(modalities=None)).fit(frame, y)
    assert model.predict(frame).shape == y.shape
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[names[::-1]])


def test_splits_that_overlap_average_members():
    X, y = make_data(60)
    cv = ShuffleSplit(3, test_size=0.5, random_state=0)
    together, alone = (ensemble(engine, cv=cv).fit(X, y) for engine in ("stacked", "joblib"))
    assert_allclose(together.oof_prediction_, alone.oof_prediction_, **CLOSE)
