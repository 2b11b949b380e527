"""A warm start goes on with the same network, or says what has changed."""

from functools import partial

import numpy as np
import pytest
import torch

from mofa_sklearn import MoFAClassifier
from mofa_sklearn.networks.fusions import FUSIONS
from mofa_sklearn.networks.losses import LOSSES

from ..helpers import WIDTHS, make_data, small_mofa

ORDER = ["low", "some", "high"]
Experts = FUSIONS["product_of_experts"]


def small_classifier(**params):
    small = {"hidden_dim": 8, "max_epochs": 2, "random_state": 0, "warm_start": True}
    return MoFAClassifier(WIDTHS, **{**small, **params})


def levels_of(y):
    return np.array(ORDER)[np.digitize(y, np.quantile(y, [1 / 3, 2 / 3]))]


@pytest.mark.parametrize(
    ("before", "change", "message"),
    [
        ({}, {"hidden_dim": 8}, "hidden_dim has changed from 16 to 8"),
        ({}, {"encoding_dim": 8}, "encoding_dim has changed from None to 8"),
        ({}, {"fusion": "gated"}, "fusion has changed from 'modality_attention' to 'gated'"),
        ({"fusion": "gated"}, {"fusion": "late"}, "fusion has changed from 'gated' to 'late'"),
        (
            {"fusion": "product_of_experts"},
            {"fusion": partial(Experts, beta=1.0)},
            "fusion has changed from 'product_of_experts'",
        ),
        ({}, {"residual_features": True}, "residual_features has changed from False to True"),
        ({}, {"loss": "quantile"}, r"loss has changed .* 2 output\(s\) to one of 10"),
        (
            {"loss": partial(LOSSES["quantile"], levels=(0.1, 0.5, 0.9))},
            {"loss": "quantile"},
            "loss has changed",
        ),
        ({}, {"standardize_target": False}, "standardize_target=True, .* is False now"),
        ({"standardize_target": False}, {"standardize_target": True}, "standardize_target=False"),
        ({}, {"modalities": {"image": 5, "video": 2, "text": 5}}, "modalities of the last fit"),
        ({}, {"modalities": {"text": 5, "video": 3, "image": 4}}, "modalities of the last fit"),
    ],
)
def test_another_architecture_is_refused_before_the_training(before, change, message):
    X, y = make_data()
    model = small_mofa(warm_start=True, **before).fit(X, y)
    prediction = model.predict(X)
    with pytest.raises(ValueError, match=f"warm_start=True continues .*{message}"):
        model.set_params(**change).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), prediction)  # as it was fitted before
    assert model.set_params(warm_start=False).fit(X, y).n_iter_ == 3


@pytest.mark.parametrize(
    "change",
    [
        {"dropout": 0.3},
        {"modality_dropout": 0.2},
        {"loss": "huber"},
        {"learning_rate": 1e-3},
        {"batch_size": 16},
        {"encoding_dim": "auto"},
        {"fusion": FUSIONS["modality_attention"]},  # the same by its class
        {"modalities": {"image": range(4), "video": [4, 5, 6], "text": slice(7, 12)}},
    ],
)
def test_what_leaves_the_weights_alone_may_change(change):
    X, y = make_data()
    model = small_mofa(warm_start=True).fit(X, y)
    assert model.set_params(**change).fit(X, y).n_iter_ == 6


@pytest.mark.parametrize("targets", [slice(0, 1), 0])
def test_another_number_or_shape_of_targets_is_refused(targets):
    X, y = make_data()
    model = small_mofa(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=r"2 target\(s\) of the last fit"):
        model.fit(X, y[:, targets])


def test_a_fusion_of_the_user_s_own_with_other_weights_is_refused():
    class Narrow(FUSIONS["concat"]):
        def __init__(self, n_modalities, hidden_dim, n_extra):
            super().__init__(n_modalities, hidden_dim)
            self.extra = torch.nn.Linear(hidden_dim, n_extra)

    X, y = make_data()
    model = small_mofa(warm_start=True, fusion=partial(Narrow, n_extra=2)).fit(X, y)
    with pytest.raises(ValueError, match="fusion has changed"):
        model.set_params(fusion=partial(Narrow, n_extra=3)).fit(X, y)


@pytest.mark.parametrize(
    ("ordinal", "change", "message"),
    [
        (False, ORDER, "without an order, but ordinal has changed to"),
        (ORDER, False, "with an order, but ordinal has changed to False"),
        (ORDER, ORDER[::-1], "ordinal has changed"),
    ],
)
def test_another_order_of_classes_is_refused(ordinal, change, message):
    X, y = make_data(90, None)
    model = small_classifier(ordinal=ordinal).fit(X, levels_of(y))
    with pytest.raises(ValueError, match=message):
        model.set_params(ordinal=change).fit(X, levels_of(y))


@pytest.mark.parametrize("ordinal", [False, ORDER])
def test_fewer_classes_may_come_again_and_others_may_not(ordinal):
    X, y = make_data(90, None)
    classes = levels_of(y)
    model = small_classifier(ordinal=ordinal).fit(X, classes)
    few = classes != "some"
    assert model.fit(X[few], classes[few]).classes_.tolist() == sorted(ORDER)
    with pytest.raises(ValueError, match=r"'huge'.* none of those to learn|ordinal must name"):
        model.fit(X, np.where(few, classes, "huge"))


def test_labels_instead_of_classes_are_refused():
    X, y = make_data(90, None)
    model = small_classifier().fit(X, y > 0)
    with pytest.raises(ValueError, match="continues with the classes of the last fit"):
        model.fit(X, np.stack([y > 0, y > 1], axis=1).astype(int))


def test_a_target_that_was_constant_is_learned_once_it_varies():
    X, y = make_data()
    model = small_mofa(warm_start=True, max_epochs=20, batch_size=32)
    model.fit(X, np.column_stack([y[:, 0], np.full(len(y), 3.0)]))
    scale = model.target_scale_[0]
    model.fit(X, y)
    assert model.target_scale_[0] == scale
    assert np.corrcoef(model.predict(X)[:, 1], y[:, 1])[0, 1] > 0.9
