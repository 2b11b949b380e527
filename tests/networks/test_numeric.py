"""Numbers of narrow blocks are spread over bins."""

import pickle

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from mofa_sklearn import KFoldEnsembleRegressor, MoFAClassifier, MoFARegressor
from mofa_sklearn.export import to_module
from mofa_sklearn.networks import MoFANetwork
from mofa_sklearn.networks.fusions import ModalityAttention
from mofa_sklearn.networks.numeric import MAX_NUMERIC_WIDTH, NumericEncoder, PiecewiseLinear
from mofa_sklearn.networks.stacking import (
    LINKED_LAYERS,
    STACKED_LAYERS,
    is_stackable,
    stack_modules,
)
from mofa_sklearn.persistence import dump, load


def three_bins():
    layer = PiecewiseLinear(2, n_bins=3)
    layer.set_edges(0, torch.tensor([0.0, 1, 3, 4]))
    layer.set_edges(1, torch.tensor([10.0, 20]))
    return layer


def test_a_number_is_the_part_of_each_bin_below_it():
    x = torch.tensor([[-1.0, 10], [0.5, 15], [2, 20], [9, 0]])
    expected = [[0, 0, 0], [0.5, 0, 0], [1, 0.5, 0], [1, 1, 1]]
    assert_close(three_bins()(x)[:, :3], torch.tensor(expected))


def test_bins_that_are_not_used_give_nothing():
    x = torch.tensor([[0.0, 15], [0, 1e9], [0, -1e9]])
    expected = [[0.5, 0, 0], [1, 0, 0], [0, 0, 0]]
    assert_close(three_bins()(x)[:, 3:], torch.tensor(expected))


def test_a_column_of_one_value_has_no_bins():
    layer = three_bins()
    layer.set_edges(0, torch.tensor([2.0]))
    layer.set_edges(1, torch.tensor([]))
    assert_close(layer(torch.randn(5, 2)), torch.zeros(5, 6))


@pytest.mark.parametrize("together", [False, True])
def test_a_block_without_bins_is_encoded_by_its_numbers_alone(together):
    torch.manual_seed(0)
    encoder = NumericEncoder(2, 4, 0.0)
    encoder.embedding.slopes.zero_()
    x = torch.randn(5, 2)
    expected = encoder.normalized(encoder.of_numbers(x))
    module = stack_modules([encoder, encoder]) if together else encoder
    assert torch.equal(module(x)[0] if together else module(x), expected)
    encoder.embedding.set_edges(0, torch.tensor([-1.0, 0, 1]))
    assert not torch.equal(encoder(x), expected)


def network(widths=(3, MAX_NUMERIC_WIDTH + 1), seed=0, **kwargs):
    torch.manual_seed(seed)
    kwargs = {"numeric_embedding": "piecewise_linear", "hidden_dim": 8, **kwargs}
    return MoFANetwork(widths, 2, ModalityAttention, **kwargs).eval()


def test_wide_blocks_and_sequences_are_no_numbers():
    module = network((3, MAX_NUMERIC_WIDTH, MAX_NUMERIC_WIDTH + 1, 6), tokens=[None] * 3 + [2])
    kinds = [isinstance(encoder, NumericEncoder) for encoder in module.encoders]
    assert kinds == [True, True, False, False]


@pytest.mark.parametrize("layers", [STACKED_LAYERS, LINKED_LAYERS], ids=["copied", "linked"])
@pytest.mark.parametrize("shared", [False, True])
def test_a_stack_computes_what_its_members_do(shared, layers):
    members = [network(seed=seed) for seed in range(3)]
    for shift, member in enumerate(members):
        member.encoders[0].embedding.set_edges(1, torch.tensor([-1.0, 0, 1.0 + shift]))
    x = torch.randn(3, 7, 3 + MAX_NUMERIC_WIDTH + 1)
    x[:, 2, :3] = torch.nan
    rows = [x[0]] * 3 if shared else x
    expected = torch.stack([member(own) for member, own in zip(members, rows, strict=True)])
    assert is_stackable(members[0], members[0].widths)
    stack = stack_modules(members, layers)
    assert_close(stack(x[0] if shared else x), expected)


def test_a_stack_goes_on_with_the_bins_of_those_that_stay():
    members = [network(seed=seed) for seed in range(3)]
    members[2].encoders[0].embedding.set_edges(1, torch.tensor([-1.0, 0, 3.0]))
    stack = stack_modules(members)
    stack.encoders[0].embedding.keep([2])
    assert_close(stack.encoders[0].embedding.starts[0], members[2].encoders[0].embedding.starts)


def steps(n_rows=400, seed=0):
    """Numbers of which the target is a function that jumps, beside an embedding."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 2 + MAX_NUMERIC_WIDTH + 1)).astype("f4")
    X[:, 1] = rng.integers(0, 3, n_rows)
    y = np.sign(np.sin(3 * X[:, 0])) + 2 * (X[:, 1] == 1)
    return X, y


def regressor(**kwargs):
    modalities = {"numbers": 2, "text": MAX_NUMERIC_WIDTH + 1}
    kwargs = {"numeric_embedding": "piecewise_linear", "random_state": 0, **kwargs}
    return MoFARegressor(modalities, hidden_dim=16, device="cpu", **kwargs)


def embedding_of(model):
    return model.module_.encoders[0].embedding


def edges_of(embedding, column):
    used = embedding.slopes[column] > 0
    starts, slopes = embedding.starts[column][used], embedding.slopes[column][used]
    return torch.cat([starts, starts[-1:] + 1 / slopes[-1:]])


def test_bins_hold_as_many_training_rows_each():
    X, y = steps()
    weight = np.ones(len(X))
    weight[:40] = 0  # such rows are not learned from
    X[:40, 0] = 1e6
    model = regressor(max_epochs=1, early_stopping=False).fit(X, y, sample_weight=weight)
    edges = edges_of(embedding_of(model), 0)
    assert len(edges) == 17
    counts = np.histogram(X[40:, 0], edges.numpy())[0]
    assert counts.min() >= 360 // 16 - 2
    assert counts.max() <= 360 // 16 + 3


def test_repeated_values_make_fewer_bins():
    X, y = steps()
    model = regressor(max_epochs=1).fit(X, y)
    assert_close(edges_of(embedding_of(model), 1), torch.tensor([0.0, 1, 2]))


def test_rows_held_back_and_missing_ones_lay_no_bins():
    X, y = steps()
    lost = X[:100].copy()
    lost[:, :2] = np.nan
    far = X[100:200].copy()
    far[:, 0] += 1000
    training = np.vstack([lost, X[200:]]), np.hstack([y[:100], y[200:]])
    model = regressor(max_epochs=1).fit(*training, X_val=far, y_val=y[100:200])
    edges = edges_of(embedding_of(model), 0)
    assert_close(edges[[0, -1]], torch.tensor([X[200:, 0].min(), X[200:, 0].max()]))


def test_a_modality_that_no_training_row_has_has_no_bins():
    X, y = steps(60)
    X[:, :2] = np.nan
    model = regressor(max_epochs=1).fit(X, y)
    assert not embedding_of(model).slopes.any()
    assert np.isfinite(model.predict(X)).all()


def test_jumps_are_found_sooner():
    X, y = steps(900)
    scores = [
        regressor(numeric_embedding=kind).fit(X[:600], y[:600]).score(X[600:], y[600:])
        for kind in ("piecewise_linear", None)
    ]
    assert scores[0] > scores[1] + 0.1


def test_a_warm_start_keeps_its_bins():
    X, y = steps()
    model = regressor(max_epochs=1, warm_start=True).fit(X, y)
    before = embedding_of(model).starts.clone()
    model.fit(2 * X, y)
    assert_close(embedding_of(model).starts, before)


def has_bins(model):
    return bool(embedding_of(model).slopes.any())


def test_auto_has_bins_where_steps_tell_something():
    X, y = steps(600)
    assert has_bins(regressor(numeric_embedding="auto", max_epochs=1).fit(X, y))
    linear = X[:, 0] + np.random.default_rng(1).normal(size=600)
    assert not has_bins(regressor(numeric_embedding="auto", max_epochs=1).fit(X, linear))


def test_auto_has_no_bins_for_what_only_tells_groups_apart():
    rng = np.random.default_rng(0)
    groups = rng.permutation(np.repeat(np.arange(12), 40))
    X, _ = steps(480)
    X[:, 0] = rng.permutation(12)[groups]
    y = rng.normal(size=12)[groups] + 0.1 * rng.normal(size=480)
    model = regressor(numeric_embedding="auto", max_epochs=1)
    assert has_bins(model.fit(X, y))
    assert not has_bins(model.fit(X, y, groups=groups))


def test_auto_has_no_bins_where_there_are_too_few_rows_to_tell():
    X, y = steps(4)
    assert not has_bins(regressor(numeric_embedding="auto", early_stopping=False).fit(X, y))


@pytest.mark.parametrize("kind", ["classes", "labels"])
def test_auto_asks_classes_too(kind):
    X, y = steps(600)
    y = y > 0 if kind == "classes" else np.column_stack([y > 0, y > 1]).astype(int)
    modalities = {"numbers": 2, "text": MAX_NUMERIC_WIDTH + 1}
    model = MoFAClassifier(
        modalities, numeric_embedding="auto", hidden_dim=8, max_epochs=1, random_state=0
    )
    assert has_bins(model.fit(X, y))


def test_without_bins_an_encoder_is_that_of_the_numbers_alone():
    encoder = NumericEncoder(3, 8, 0.0).eval()
    encoder.embedding.slopes.fill_(0)
    x = torch.randn(5, 3)
    assert_close(encoder(x), encoder.normalized(encoder.of_numbers(x)))


def test_an_ensemble_stacked_agrees_with_one_by_one():
    X, y = steps(200)
    member = regressor(dropout=0.0, modality_dropout=0.0, max_epochs=4, precision="float32")
    predictions = [
        KFoldEnsembleRegressor(member, cv=3, engine=engine, random_state=0).fit(X, y).predict(X)
        for engine in ("stacked", "joblib")
    ]
    np.testing.assert_allclose(*predictions, atol=2e-3)


def test_bins_are_there_after_a_pickle_a_file_and_in_the_exported_module(tmp_path):
    X, y = steps(200)
    X[3, :2] = np.nan
    model = regressor(max_epochs=2).fit(X, y)
    expected = model.predict(X)
    dump(model, tmp_path / "model.zip")
    for copy in (pickle.loads(pickle.dumps(model)), load(tmp_path / "model.zip")):
        np.testing.assert_array_equal(copy.predict(X), expected)
    exported = to_module(model)(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(exported, expected, rtol=1e-4, atol=1e-5)
