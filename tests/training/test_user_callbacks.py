"""Every callback of skorch either does in our training what it is there for, or is refused."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import skorch.callbacks
import torch
from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    EpochTimer,
    Freezer,
    GradientNormClipping,
    Initializer,
    InputShapeSetter,
    LoadInitState,
    LRScheduler,
    ParamMapper,
    PassthroughScoring,
    PrintLog,
    ProgressBar,
    SacredLogger,
    TensorBoard,
    TrainEndCheckpoint,
    Unfreezer,
    WandbLogger,
)

from mofa_sklearn import KFoldEnsembleRegressor, MoFAClassifier

from ..helpers import WIDTHS, make_data, small_mofa

# What the table below shows to work, and what is refused.
WORKING = {
    "BatchScoring",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "EpochScoring",
    "EpochTimer",
    "Freezer",
    "GradientNormClipping",
    "Initializer",
    "LoadInitState",
    "ParamMapper",
    "PassthroughScoring",
    "PrintLog",
    "ProgressBar",
    "SacredLogger",
    "TensorBoard",
    "TrainEndCheckpoint",
    "Unfreezer",
    "WandbLogger",
}
REFUSED = {"LRScheduler", "InputShapeSetter"}
# Loggers of services; they do no more than WandbLogger does: read the history, or store the net.
OF_SERVICES = {"MlflowLogger", "NeptuneLogger"}
NO_CALLBACKS = {"WarmRestartLR"}  # a schedule of LRScheduler's


def fit(*callbacks, **params):
    return small_mofa(callbacks=list(callbacks), **params).fit(*make_data())


def weights_of(model, name):
    return dict(model.module_.named_parameters())[name].detach().numpy()


def test_all_callbacks_of_skorch_are_decided():
    decided = WORKING | REFUSED | OF_SERVICES | NO_CALLBACKS
    assert decided == set(skorch.callbacks.__all__)


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        (LRScheduler("StepLR", step_size=1), "learning rate is set before every step.*schedule="),
        (LRScheduler, "learning rate is set before every step.*schedule="),
        (("rates", LRScheduler()), "learning rate is set before every step.*schedule="),
        (InputShapeSetter(), "modalities="),
        (GradientNormClipping(), "gradient_clip_value is None"),
        (GradientNormClipping(1.0), "norm of 1 anyway"),
        (Freezer("embedding*"), "no weight's name matches .*encoders.0.0.weight"),
        (
            Initializer(["a", lambda name: name == "b"], fn=torch.nn.init.zeros_),
            "no weight's name",
        ),
    ],
)
def test_what_cannot_have_an_effect_is_refused_before_the_training(callback, message):
    trained = []

    class Trains(Callback):
        def on_train_begin(self, net, **kwargs):
            trained.append(net)

    with pytest.raises(ValueError, match=f"cannot have an effect: .*{message}"):
        fit(Trains(), callback)
    assert not trained


@pytest.mark.parametrize(
    "callback",
    [
        EarlyStopping(),
        Checkpoint(),
        EpochScoring("r2"),
        BatchScoring("r2"),
        PassthroughScoring("valid_loss"),
    ],
)
def test_what_looks_at_validation_rows_is_refused_where_there_are_none(callback):
    with pytest.raises(ValueError, match="looks at validation rows, and there are none"):
        fit(callback, early_stopping=False)


@pytest.mark.parametrize("what", [3, "PrintLog", print])
def test_what_is_no_callback_is_refused(what):
    with pytest.raises(TypeError, match="list of skorch callbacks"):
        fit(what)


def test_an_ensemble_refuses_them_too():
    ensemble = KFoldEnsembleRegressor(small_mofa(callbacks=[LRScheduler()]), cv=3)
    with pytest.raises(ValueError, match="LRScheduler cannot have an effect"):
        ensemble.fit(*make_data())


@pytest.mark.parametrize("moment", ["on_epoch_begin", "on_epoch_end", "on_batch_end"])
def test_a_rate_that_is_overruled_is_an_error(moment):
    class SetsRate(Callback):
        pass

    def set_rate(self, net, **kwargs):
        net.optimizer_.param_groups[0]["lr"] = 0.5

    setattr(SetsRate, moment, set_rate)
    with pytest.raises(ValueError, match=r"set the learning rate in vain.*schedule="):
        fit(SetsRate())


def test_a_rate_set_before_the_step_counts():
    class SetsRate(Callback):
        def on_batch_begin(self, net, **kwargs):
            net.optimizer_.param_groups[0]["lr"] = 1e-9

    still = fit(SetsRate(), average_epochs=None)
    name = "encoders.0.0.weight"
    start = fit(SetsRate(), average_epochs=None, max_epochs=1)
    np.testing.assert_allclose(weights_of(still, name), weights_of(start, name), atol=1e-5)
    assert [epoch["learning_rate"] for epoch in still.history_] == [1e-9] * 3


def test_frozen_weights_stay_as_they_are_also_in_a_warm_start():
    name = "encoders.0.0.weight"
    short = fit(Freezer("encoders.0.*"), max_epochs=1)
    model = fit(Freezer("encoders.0.*"), warm_start=True)
    np.testing.assert_array_equal(weights_of(model, name), weights_of(short, name))
    model.fit(*make_data())
    np.testing.assert_array_equal(weights_of(model, name), weights_of(short, name))
    assert (weights_of(model, "encoders.1.0.weight") != 0).any()


def test_weights_can_be_freed_again():
    callbacks = Freezer("encoders.*"), Unfreezer("encoders.*", at=2)
    frozen, freed = fit(callbacks[0]), fit(*callbacks)
    name = "encoders.0.0.weight"
    assert (weights_of(frozen, name) != weights_of(freed, name)).any()


def test_all_weights_frozen_are_an_error():
    with pytest.raises(ValueError, match="All weights are frozen"):
        fit(Freezer("*"))


@pytest.mark.parametrize("kind", [Initializer, ParamMapper])
def test_weights_can_be_mapped(kind):
    callback = kind("encoders.0.0.weight", fn=torch.nn.init.zeros_)
    frozen = Freezer("encoders.0.0.weight")
    assert not weights_of(fit(callback, frozen), "encoders.0.0.weight").any()


@pytest.mark.parametrize(
    "callback", [GradientNormClipping(1e-3), GradientNormClipping(1, float("inf"))]
)
def test_a_smaller_bound_of_gradients_counts(callback):
    norms = []

    class Norms(Callback):
        def on_grad_computed(self, net, named_parameters, **kwargs):
            gradients = [weights.grad.flatten() for _, weights in named_parameters]
            norms.append(torch.cat(gradients).norm(callback.gradient_clip_norm_type).item())

    fit(callback, Norms())
    assert max(norms) <= callback.gradient_clip_value * 1.001


@pytest.mark.parametrize("monitor", ["valid_loss_best", "r2_best"])
def test_checkpoints_hold_the_weights_and_may_be_put_back(tmp_path, monitor):
    score = EpochScoring("r2", lower_is_better=False)
    checkpoint = Checkpoint(monitor, dirname=str(tmp_path), f_pickle="net.pkl", load_best=True)
    model = fit(score, checkpoint, max_epochs=6)
    stored = [epoch["event_cp"] for epoch in model.history_]
    assert len(stored) == model.n_iter_ == 6
    assert model.best_iteration_ == max(i for i, it_was in enumerate(stored, 1) if it_was)
    weights = torch.load(tmp_path / "params.pt", weights_only=True)
    name = "encoders.0.0.weight"
    np.testing.assert_array_equal(weights[name].numpy(), weights_of(model, name))


def test_a_training_can_begin_with_stored_weights(tmp_path):
    every_epoch = Checkpoint(monitor=None, dirname=str(tmp_path))
    first = fit(every_epoch, max_epochs=4)
    second = fit(LoadInitState(Checkpoint(dirname=str(tmp_path))), max_epochs=2)
    assert second.n_iter_ == 6  # the history goes on
    assert second.best_iteration_ in (5, 6)
    assert second.history_[4, "train_loss"] < first.history_[0, "train_loss"]


def test_the_end_of_a_training_can_be_stored(tmp_path):
    model = fit(TrainEndCheckpoint(dirname=str(tmp_path)), max_epochs=4)
    assert len(json.loads(Path(tmp_path / "train_end_history.json").read_text())) == 4
    weights = torch.load(tmp_path / "train_end_params.pt", weights_only=True)
    name = "encoders.0.0.weight"
    np.testing.assert_array_equal(weights[name].numpy(), weights_of(model, name))


def test_the_best_epoch_by_a_score_can_be_kept():
    X, y = make_data(150)
    scores = iter([0.1, 0.5, 0.2, 0.1])
    callbacks = [
        EpochScoring(lambda *_: next(scores), lower_is_better=False, name="own"),
        EarlyStopping("own", lower_is_better=False, load_best=True),
    ]
    model = small_mofa(callbacks=callbacks, max_epochs=4)
    model.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    shorter = small_mofa(max_epochs=2).fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    assert model.best_iteration_ == 2
    assert model.history_[-1, "valid_loss"] < model.history_[1, "valid_loss"]
    np.testing.assert_array_equal(model.predict(X), shorter.predict(X))


def test_the_last_epoch_is_kept_where_its_score_is_best():
    X, y = make_data(150)
    scores = iter([0.1, 0.2, 0.3])
    callbacks = [
        EpochScoring(lambda *_: next(scores), lower_is_better=False, name="own"),
        EarlyStopping("own", lower_is_better=False, load_best=True),
    ]
    model = small_mofa(callbacks=callbacks, learning_rate=0.3)
    model.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    assert model.best_iteration_ == 3
    score = model.history_[-1, "valid_loss"]
    scale = y[:100].std(axis=0)
    errors = (model.predict(X[100:]) - y[100:]) / scale
    assert (errors**2).mean() == pytest.approx(score, rel=1e-3)


def test_losses_of_batches_are_there_for_callbacks():
    model = fit(PassthroughScoring("train_loss", on_train=True))
    alone = fit()
    for epoch, expected in zip(model.history_, alone.history_, strict=True):
        assert epoch["train_loss"] == pytest.approx(expected["train_loss"], rel=1e-5)
        assert sum(batch.get("train_batch_size", 0) for batch in epoch["batches"]) == 108


def test_the_history_holds_numbers_of_python():
    model = fit(BatchScoring("r2", name="score"))
    values = [value for epoch in model.history_ for value in epoch.values()]
    assert not any(isinstance(value, np.generic) for value in values)


def test_what_prints_and_times_does_so(capsys):
    model = fit(PrintLog(), ProgressBar(), EpochTimer())
    printed = capsys.readouterr()
    assert "valid_loss" in printed.out
    assert "0/2" in printed.err  # one batch to learn from, one to validate on
    assert all(epoch["dur"] > 0 for epoch in model.history_)


class Recorder:
    """Stands for a writer, a run or an experiment of a logging service."""

    def __init__(self):
        self.logged = {}

    def add_scalar(self, tag, scalar_value, global_step):
        self.logged.setdefault(tag, []).append(scalar_value)

    def log_scalar(self, name, value, *step):
        self.logged.setdefault(name, []).append(value)

    def log(self, values):
        for name, value in values.items():
            self.log_scalar(name, value)

    def watch(self, module, **kwargs):
        self.watched = module

    def close(self):
        pass


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (TensorBoard, "Loss/valid_loss"),
        (SacredLogger, "valid_loss"),
        (partial(WandbLogger, save_model=False), "valid_loss"),
    ],
)
def test_loggers_get_the_losses(make, name):
    recorder = Recorder()
    model = small_mofa()
    logger = make(recorder)
    model.set_params(callbacks=[logger]).fit(*make_data())
    assert recorder.logged[name] == [epoch["valid_loss"] for epoch in model.history_]


def test_callbacks_leave_the_training_as_it_is():
    """Whoever only looks changes nothing."""
    lookers = [EpochScoring("r2"), BatchScoring("r2"), EpochTimer(), PrintLog(sink=lambda _: None)]
    X, _ = make_data()
    np.testing.assert_array_equal(fit(*lookers).predict(X), fit().predict(X))


def test_classifiers_refuse_them_too():
    model = MoFAClassifier(WIDTHS, callbacks=[LRScheduler()], random_state=0)
    X, y = make_data(60, None)
    with pytest.raises(ValueError, match="LRScheduler cannot have an effect"):
        model.fit(X, y > 0)
