"""MoFARegressor: what it learns, what it keeps, and what it leaves alone."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV, cross_validate, learning_curve
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback, EarlyStopping, PrintLog

from mofa_sklearn import KFoldEnsembleRegressor, MoFARegressor
from mofa_sklearn.networks.fusions import ModalityAttention
from mofa_sklearn.networks.losses import SquaredError
from mofa_sklearn.training.schedules import ConstantSchedule

from ..helpers import N_FEATURES, WIDTHS, make_data, run_in_fresh_process, small_mofa


def weights_of(model):
    return [parameter.detach().numpy() for parameter in model.module_.parameters()]


def as_frame(X):
    names = [f"{name}_{i}" for name, width in WIDTHS.items() for i in range(width)]
    return pd.DataFrame(X, columns=names)


# What it learns


def test_it_learns_an_easy_set():
    X, y = make_data(300)
    model = small_mofa(max_epochs=25, schedule="cosine", learning_rate=2e-2, batch_size=64).fit(
        X[:200], y[:200]
    )
    assert model.score(X[200:], y[200:]) > 0.8


@pytest.mark.parametrize("n_targets", [None, 1, 2])
def test_predictions_have_the_shape_of_y(n_targets):
    X, y = make_data(n_targets=n_targets)
    prediction = small_mofa().fit(X, y).predict(X[:7])
    assert prediction.shape == y[:7].shape
    assert prediction.dtype == np.float64


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_other_types_are_converted(dtype):
    X, y = make_data()
    X = (10 * X).astype(dtype)
    model = small_mofa().fit(X, y)
    assert_allclose(model.predict(X), model.predict(X.astype(np.float64)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_read_only_memory_map_is_learned_from_without_a_warning(order, tmp_path, recwarn):
    X, y = make_data()
    expected = small_mofa().fit(X, y).predict(X)
    np.save(tmp_path / "X.npy", np.asarray(X, order=order))
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert_array_equal(small_mofa().fit(mapped, y).predict(mapped), expected)
    assert not recwarn.list


def test_learning_does_not_change_the_data():
    X, y = make_data()
    X_before, y_before = X.copy(), y.copy()
    small_mofa().fit(X, y).predict(X)
    assert_array_equal(X, X_before)
    assert_array_equal(y, y_before)


def test_a_missing_modality_is_learned_from_and_other_rows_predict_the_same():
    X, y = make_data()
    X[::3, :4] = np.nan
    model = small_mofa(modality_dropout=0.2).fit(X, y)
    prediction = model.predict(X)
    assert np.isfinite(prediction).all()
    X_other = X.copy()
    X_other[1, 4:7] = np.nan
    others = np.arange(len(X)) != 1
    assert_allclose(model.predict(X_other)[others], prediction[others], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("encoding_dim", "n_modalities", "expected"),
    [(None, 6, 8), (5, 6, 5), ("auto", 1, 8), ("auto", 3, 8), ("auto", 4, 6), ("auto", 6, 4)],
)
def test_encodings_of_more_than_three_modalities_are_narrower(
    encoding_dim, n_modalities, expected
):
    X, y = make_data()
    modalities = dict.fromkeys([f"modality {i}" for i in range(n_modalities)], 2)
    model = MoFARegressor(modalities, hidden_dim=8, encoding_dim=encoding_dim, max_epochs=1)
    module = model.fit(X[:, : 2 * n_modalities], y).module_
    encodings, _ = module.encode(torch.zeros(1, 2 * n_modalities))
    assert encodings.shape == (1, n_modalities, expected)
    assert module.trunk[0].out_features == 8


def test_bfloat16_trains_and_scores_about_the_same():
    X, y = make_data(300)
    scores = {
        precision: small_mofa(precision=precision, max_epochs=10, learning_rate=3e-2)
        .fit(X, y)
        .score(X, y)
        for precision in ("float32", "bfloat16")
    }
    assert scores["float32"] > 0.8
    assert scores["bfloat16"] == pytest.approx(scores["float32"], abs=0.05)


def test_only_bfloat16_that_is_asked_for_shortens_predictions():
    X, y = make_data()
    model = small_mofa().fit(X, y)
    expected = {dtype: model.predict(X.astype(dtype)) for dtype in ("float32", "float64")}
    assert_array_equal(model.set_params(precision="auto").predict(X), expected["float32"])
    rounded = model.set_params(precision="bfloat16").predict(X)
    assert not np.allclose(rounded, expected["float32"], rtol=1e-5)
    assert_allclose(rounded, expected["float32"], atol=0.05 * y.std())
    assert_array_equal(model.predict(X.astype("float64")), expected["float64"])
    assert model.modality_attention(X).to_numpy().sum(axis=1) == pytest.approx(1, abs=0.01)


def test_members_in_bfloat16_predict_as_each_does():
    X, y = make_data()
    ensemble = KFoldEnsembleRegressor(small_mofa(precision="bfloat16"), cv=3, random_state=0)
    each = [member.predict(X) for member in ensemble.fit(X, y).estimators_]
    assert_allclose(ensemble.predict(X), np.mean(each, axis=0), rtol=1e-6, atol=1e-6)


# Randomness


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_random_state_gives_the_same_bits_and_another_one_others(early_stopping):
    X, y = make_data()

    def prediction(random_state):
        model = small_mofa(
            dropout=0.3,
            modality_dropout=0.2,
            early_stopping=early_stopping,
            random_state=random_state,
        )
        return model.fit(X, y).predict(X)

    first = prediction(0)
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    assert_array_equal(prediction(0), first)
    assert not np.allclose(prediction(1), first)


def test_global_generators_are_left_alone():
    X, y = make_data()
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
    model = small_mofa(dropout=0.3, modality_dropout=0.2, random_state=None).fit(X, y)
    model.predict(X)
    assert torch.equal(torch.get_rng_state(), torch_state)
    # random_state=None draws its seed from NumPy's global generator, as everywhere.
    np.random.set_state(numpy_state)  # noqa: NPY002
    small_mofa(dropout=0.3, modality_dropout=0.2, random_state=0).fit(X, y)
    after = np.random.get_state()  # noqa: NPY002
    assert_array_equal(after[1], numpy_state[1])
    assert after[2] == numpy_state[2]
    assert torch.equal(torch.get_rng_state(), torch_state)


def test_interleaved_columns_give_the_result_of_consecutive_ones():
    X, y = make_data()
    order = np.random.default_rng(0).permutation(N_FEATURES)
    position = np.argsort(order)
    starts = np.cumsum([0, *WIDTHS.values()])
    modalities = {
        name: position[start : start + width].tolist()
        for (name, width), start in zip(WIDTHS.items(), starts[:-1], strict=True)
    }
    consecutive = small_mofa().fit(X, y)
    interleaved = small_mofa(modalities=modalities).fit(X[:, order], y)
    assert_array_equal(interleaved.predict(X[:, order]), consecutive.predict(X))
    pd.testing.assert_frame_equal(
        interleaved.modality_attention(X[:, order]), consecutive.modality_attention(X)
    )


# Weights of rows


def test_rows_of_weight_zero_do_not_matter():
    """Neither the targets' scale nor the fit depends on them."""
    X, y = make_data(60)
    weight = np.ones(60)
    weight[40:] = 0
    full_batch = {"batch_size": 60, "early_stopping": False, "max_epochs": 5}
    y_wild = y.copy()
    y_wild[40:] += 1000
    tame = small_mofa(**full_batch).fit(X, y, sample_weight=weight)
    wild = small_mofa(**full_batch).fit(X, y_wild, sample_weight=weight)
    assert_array_equal(wild.target_mean_, tame.target_mean_)
    assert_allclose(tame.target_mean_, y[:40].mean(axis=0))
    assert_allclose(tame.target_scale_, y[:40].std(axis=0))
    assert_allclose(wild.predict(X), tame.predict(X), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("random_state", range(4))
def test_rows_of_weight_zero_are_not_what_early_stopping_looks_at(random_state):
    X, y = make_data(60)
    weight = np.zeros(60)
    weight[:10] = 1
    model = small_mofa(random_state=random_state).fit(X, y, sample_weight=weight)
    assert np.isfinite(model.history_[:, "valid_loss"]).all()


def test_weights_change_the_fit():
    X, y = make_data()
    weight = np.random.default_rng(0).uniform(0.1, 3, size=len(X))
    plain = small_mofa().fit(X, y).predict(X)
    assert_allclose(small_mofa().fit(X, y, np.ones(len(X))).predict(X), plain, rtol=1e-3)
    assert not np.allclose(small_mofa().fit(X, y, weight).predict(X), plain, rtol=1e-2)


def test_a_row_of_weight_two_is_a_row_that_is_there_twice():
    X, y = make_data(40)
    weight = np.random.default_rng(0).integers(0, 4, size=40)
    repeated = np.repeat(np.arange(40), weight)
    full_batch = {"batch_size": 1000, "early_stopping": False, "max_epochs": 10}
    weighted = small_mofa(**full_batch).fit(X, y, sample_weight=weight)
    twice = small_mofa(**full_batch).fit(X[repeated], y[repeated])
    assert_allclose(weighted.predict(X), twice.predict(X), rtol=1e-3, atol=1e-3)


def test_validation_weights_change_the_validation_loss():
    X, y = make_data()
    weight = np.zeros(20)
    weight[:5] = 1
    weighted = small_mofa().fit(
        X[:100], y[:100], X_val=X[100:], y_val=y[100:], sample_weight_val=weight
    )
    few = small_mofa().fit(X[:100], y[:100], X_val=X[100:105], y_val=y[100:105])
    assert_allclose(weighted.history_[:, "valid_loss"], few.history_[:, "valid_loss"], rtol=1e-4)


# Validation rows and early stopping


@pytest.mark.parametrize("given", [False, True], ids=["held back", "passed"])
def test_early_stopping_keeps_the_epoch_of_the_lowest_validation_loss(given):
    X, y = make_data(noise=3.0)
    validation = {"X_val": X[80:], "y_val": y[80:]} if given else {}
    model = small_mofa(learning_rate=0.03, max_epochs=15, batch_size=64).fit(
        X[:80], y[:80], **validation
    )
    losses = model.history_[:, "valid_loss"]
    assert model.n_iter_ == len(losses) == 15
    assert model.best_iteration_ == np.argmin(losses) + 1 < 15
    if given:
        scaled = (y[80:] - model.target_mean_) / model.target_scale_
        prediction = (model.predict(X[80:]) - model.target_mean_) / model.target_scale_
        assert np.mean((scaled - prediction) ** 2) == pytest.approx(min(losses), rel=1e-4)


def test_kept_weights_are_those_of_a_training_that_ends_at_the_best_epoch():
    X, y = make_data(noise=3.0)
    validation = {"X_val": X[80:], "y_val": y[80:]}
    stopped = small_mofa(
        batch_size=64, learning_rate=0.03, max_epochs=15, dropout=0.2, anneal_dropout=False
    )
    stopped.fit(X[:80], y[:80], **validation)
    assert stopped.best_iteration_ < 15
    short = clone(stopped).set_params(max_epochs=stopped.best_iteration_, early_stopping=False)
    short.fit(X[:80], y[:80])
    assert_array_equal(short.predict(X), stopped.predict(X))


def test_without_early_stopping_all_epochs_run_and_the_last_one_is_kept():
    X, y = make_data()
    model = small_mofa(early_stopping=False, n_iter_no_change=1).fit(X, y)
    assert model.n_iter_ == model.best_iteration_ == 3
    assert "valid_loss" not in model.history_[-1]


def test_validation_rows_are_evaluated_without_early_stopping_too():
    X, y = make_data()
    model = small_mofa(early_stopping=False, n_iter_no_change=1, learning_rate=0.1)
    model.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    assert model.best_iteration_ == 3
    assert len(model.history_[:, "valid_loss"]) == 3


@pytest.mark.parametrize(("fraction", "n_train"), [(0.1, 54), (0.25, 45), (0.99, None), (0.5, 30)])
def test_validation_fraction_is_the_part_held_back(fraction, n_train):
    class CountRows(Callback):
        def on_train_begin(self, net, X=None, y=None, **kwargs):
            counts.append(len(X))

    counts = []
    X, y = make_data(60)
    model = small_mofa(validation_fraction=fraction, callbacks=[CountRows()])
    if n_train is None:
        with pytest.raises(ValueError, match=r"validation_fraction=0\.99"):
            model.fit(X, y)
        return
    model.fit(X, y)
    assert counts == [n_train]


def test_the_targets_scale_is_learned_without_the_rows_held_back():
    X, y = make_data(60, n_targets=None)
    model = small_mofa(validation_fraction=0.5).fit(X, y)
    assert model.target_mean_ != pytest.approx(y.mean())


@pytest.mark.parametrize("patience", [1, 4])
def test_training_stops_after_n_iter_no_change_epochs_without_progress(patience):
    X, y = make_data(noise=5.0)
    model = small_mofa(learning_rate=0.03, max_epochs=200, n_iter_no_change=patience).fit(X, y)
    assert model.n_iter_ < 200
    assert model.n_iter_ - model.best_iteration_ == patience


# The target's scale


@pytest.mark.parametrize("n_targets", [None, 2])
def test_standardised_targets_make_the_fit_indifferent_to_scale_and_offset(n_targets):
    X, y = make_data(n_targets=n_targets)
    plain = small_mofa().fit(X, y).predict(X)
    scaled = small_mofa().fit(X, 1000 * y + 5).predict(X)
    assert_allclose(scaled, 1000 * plain + 5, rtol=1e-3, atol=1)


def test_targets_are_left_alone_if_asked_for():
    X, y = make_data()
    model = small_mofa(standardize_target=False).fit(X, 1000 * y + 5)
    assert_array_equal(model.target_mean_, [0, 0])
    assert_array_equal(model.target_scale_, [1, 1])
    assert np.abs(model.predict(X)).max() < 100


def test_it_works_inside_a_transformed_target_regressor():
    X, y = make_data(n_targets=2)
    wrapped = TransformedTargetRegressor(small_mofa(max_epochs=10), transformer=StandardScaler())
    prediction = wrapped.fit(X, y).predict(X)
    assert prediction.shape == y.shape
    assert_allclose(prediction, small_mofa(max_epochs=10).fit(X, y).predict(X), atol=1e-2)


# warm_start


def test_warm_start_goes_on_and_a_plain_fit_starts_afresh():
    X, y = make_data()
    model = small_mofa(warm_start=True, early_stopping=False).fit(X, y)
    first = [dict(epoch) for epoch in model.history_]
    scale = model.target_scale_
    model.fit(X, y)
    assert model.n_iter_ == model.best_iteration_ == 6
    assert model.history_[:3, "train_loss"] == [epoch["train_loss"] for epoch in first]
    assert model.history_[:, "epoch"] == [1, 2, 3, 4, 5, 6]
    assert model.history_[3, "train_loss"] < first[0]["train_loss"]
    assert_array_equal(model.target_scale_, scale)
    assert model.set_params(warm_start=False).fit(X, y).n_iter_ == 3


def test_warm_start_keeps_the_target_scale_of_the_first_fit():
    X, y = make_data()
    model = small_mofa(warm_start=True).fit(X, y)
    mean = model.target_mean_
    assert_array_equal(model.fit(X, y + 3).target_mean_, mean)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"modalities": {"image": 6, "text": 6}}, "continues with the modalities of the last fit"),
        ({"modalities": {"image": 3, "video": 4, "text": 5}}, "modalities of the last fit"),
    ],
)
def test_warm_start_refuses_other_blocks(change, message):
    X, y = make_data()
    model = small_mofa(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=message):
        model.set_params(**change).fit(X, y)


def test_a_refused_fit_leaves_the_fitted_model_usable():
    X, y = make_data()
    model = small_mofa(warm_start=True).fit(X, y)
    before = model.predict(X)
    with pytest.raises(ValueError, match="continues with the 2 target"):
        model.fit(X, y[:, 0])
    assert_array_equal(model.predict(X), before)


def test_a_fit_that_fails_does_not_change_what_the_model_predicts():
    X, y = make_data()
    model = small_mofa(batch_size=200).fit(X, y)
    before = model.predict(X)
    with pytest.raises(ValueError, match="NaN or infinite in epoch 1"):
        model.set_params(learning_rate=1e30).fit(X, 1000 * y)
    assert_array_equal(model.predict(X), before)


@pytest.mark.parametrize("n_targets", [None, 1, 3])
def test_warm_start_refuses_other_targets(n_targets):
    X, y = make_data()
    model = small_mofa(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=r"continues with the 2 target.* has [13]"):
        model.fit(X, make_data(n_targets=n_targets)[1])


# Callbacks and progress


def test_skorch_callbacks_are_called():
    lines = []
    X, y = make_data()
    small_mofa(callbacks=[PrintLog(sink=lines.append)]).fit(X, y)
    text = "\n".join(map(str, lines))
    assert "train_loss" in text
    assert "valid_loss" in text
    assert len(lines) >= 3


def test_a_user_s_early_stopping_ends_the_training_without_a_warning(recwarn):
    X, y = make_data(noise=5.0)
    stopping = EarlyStopping(patience=2, threshold=100.0, sink=lambda _: None)
    model = small_mofa(callbacks=[stopping], max_epochs=50).fit(X, y)
    assert model.n_iter_ < 50
    assert not recwarn.list
    # The callback does not end a second fit before it began.
    assert model.fit(X, y).n_iter_ == model.n_iter_ > 1


@pytest.mark.parametrize("verbose", [0, 1])
def test_verbose_shows_a_progress_bar(verbose, capsys):
    X, y = make_data()
    small_mofa(verbose=verbose).fit(X, y)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert bool(captured.err) == bool(verbose)
    if verbose:
        assert "3/3" in captured.err
        assert "valid_loss" in captured.err


# What is kept


def test_the_net_is_trimmed_and_on_the_cpu():
    X, y = make_data()
    model = small_mofa().fit(X, y)
    assert model.module_ is model.net_.module_
    assert getattr(model.net_, "optimizer_", None) is None
    assert {parameter.device.type for parameter in model.module_.parameters()} == {"cpu"}
    assert not model.module_.training
    assert all(parameter.grad is None for parameter in model.module_.parameters())


def test_a_pickle_is_hardly_larger_than_the_weights_and_holds_no_data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4000, N_FEATURES)).astype(np.float32)
    # One number that is easily found in the file, many times.
    X[:, 0] = 1.2345
    model = small_mofa(hidden_dim=256, max_epochs=1, batch_size=1000, validation_fraction=0.2)
    model.fit(X, X[:, 1])
    n_bytes = sum(weights.nbytes for weights in weights_of(model))
    assert n_bytes > 1e6
    stored = pickle.dumps(model)
    assert len(stored) <= 1.1 * n_bytes
    assert X[0, :4].tobytes() not in stored
    assert stored.count(np.float32(1.2345).tobytes()) == 0


@pytest.mark.processes
def test_a_loaded_model_predicts_the_same_bits_in_a_fresh_process(tmp_path):
    X, y = make_data()
    model = small_mofa(max_epochs=2).fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    np.save(tmp_path / "X.npy", X)
    run_in_fresh_process(
        """
        import sys, joblib, numpy as np
        from pathlib import Path
        folder = Path(sys.argv[1])
        model = joblib.load(folder / "model.joblib")
        np.save(folder / "prediction.npy", model.predict(np.load(folder / "X.npy")))
        np.save(folder / "attention.npy", model.modality_attention(np.load(folder / "X.npy")))
        """,
        tmp_path,
    )
    assert_array_equal(np.load(tmp_path / "prediction.npy"), model.predict(X))
    assert_array_equal(np.load(tmp_path / "attention.npy"), model.modality_attention(X))


def test_a_copy_by_pickle_can_be_trained_further():
    X, y = make_data()
    model = small_mofa(warm_start=True, early_stopping=False).fit(X, y)
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.fit(X, y).predict(X), model.fit(X, y).predict(X))


# Attention


def test_attention_rows_sum_to_one_and_keep_the_index():
    X, y = make_data()
    X[3, :4] = np.nan
    frame = as_frame(X).set_index(pd.Index([f"video {i}" for i in range(len(X))], name="id"))
    attention = small_mofa(modalities=None).fit(frame, y).modality_attention(frame)
    assert list(attention.columns) == list(WIDTHS)
    pd.testing.assert_index_equal(attention.index, frame.index)
    assert_allclose(attention.sum(axis=1), 1, rtol=1e-5)
    assert attention.loc["video 3", "image"] == 0
    assert (attention.drop(index="video 3") > 0).all(axis=None)


def test_a_fusion_without_weights_says_so():
    class Mean(torch.nn.Module):
        def __init__(self, n_modalities, hidden_dim):
            super().__init__()
            self.fused_dim = hidden_dim

        def forward(self, encodings, present):
            return encodings.mean(dim=-2), None

    X, y = make_data()
    model = small_mofa(fusion=Mean).fit(X, y)
    assert model.predict(X).shape == y.shape
    with pytest.raises(AttributeError, match="no weight for each modality"):
        model.modality_attention(X)


# Parts of one's own


class DoubledAttention(ModalityAttention):
    def forward(self, encodings, present):
        fused, weights = super().forward(encodings, present)
        return 2 * fused, weights


class AbsoluteError(SquaredError):
    def forward(self, prediction, target):
        return (prediction - target).abs().mean(dim=-1)


class HalvedRate(ConstantSchedule):
    def factor(self, progress):
        return 0.5


@pytest.mark.parametrize(
    "part",
    [{"fusion": DoubledAttention}, {"loss": AbsoluteError}, {"schedule": HalvedRate}],
    ids=["fusion", "loss", "schedule"],
)
def test_a_class_of_one_s_own_can_be_passed(part):
    X, y = make_data()
    model = small_mofa(**part)
    assert clone(model).get_params() == model.get_params()
    own, built_in = model.fit(X, y), small_mofa().fit(X, y)
    assert np.isfinite(own.predict(X)).all()
    assert not np.allclose(own.predict(X), built_in.predict(X))


def test_a_schedule_of_one_s_own_sets_the_rate():
    X, y = make_data()
    model = small_mofa(schedule=HalvedRate, learning_rate=0.02).fit(X, y)
    assert model.history_[:, "learning_rate"] == pytest.approx([0.01] * 3)
    assert_array_equal(model.predict(X), small_mofa(learning_rate=0.01).fit(X, y).predict(X))


# The scikit-learn interface


def test_frames_are_learned_from_by_their_names():
    X, y = make_data()
    frame = as_frame(X)
    model = small_mofa(modalities=None).fit(frame, y)
    assert_array_equal(model.feature_names_in_, frame.columns)
    assert model.n_features_in_ == N_FEATURES
    assert {name: len(block) for name, block in model.modalities_.items()} == WIDTHS
    assert_array_equal(model.predict(frame), small_mofa().fit(X, y).predict(X))
    with pytest.raises(ValueError, match="Feature names must be in the same order"):
        model.predict(frame[frame.columns[::-1]])


def test_parameters_survive_clone_and_set_params():
    model = small_mofa(hidden_dim=24, callbacks=[])
    assert clone(model).get_params() == model.get_params()
    assert model.set_params(hidden_dim=12).get_params()["hidden_dim"] == 12
    with pytest.raises(ValueError, match="Invalid parameter 'hiden_dim'"):
        model.set_params(hiden_dim=3)


def test_fitting_does_not_change_the_parameters():
    X, y = make_data()
    model = small_mofa(schedule="cosine", callbacks=[PrintLog(sink=lambda _: None)])
    before = model.get_params()
    assert model.fit(X, y).get_params() == before


def test_a_grid_search_finds_the_width_that_learns_more():
    X, y = make_data(160)
    search = GridSearchCV(small_mofa(max_epochs=10), {"hidden_dim": [1, 16]}, cv=2)
    search.fit(X, y)
    assert search.best_params_ == {"hidden_dim": 16}
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_a_learning_curve_goes_up():
    X, y = make_data(240)
    _, _, scores = learning_curve(
        small_mofa(max_epochs=12), X, y, cv=2, train_sizes=[0.2, 1.0], error_score="raise"
    )
    few, many = scores.mean(axis=1)
    assert few < many


def test_metadata_routing_passes_weights_through_cross_validate():
    X, y = make_data()
    weight = np.random.default_rng(0).uniform(0.1, 3, size=len(X))
    with config_context(enable_metadata_routing=True):
        model = (
            small_mofa().set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
        )
        weighted = cross_validate(model, X, y, cv=2, params={"sample_weight": weight})
        plain = cross_validate(model, X, y, cv=2)
        assert not np.allclose(weighted["test_score"], plain["test_score"])
        train = slice(len(X) // 2, None)
        expected = small_mofa().fit(X[train], y[train], sample_weight=weight[train])
        score = expected.score(X[: len(X) // 2], y[: len(X) // 2])
    assert weighted["test_score"][0] == pytest.approx(score)


def test_the_defaults_learn():
    """Whatever the defaults are, they predict an easy set better than the mean does."""
    X, y = make_data(300)
    model = MoFARegressor(WIDTHS, hidden_dim=32, random_state=0).fit(X[:200], y[:200])
    assert model.score(X[200:], y[200:]) > 0


@pytest.mark.parametrize("params", [{}, {"early_stopping": False}, {"batch_size": "auto"}])
@pytest.mark.parametrize("validated", [True, False])
def test_rows_of_weight_zero_are_as_good_as_removed(params, validated):
    X, y = make_data()
    weight = np.random.default_rng(0).uniform(0.5, 2, size=len(X))
    weight[::4] = 0
    kept = weight > 0
    held_out = {"X_val": X[:30], "y_val": y[:30]} if validated else {}
    model = small_mofa(dropout=0.2, **params)
    expected = model.fit(X[kept], y[kept], weight[kept], **held_out).predict(X)
    assert_array_equal(model.fit(X, y, weight, **held_out).predict(X), expected)


@pytest.mark.parametrize(
    "columns",
    [
        {"image": range(4), "video": range(4, 7), "text": range(7, 12)},
        {"image": np.int64(4), "video": np.int32(3), "text": 5},
        {"image": (0, 1, 2, 3), "video": (4, 5, 6), "text": tuple(range(7, 12))},
        {"image": np.arange(4), "video": [np.int64(4), 5, 6], "text": slice(7, None)},
        {"image": range(-12, -8), "video": [-8, -7, -6], "text": range(-5, 0)},
    ],
    ids=["ranges", "integers of NumPy", "tuples", "arrays", "from the end"],
)
def test_columns_may_be_named_in_every_way(columns):
    X, y = make_data()
    model = clone(small_mofa(modalities=columns)).fit(X, y)
    assert "image" in repr(model)
    assert "image" in model._repr_html_()
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.predict(X), small_mofa().fit(X, y).predict(X))
    clone(copy).fit(X, y)
