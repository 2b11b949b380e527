"""What bad input gets beyond the table of test_bad_input_of_all.

Validation sets, weights, parameters, and trainings that go wrong.
"""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import InvalidParameterError
from skorch.callbacks import Callback

from mofa_sklearn import (
    BlendRegressor,
    KFoldEnsembleRegressor,
    ModalityPreprocessor,
    make_mofa_pipeline,
)
from mofa_sklearn.estimators import RidgePathRegressor
from mofa_sklearn.networks.losses import SquaredError

from .helpers import WIDTHS, make_data, small_mofa

N_ROWS = 40


def make_ensemble(**params):
    return KFoldEnsembleRegressor(small_mofa(**params), cv=KFold(2), random_state=0)


def make_pipeline(modalities=WIDTHS, **params):
    # The columns' names tell the network the modalities.
    estimator = small_mofa(modalities=None, **params)
    return make_mofa_pipeline(modalities, estimator=estimator, cv=KFold(2), random_state=0)


def make_blend(**params):
    parts = [("network", small_mofa(**params)), ("ensemble", make_ensemble(**params))]
    return BlendRegressor(parts, cv=KFold(2), random_state=0)


def make_preprocessor(modalities=WIDTHS):
    return ModalityPreprocessor(StandardScaler(), modalities=modalities)


PREDICTORS = {
    "regressor": small_mofa,
    "ensemble": make_ensemble,
    "pipeline": make_pipeline,
    "blend": make_blend,
}
every_predictor = pytest.mark.parametrize("make", PREDICTORS.values(), ids=PREDICTORS)


def partly_nan(X):
    X[3, 5] = X[9, 4] = np.nan


def infinite(X):
    X[3, 5] = np.inf


def all_missing(X):
    X[[3, 8]] = np.nan


PARTLY = r"modality 'video' has NaN in some of its columns in {n} of \d+ rows; .*SimpleImputer"
INFINITY = r"infinity in modality 'video' \(rows {row}"
LOST = r"NaN in every column of {n} of \d+ rows \(rows {row}.*all modalities are missing"
BAD_VALUES = [(partly_nan, PARTLY), (infinite, INFINITY), (all_missing, LOST)]


@pytest.mark.parametrize(("spoil", "message"), BAD_VALUES)
def test_bad_validation_rows_are_told_with_their_block(spoil, message):
    X, y = make_data(N_ROWS)
    X_val = X[:20].copy()
    spoil(X_val)
    with pytest.raises(ValueError, match=message.format(n=2, row=3)):
        small_mofa().fit(X, y, X_val=X_val, y_val=y[:20])


# Few rows, constant targets


@every_predictor
@pytest.mark.parametrize("n_constant", [1, 2])
def test_constant_targets_are_predicted(make, n_constant):
    X, y = make_data(N_ROWS)
    y[:, :n_constant] = 7.5
    prediction = make(max_epochs=8).fit(X, y).predict(X)
    assert np.isfinite(prediction).all()
    assert_allclose(prediction[:, :n_constant], 7.5, atol=0.5)


def test_one_row_can_be_learned_or_the_message_says_what_is_too_small():
    X, y = make_data(1)
    prediction = small_mofa(early_stopping=False).fit(X, y).predict(X)
    assert_allclose(prediction, y, atol=0.5)
    assert np.isfinite(small_mofa().fit(X, y, X_val=X, y_val=y).predict(X)).all()
    with pytest.raises(ValueError, match=r"early_stopping=True.* n_samples = 1; pass X_val"):
        small_mofa().fit(X, y)


def test_a_preprocessor_takes_one_row():
    X, _ = make_data(1)
    assert_allclose(make_preprocessor().fit_transform(X), 0)


@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_fewer_rows_than_folds_are_told_with_both_numbers(n_rows):
    X, y = make_data(n_rows)
    models = [KFoldEnsembleRegressor(small_mofa(), cv=4), make_mofa_pipeline(WIDTHS, cv=4)]
    for model in models:
        with pytest.raises(ValueError, match=rf"n_splits=4 .*n_samples={n_rows}"):
            model.fit(X, y)


def test_folds_of_one_row_work():
    X, y = make_data(4)
    ensemble = KFoldEnsembleRegressor(small_mofa(), cv=4, random_state=0).fit(X, y)
    assert np.isfinite(ensemble.oof_prediction_).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"X_val": 20}, "X_val was passed without y_val"),
        ({"y_val": 20}, "y_val was passed without X_val"),
        ({"sample_weight_val": 20}, "sample_weight_val was passed without X_val and y_val"),
        ({"X_val": 20, "y_val": 19}, "X_val has 20 rows and y_val 19"),
    ],
)
def test_half_a_validation_set_is_refused(arguments, message):
    X, y = make_data(N_ROWS)
    values = {"X_val": X, "y_val": y, "sample_weight_val": np.ones(N_ROWS)}
    given = {name: values[name][:n_rows] for name, n_rows in arguments.items()}
    with pytest.raises(ValueError, match=message):
        small_mofa().fit(X, y, **given)


@pytest.mark.parametrize(("n_targets", "n_val"), [(2, 3), (None, 2), (2, None)])
def test_validation_targets_have_to_be_as_many(n_targets, n_val):
    X, y = make_data(N_ROWS, n_targets)
    y_val = make_data(N_ROWS, n_val)[1]
    with pytest.raises(ValueError, match=rf"y has {n_targets or 1} target.* y_val {n_val or 1}"):
        small_mofa().fit(X, y, X_val=X, y_val=y_val)


every_watcher = pytest.mark.parametrize("make", [small_mofa, RidgePathRegressor])


@every_watcher
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_validation_targets_are_refused(make, bad):
    X, y = make_data(N_ROWS)
    y_val = y.copy()
    y_val[3, 0] = bad
    with pytest.raises(ValueError, match=r"Input y_val contains (NaN|infinity)"):
        make().fit(X, y, X_val=X, y_val=y_val)


@every_watcher
def test_validation_rows_and_targets_have_to_be_as_many(make):
    X, y = make_data(N_ROWS)
    with pytest.raises(ValueError, match="X_val has 20 rows and y_val 19"):
        make().fit(X, y, X_val=X[:20], y_val=y[:19])


@every_predictor
@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (-np.ones(N_ROWS), "Negative values in data passed to `sample_weight`"),
        (np.ones(N_ROWS - 1), r"sample_weight.shape == \(39,\)|inconsistent.*39"),
        (np.full(N_ROWS, np.nan), "sample_weight contains NaN"),
        (np.zeros(N_ROWS), r"is zero for every row|at least one non-zero number"),
    ],
)
def test_bad_weights_are_told(make, weight, message):
    X, y = make_data(N_ROWS)
    name = "regressor__sample_weight" if make is make_pipeline else "sample_weight"
    with pytest.raises(ValueError, match=message):
        make().fit(X, y, **{name: weight})


# Trainings that go wrong


class NanAfter(SquaredError):
    """Is no number from a certain step on."""

    n_good_steps = 0

    def __init__(self):
        super().__init__()
        self.n_steps = 0

    def forward(self, prediction, target):
        losses = super().forward(prediction, target)
        self.n_steps += prediction.requires_grad
        return losses * float("nan") if self.n_steps > self.n_good_steps else losses


class NanAtOnce(NanAfter):
    pass


class NanLater(NanAfter):
    # 20 or 36 training rows are one or two batches: both have trained an epoch by then.
    n_good_steps = 4


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_loss_that_is_no_number_from_the_start_is_an_error(early_stopping):
    X, y = make_data(N_ROWS)
    model = small_mofa(loss=NanAtOnce, learning_rate=0.0123, early_stopping=early_stopping)
    with pytest.raises(ValueError, match=r"NaN or infinite in epoch 1 .*learning_rate=0\.0123"):
        model.fit(X, y)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_diverging_loss_keeps_the_best_finite_weights_and_warns(early_stopping):
    X, y = make_data(N_ROWS)
    params = {"learning_rate": 0.0123, "early_stopping": early_stopping, "max_epochs": 9}
    model = small_mofa(loss=NanLater, **params)
    with pytest.warns(ConvergenceWarning) as caught:
        model.fit(X, y)
    pattern = r"in epoch (\d) with learning_rate=0\.0123; the weights of epoch (\d) are kept"
    for warning in caught:
        epoch, kept = re.search(pattern, str(warning.message)).groups()
        assert 1 <= int(kept) < int(epoch) < 9
    assert np.isfinite(model.predict(X)).all()


def test_a_learning_rate_that_is_far_too_high_is_an_error_that_names_it():
    X, y = make_data(N_ROWS)
    model = small_mofa(learning_rate=1e30, weight_decay=0, max_epochs=5, batch_size=40)
    with pytest.raises(ValueError, match=r"epoch 1 with learning_rate=1e\+30"):
        model.fit(X, y)
    with pytest.raises(NotFittedError):
        model.predict(X)


class Interrupt(Callback):
    """Stands for Ctrl-C in the first step of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_begin(self, net, training=False, **kwargs):
        if training and len(net.history) == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.parametrize("early_stopping", [False, True])
def test_an_interrupt_of_one_network_keeps_its_weights_so_far_and_warns(early_stopping):
    X, y = make_data(N_ROWS)
    model = small_mofa(callbacks=[Interrupt(3)], early_stopping=early_stopping, max_epochs=8)
    with pytest.warns(ConvergenceWarning, match=r"interrupted .* of 8 epochs; the weights of"):
        model.fit(X, y)
    assert 1 <= model.best_iteration_ <= 2
    # The epoch that was broken off is none.
    assert model.n_iter_ == len(model.history_[:, "train_loss"]) == 2
    assert np.isfinite(model.predict(X)).all()
    # What is kept is what a training of so many epochs gives.
    if not early_stopping:
        whole = small_mofa(early_stopping=False, max_epochs=2).fit(X, y)
        assert_allclose(model.predict(X), whole.predict(X))


def test_an_interrupt_in_the_first_epoch_leaves_a_network_that_predicts_and_warns():
    X, y = make_data(N_ROWS)
    model = small_mofa(callbacks=[Interrupt(1)])
    with pytest.warns(ConvergenceWarning, match="interrupted"):
        model.fit(X, y)
    assert np.isfinite(model.predict(X)).all()


# Parameters


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fusion", "atention"),
        ("hidden_dim", 0),
        ("hidden_dim", 1.5),
        ("dropout", 1.0),
        ("modality_dropout", -0.1),
        ("loss", "squared"),
        ("batch_size", 0),
        ("learning_rate", 0),
        ("learning_rate", "high"),
        ("weight_decay", -1),
        ("schedule", "cosin"),
        ("max_epochs", 0),
        ("early_stopping", "auto"),
        ("validation_fraction", 1.0),
        ("n_iter_no_change", 0),
        ("standardize_target", "no"),
        ("precision", "float16"),
        ("device", 0),
        ("modalities", [4, 3, 5]),
        ("callbacks", 3),
    ],
)
def test_a_wrong_parameter_of_the_network_is_named(name, value):
    X, y = make_data(N_ROWS)
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter of MoFARegressor"):
        small_mofa(**{name: value}).fit(X, y)


@pytest.mark.parametrize("make", [make_preprocessor, make_pipeline])
def test_modalities_of_a_preprocessor_that_are_no_names_are_named(make):
    X, y = make_data(N_ROWS)
    with pytest.raises(InvalidParameterError, match="'modalities' parameter of ModalityPrep"):
        make(modalities=[4, 3, 5]).fit(X, y)


@every_predictor
def test_a_wrong_parameter_of_a_network_inside_is_named(make):
    X, y = make_data(N_ROWS)
    with pytest.raises(InvalidParameterError, match="The 'fusion' parameter of MoFARegressor"):
        make(fusion="atention").fit(X, y)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("estimator", "ridge"),
        ("cv", "5-fold"),
        ("validation", "outer"),
        ("n_jobs", 1.5),
        ("engine", "fast"),
        ("checkpoint", 3),
        ("verbose", "yes"),
        ("random_state", "zero"),
    ],
)
def test_a_wrong_parameter_of_the_ensemble_is_named(name, value):
    X, y = make_data(N_ROWS)
    ensemble = KFoldEnsembleRegressor(**{"estimator": small_mofa(), name: value})
    with pytest.raises(
        InvalidParameterError, match=f"The '{name}' parameter of KFoldEnsembleRegressor"
    ):
        ensemble.fit(X, y)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("estimators", "ridge"),
        ("weights", "best"),
        ("cv", "fitted"),
        ("validation", "outer"),
        ("n_jobs", 1.5),
        ("verbose", "yes"),
        ("random_state", "zero"),
    ],
)
def test_a_wrong_parameter_of_the_blend_is_named(name, value):
    X, y = make_data(N_ROWS)
    blend = BlendRegressor(**{"estimators": [("network", small_mofa())], name: value})
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter of BlendRegressor"):
        blend.fit(X, y)


@pytest.mark.parametrize("device", ["cpuu", "cuda:99x", "gpu"])
def test_an_unknown_device_is_named(device):
    X, y = make_data(N_ROWS)
    with pytest.raises(ValueError, match=f"device='{device}'"):
        small_mofa(device=device).fit(X, y)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (small_mofa, "hiden_dim"),
        (make_ensemble, "estimator__hiden_dim"),
        (make_pipeline, "regressor__estimator__hiden_dim"),
        (make_blend, "network__hiden_dim"),
        (make_preprocessor, "defualt"),
    ],
)
def test_a_misspelt_parameter_is_refused(make, name):
    with pytest.raises(ValueError, match=f"Invalid parameter '{name.rpartition('__')[2]}'"):
        make().set_params(**{name: 3})
