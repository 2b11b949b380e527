"""Modalities that are trained in turn."""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import Callback

from mofa_sklearn import KFoldEnsembleClassifier, KFoldEnsembleRegressor
from mofa_sklearn.networks.fusions import FUSIONS
from mofa_sklearn.training.alternation import modality_in_turn
from tests.classes import make_classes, small_classifier
from tests.helpers import WIDTHS, make_data, small_mofa

# What rounding grows to in a few epochs.
CLOSE = {"rtol": 1e-3, "atol": 1e-3}


class Steps(Callback):
    """Writes down which parts of the network every step has changed."""

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.changed_ = []

    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        self.before_ = _parts(net.module_)

    def on_batch_end(self, net, batch=None, training=False, **kwargs):
        if training:
            after = _parts(net.module_)
            self.changed_.append(
                [not torch.equal(*pair) for pair in zip(self.before_, after, strict=True)]
            )


def _parts(module):
    """Return the weights of every encoder, and of all the rest."""
    shared = [p for name, p in module.named_parameters() if not name.startswith("encoders.")]
    parts = [*(list(encoder.parameters()) for encoder in module.encoders), shared]
    return [torch.cat([p.detach().flatten() for p in part]) for part in parts]


def changed_parts(**params):
    """Fit 100 rows in batches of 32; return which parts each step has changed."""
    spy = Steps()
    spying = {"early_stopping": False, "callbacks": [spy]}
    params = {"max_epochs": 2, "batch_size": 32, **spying, **params}
    small_mofa(**params).fit(*make_data(100))
    return np.array(spy.changed_)


def test_a_step_trains_one_encoder_and_what_is_shared():
    changed = changed_parts(alternate_modalities=True)
    assert changed.shape == (2 * 4, len(WIDTHS) + 1)
    assert changed[:, -1].all()
    learning = [modality_in_turn(epoch, batch, 3) for epoch in range(2) for batch in range(4)]
    assert_array_equal(changed[:, :-1], np.eye(3, dtype=bool)[learning])


def test_encoders_are_trained_jointly_by_default():
    assert changed_parts().all()


def test_no_modality_is_left_out_where_an_epoch_is_one_batch():
    changed = changed_parts(alternate_modalities=True, batch_size=200, max_epochs=3)
    assert_array_equal(changed[:, :-1], np.eye(3, dtype=bool))


def test_frozen_encoders_get_no_weight_decay_and_no_momentum():
    """A frozen part is not changed at all, however strong they are."""
    changed = changed_parts(alternate_modalities=True, weight_decay=0.5, max_epochs=4)
    assert_array_equal(changed[:, :-1].sum(axis=1), 1)


def test_a_trained_network_has_no_turn_left():
    X, y = make_data()
    model = small_mofa(alternate_modalities=True).fit(X, y)
    assert model.module_.learning_modality is None
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


@pytest.mark.parametrize("fusion", FUSIONS)
def test_every_fusion_learns_so_and_depends_on_the_seed_alone(fusion):
    X, y = make_data(150)
    X[::6, : WIDTHS["image"]] = np.nan
    model = small_mofa(
        batch_size=64, fusion=fusion, alternate_modalities=True, residual_features=True
    )
    model.set_params(dropout=0.1, modality_dropout=0.1, max_epochs=20, learning_rate=3e-2)
    assert model.fit(X, y).score(X, y) > 0.3
    expected = model.set_params(max_epochs=2).fit(X, y).predict(X)
    assert_array_equal(model.fit(X, y).predict(X), expected)
    joint = model.set_params(alternate_modalities=False).fit(X, y).predict(X)
    assert not np.array_equal(joint, expected)


def test_one_modality_alone_is_trained_as_ever():
    X, y = make_data()
    one = small_mofa(modalities={"all": X.shape[1]})
    expected = one.fit(X, y).predict(X)
    assert_array_equal(one.set_params(alternate_modalities=True).fit(X, y).predict(X), expected)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"residual_features": True},
        {"fusion": "gated", "early_stopping": False},
        # Members stop at different epochs, and the stack shrinks.
        {"n_iter_no_change": 1, "max_epochs": 10, "weight_decay": 0.1},
        # 66 or 67 rows: some folds have one batch more than the others.
        {"batch_size": 33},
        {"schedule": "plateau", "max_epochs": 6, "loss": "ccc"},
    ],
    ids=str,
)
def test_members_trained_together_agree_with_one_by_one(params):
    X, y = make_data(100)
    X[::7, : WIDTHS["image"]] = np.nan
    estimator = small_mofa(alternate_modalities=True, **params)
    together, alone = (
        KFoldEnsembleRegressor(estimator, cv=3, engine=engine, random_state=0).fit(X, y)
        for engine in ("stacked", "joblib")
    )
    assert_allclose(together.oof_prediction_, alone.oof_prediction_, **CLOSE)
    for ours, theirs in zip(together.estimators_, alone.estimators_, strict=True):
        assert ours.best_iteration_ == theirs.best_iteration_
        assert ours.module_.learning_modality is None


@pytest.mark.parametrize("kind", ["multiclass", "multilabel", "ordinal"])
def test_classifiers_trained_together_agree_with_one_by_one(kind):
    X, y = make_classes(kind, 120)
    estimator = small_classifier(
        ordinal=kind == "ordinal", alternate_modalities=True, residual_features=True
    )
    together, alone = (
        KFoldEnsembleClassifier(estimator, cv=2, engine=engine, random_state=0).fit(X, y)
        for engine in ("stacked", "joblib")
    )
    assert_allclose(together.oof_prediction_, alone.oof_prediction_, **CLOSE)


@pytest.mark.parametrize("name", ["alternate_modalities", "residual_features"])
def test_anything_but_a_bool_is_refused(name):
    with pytest.raises(ValueError, match=f"'{name}' parameter of MoFARegressor"):
        small_mofa(**{name: "yes"}).fit(*make_data(60))
