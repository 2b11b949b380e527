"""Dropout fades out as it should, and is back afterwards."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.networks.dropout import Dropout, set_dropout_strength
from mofa_sklearn.training.annealing import anneal_dropout
from tests.helpers import make_data, small_mofa


class Strengths(Callback):
    """Writes down what is in force in every epoch."""

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.seen_ = []

    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        layer = next(m for m in net.module_.modules() if isinstance(m, Dropout))
        self.seen_.append((layer.strength, net.module_.modality_strength))


def test_both_rates_fall_to_zero():
    spy = Strengths()
    small_mofa(
        dropout=0.5, modality_dropout=0.2, max_epochs=10, n_iter_no_change=None, callbacks=[spy]
    ).fit(*make_data())
    dropout, modality = np.array(spy.seen_).T
    assert dropout[0] == modality[0] == 1
    assert dropout[-1] == modality[-1] == 0
    assert (np.diff(dropout) <= 0).all()
    assert (modality <= dropout).all()


def test_it_can_be_kept_constant():
    spy = Strengths()
    small_mofa(dropout=0.5, anneal_dropout=False, max_epochs=5, callbacks=[spy]).fit(*make_data())
    assert set(spy.seen_) == {(1.0, 1.0)}


@pytest.mark.parametrize("engine", ["joblib", "stacked"])
def test_a_trained_network_has_its_rates_back(engine):
    ensemble = KFoldEnsembleRegressor(
        small_mofa(dropout=0.5, max_epochs=3), cv=2, engine=engine, random_state=0
    ).fit(*make_data())
    for member in ensemble.estimators_:
        layers = [m for m in member.module_.modules() if isinstance(m, Dropout)]
        assert {layer.strength for layer in layers} == {1.0}
        assert member.module_.modality_strength == 1.0


def test_a_stack_trains_without_dropout_once_it_has_faded_out():
    # All of the last epochs: the same rows give the same outputs in training.
    X, y = make_data()
    model = small_mofa(dropout=0.5, modality_dropout=0.3, max_epochs=1).fit(X, y)
    module = model.module_.train()
    anneal_dropout(module, 0.95)
    rows = torch.as_tensor(X)
    with torch.no_grad():
        assert torch.equal(module(rows), module(rows))
        set_dropout_strength(module, 1.0, 1.0)
        assert not torch.equal(module(rows), module(rows))
