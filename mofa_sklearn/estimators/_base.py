"""What the regressor and the classifier share: blocks, training, attention."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from .._older_states import ReadsOlderStates
from .._repr._completion import CompletesWhatIsThere
from .._repr._html import ShowsModalities
from .._requests import RequestsItsArguments
from .._sklearn_private import Interval, StrOptions
from .._validation import check_array, check_weight, validate_data
from ..modalities import resolve_modalities
from ..modalities._lazy_input import refuse_lazy
from ..modalities._missing import check_blocks, refuse_beyond_float32
from ..modalities._numbers import numbers
from ..modalities._range import HUGE, bring_down, largest_magnitude, quiet_range
from ..modalities._tokens import resolve_tokens
from ..networks import MoFANetwork
from ..networks.fusions import FUSIONS
from ..networks.losses import LOSSES, make_loss
from ..training.batches import Rows
from ..training.devices import (
    PRECISIONS,
    prediction_precision,
    resolve_device,
    resolve_precision,
)
from ..training.inference import evaluate
from ..training.numeric_bins import learn_bins
from ..training.packing import pack_net, unpack_net
from ..training.schedules import SCHEDULES
from ..training.seeding import build_seeded
from ..training.stand_ins import forget_stand_ins, learn_stand_ins
from ..training.train import TrainingPlan, TrainingResult
from ..training.user_callbacks import check_callbacks
from ._grouped import hold_back_groups
from ._reading import EstimatorReading
from ._stacked import fit_stacked, predict_stacked, stacks
from ._warm_start import check_same_blocks, check_same_network, check_same_tokens

_MAX_SEED = np.iinfo(np.int32).max
# What encoding_dim="auto" keeps to: so many times the network's width, all modalities together.
_MAX_ENCODINGS = 3
# What batch_size="auto" keeps to.
_MIN_STEPS_PER_EPOCH, _MIN_BATCH_SIZE, _MAX_BATCH_SIZE = 8, 32, 256


@dataclass
class LabelledRows:
    """Checked rows: features in the blocks' order, targets, weights."""

    X: np.ndarray  # (n_samples, n_features), float32
    y: np.ndarray  # (n_samples,) or (n_samples, n_targets)
    sample_weight: np.ndarray | None  # (n_samples,), not all zero


@dataclass
class Training:
    """A training that is about to begin: the arguments of :func:`~.train.train`.

    `learned` holds the fitted attributes that are known by then. They are set with the
    result: a training that fails leaves an estimator as it was fitted before.
    """

    module: MoFANetwork
    train_rows: Rows
    valid_rows: Rows | None
    plan: TrainingPlan
    learned: dict[str, Any]


def _has_weights(estimator: BaseMoFA) -> bool:
    """Tell whether the fusion weighs modalities; one of the user's own may."""
    fusion = _fusion_of(estimator)
    if getattr(getattr(fusion, "func", fusion), "has_weights", True):
        return True
    raise AttributeError(_no_weights(estimator.fusion))


def _has_tokens(estimator: BaseMoFA) -> bool:
    """Tell whether there are sequences to attend over."""
    if estimator.tokens:
        return True
    raise AttributeError(
        "No modality is a sequence of tokens: pass tokens={'<modality>': <number of tokens>}."
    )


class BaseMoFA(
    ShowsModalities,
    CompletesWhatIsThere,
    RequestsItsArguments,
    ReadsOlderStates,
    BaseEstimator,
):
    """Base class of the estimators around one network."""

    _parameter_constraints: dict = {
        "modalities": [dict, callable, None],
        "tokens": [dict, None],
        "fusion": [StrOptions(set(FUSIONS)), callable],
        "hidden_dim": [Interval(Integral, 1, None, closed="left")],
        "encoding_dim": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
            None,
        ],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "modality_dropout": [Interval(Real, 0, 1, closed="left")],
        "anneal_dropout": ["boolean"],
        "alternate_modalities": ["boolean"],
        "residual_features": ["boolean"],
        "numeric_embedding": [StrOptions({"auto", "piecewise_linear"}), None],
        "average_epochs": [Interval(Real, 0, None, closed="neither"), None],
        "loss": [StrOptions(set(LOSSES)), callable],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "schedule": [StrOptions(set(SCHEDULES)), type],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), None],
        "precision": [StrOptions(set(PRECISIONS))],
        "device": [str],
        "warm_start": ["boolean"],
        "callbacks": ["array-like", None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    # An ensemble may fit several at a time, in threads, with one torch thread each: more
    # threads for one small network bring less.
    _fits_well_on_one_thread = True

    # What an ensemble looks for on the type of its members, to treat them together.
    _stacks = staticmethod(stacks)
    _fit_stacked = staticmethod(fit_stacked)
    _predict_stacked = staticmethod(predict_stacked)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for a pickle or a file: the network as plain arrays."""
        return pack_net(dict(super().__getstate__()))

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(unpack_net(state))

    @property
    def module_(self) -> MoFANetwork:
        """The trained network, a torch module on the CPU."""
        check_is_fitted(self, "net_")
        return self.net_.module_

    @available_if(_has_weights)
    def modality_attention(self, X: Any) -> pd.DataFrame:
        """Tell how much each modality weighs in each row.

        What a weight is depends on the fusion, see :mod:`mofa_sklearn.networks.fusions`.
        The method is there for fusions that have weights.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        DataFrame of shape (n_samples, n_modalities)
            Non-negative weights, a column for each modality; rows sum to one, a
            missing modality has zero. A DataFrame's index is kept.

        Raises
        ------
        AttributeError
            If the fusion has no weights.
        """
        check_is_fitted(self, "net_")
        index = X.index if isinstance(X, (pd.DataFrame, pd.Series)) else None
        X = self._check_features(X)

        def weights(module, chunk):
            _, attention = module.fuse(chunk)
            if attention is None:
                raise AttributeError(_no_weights(self.fusion))
            return attention

        attention = self._evaluate(X, weights)
        return pd.DataFrame(attention, index=index, columns=list(self.modalities_))

    @available_if(_has_tokens)
    def token_attention(self, X: Any, modality: str) -> np.ndarray:
        """Tell how much each token of a modality weighs in each row.

        The method is there where `tokens` are given. With
        ``fusion="conditional_query"`` the weights are those that the query modality
        gives, otherwise they depend on the modality's own tokens alone.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows.
        modality : str
            The name of a modality of `tokens`.

        Returns
        -------
        ndarray of shape (n_samples, n_tokens)
            Non-negative weights. Rows sum to one; a token that is not there has zero,
            and all have where the modality is missing.

        Raises
        ------
        ValueError
            If there is no such modality, or it is no sequence of tokens.
        """
        check_is_fitted(self, "net_")
        tokens = self._fitted_tokens()
        if modality not in tokens:
            kind = "is no sequence" if modality in self.modalities_ else "is unknown"
            raise ValueError(f"modality={modality!r} {kind}; tokens names {list(tokens)}.")
        position = list(self.modalities_).index(modality)
        return self._evaluate(
            self._check_features(X), lambda module, chunk: module.token_weights(chunk, position)
        )

    def _check_training_rows(
        self, X: Any, y: Any, sample_weight: Any, **check_y
    ) -> tuple[LabelledRows, dict[str, np.ndarray]]:
        """Check the rows to learn from, and find the modalities in them."""
        names_from = X = numbers(X)
        with quiet_range():
            X, y = validate_data(
                self, X, y, dtype=np.float32, order="C", ensure_all_finite=False, **check_y
            )
        blocks = resolve_modalities(
            names_from if hasattr(names_from, "columns") else X, self.modalities
        )
        tokens = resolve_tokens(self.tokens, blocks)
        if self._continues():
            check_same_blocks(self.modalities_, blocks)
            check_same_tokens(self._fitted_tokens(), tokens)
        weight = check_weight("sample_weight", sample_weight, X)
        return LabelledRows(_in_order(X, blocks, tokens), y, weight), blocks

    def _check_validation_rows(
        self, blocks: dict[str, np.ndarray], X_val: Any, y_val: Any, sample_weight_val: Any
    ) -> LabelledRows | None:
        """Check the validation rows that the caller gave, if any."""
        if X_val is None and y_val is None:
            if sample_weight_val is not None:
                raise ValueError("sample_weight_val was passed without X_val and y_val.")
            return None
        if X_val is None or y_val is None:
            given, lacking = ("X_val", "y_val") if y_val is None else ("y_val", "X_val")
            raise ValueError(f"{given} was passed without {lacking}: validation needs both.")
        with quiet_range():
            X_val = validate_data(
                self,
                numbers(X_val),
                dtype=np.float32,
                order="C",
                ensure_all_finite=False,
                reset=False,
            )
        y_val = self._check_validation_targets(y_val)
        if len(y_val) != len(X_val):
            raise ValueError(
                f"X_val has {len(X_val)} rows and y_val {len(y_val)}: they must be the same."
            )
        weight = check_weight("sample_weight_val", sample_weight_val, X_val)
        tokens = resolve_tokens(self.tokens, blocks)
        return LabelledRows(_in_order(X_val, blocks, tokens), y_val, weight)

    def _outputs(self, X: Any) -> np.ndarray:
        """Return the network's outputs for rows as a user passes them."""
        check_is_fitted(self, "net_")
        return self._evaluate(self._check_features(X))

    def _evaluate(
        self, X: np.ndarray, function: Callable[[Any, Tensor], Tensor] = nn.Module.__call__
    ) -> np.ndarray:
        """Return a function of the network, its outputs mostly, for checked rows in order."""
        return evaluate(
            self.module_,
            function,
            X,
            resolve_device(self.device),
            prediction_precision(self.precision),
        )

    def _check_validation_targets(self, y_val: Any) -> np.ndarray:
        return check_array(y_val, ensure_2d=False, dtype="numeric", input_name="y_val")

    def _check_features(self, X: Any) -> np.ndarray:
        """Check rows against those of the fit, and bring their blocks into order."""
        refuse_lazy(X, "predict")
        dtypes = [np.float32, np.float64]
        X = validate_data(
            self, numbers(X), dtype=dtypes, order="C", ensure_all_finite=False, reset=False
        )
        return _in_order(X, self.modalities_, self._fitted_tokens())

    def _fitted_tokens(self) -> dict[str, int]:
        """Return the number of tokens of every modality that is a sequence."""
        of_blocks = zip(self.modalities_, self.module_.tokens, strict=True)
        return {name: n_tokens for name, n_tokens in of_blocks if n_tokens is not None}

    def _continues(self) -> bool:
        return self.warm_start and hasattr(self, "net_")

    def _split(
        self,
        y: np.ndarray,
        sample_weight: np.ndarray | None,
        random_state: np.random.RandomState,
        groups: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw which rows to learn from and which to validate on, keeping groups together."""
        counted = np.arange(len(y))
        if sample_weight is not None:
            # A row of weight zero must not be what the best epoch is chosen by.
            counted = np.flatnonzero(sample_weight)
        if groups is not None:
            classes = y[counted] if is_classifier(self) and y.ndim == 1 else None
            train, valid = hold_back_groups(
                groups[counted], self.validation_fraction, random_state, classes
            )
            if len(valid):
                return counted[train], counted[valid]
        n_valid = int(np.ceil(self.validation_fraction * len(counted)))
        if len(counted) - n_valid < 1:
            raise ValueError(
                f"early_stopping=True holds validation_fraction={self.validation_fraction} of the "
                "rows back, which leaves no row to learn from with n_samples = "
                f"{len(counted)}; pass X_val and y_val, or early_stopping=False."
            )
        order = random_state.permutation(counted)
        return np.sort(order[n_valid:]), np.sort(order[:n_valid])

    def _training(
        self,
        train_rows: Rows,
        valid_rows: Rows | None,
        learned: dict[str, Any],
        random_state: np.random.RandomState,
        criterion: nn.Module | None = None,
        groups: np.ndarray | None = None,
    ) -> Training:
        """Build the network, and plan its training."""
        seeds = random_state.randint(_MAX_SEED, size=3)
        blocks, n_targets = learned["modalities_"], train_rows.y.shape[1]
        module = build_seeded(lambda: self._build(blocks, n_targets), int(seeds[0]))
        history = []
        if self._continues():
            check_same_network(self.module_, module)
            module.load_state_dict(self.module_.state_dict())
            for weights, before in zip(
                module.parameters(), self.module_.parameters(), strict=True
            ):
                weights.requires_grad_(before.requires_grad)  # a callback may have frozen it
            forget_stand_ins(module)
            history = self.history_
        else:
            learn_bins(
                module,
                train_rows,
                groups=_groups_of(train_rows, groups),
                only_if_useful=self.numeric_embedding == "auto",
            )
        n_weights = sum(parameter.numel() for parameter in module.parameters())
        plan = self._plan(
            valid_rows is not None,
            seeds[1:].tolist(),
            history,
            n_weights,
            len(train_rows),
            criterion,
        )
        if plan.callbacks:
            check_callbacks(plan.callbacks, module, valid_rows is not None)
            plan.reading = EstimatorReading(self, learned)
        return Training(module, train_rows, valid_rows, plan, learned)

    def _keep(self, training: Training, result: TrainingResult) -> None:
        """Keep what a fitted estimator has."""
        self._check_outcome(result)
        learn_stand_ins(result.net.module_, training.train_rows)
        for name, value in training.learned.items():
            setattr(self, name, value)
        self.net_ = result.net
        self.history_ = result.history
        self.n_iter_ = len(result.history)
        self.best_iteration_ = result.best_epoch

    def _build(self, blocks: dict[str, np.ndarray], n_targets: int) -> MoFANetwork:
        tokens = resolve_tokens(self.tokens, blocks)
        return MoFANetwork(
            [len(positions) for positions in blocks.values()],
            n_targets * self._outputs_per_target(),
            _fusion_of(self),
            hidden_dim=self.hidden_dim,
            encoding_dim=_encoding_dim(self.encoding_dim, self.hidden_dim, len(blocks)),
            dropout=self.dropout,
            modality_dropout=self.modality_dropout,
            modality_names=list(blocks),
            residual_features=self.residual_features,
            tokens=[tokens.get(name) for name in blocks] if tokens else None,
            numeric_embedding=None if self.numeric_embedding is None else "piecewise_linear",
        )

    def _outputs_per_target(self) -> int:
        return getattr(self._loss(), "outputs_per_target", 1)

    def _loss(self) -> nn.Module:
        return make_loss(LOSSES[self.loss] if isinstance(self.loss, str) else self.loss)

    def _criterion(self) -> nn.Module:
        """Make what the training minimises."""
        return self._loss()

    def _plan(
        self,
        has_validation: bool,
        seeds: list[int],
        history: list,
        n_weights: int = 0,
        n_rows: int = 0,
        criterion: nn.Module | None = None,
    ) -> TrainingPlan:
        device = resolve_device(self.device)
        stops = self.early_stopping and has_validation
        return TrainingPlan(
            criterion=self._criterion() if criterion is None else criterion,
            schedule=SCHEDULES[self.schedule]()
            if isinstance(self.schedule, str)
            else self.schedule(),
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            batch_size=_batch_size(n_rows) if self.batch_size == "auto" else self.batch_size,
            max_epochs=self.max_epochs,
            keep_best=stops,
            n_iter_no_change=self.n_iter_no_change if stops else None,
            device=device,
            anneal_dropout=self.anneal_dropout,
            alternate_modalities=self.alternate_modalities,
            average_epochs=self.average_epochs,
            autocast=resolve_precision(self.precision, device, n_weights),
            shuffle_seed=seeds[0],
            dropout_seed=seeds[1],
            callbacks=list(self.callbacks) if self.callbacks is not None else [],
            history=history,
            verbose=int(self.verbose),
        )

    def _check_outcome(self, result: TrainingResult) -> None:
        """Say what ended the training early, if anything but the patience did."""
        if result.diverged:
            epoch = len(result.history)
            if result.best_epoch == 0:
                raise ValueError(
                    f"The loss became NaN or infinite in epoch {epoch} with learning_rate="
                    f"{self.learning_rate:g}, before any epoch ended with a finite one: lower "
                    "learning_rate, or look for extreme values in X and y."
                )
            warnings.warn(
                f"The loss became NaN or infinite in epoch {epoch} with learning_rate="
                f"{self.learning_rate:g}; the weights of epoch {result.best_epoch} are kept. "
                "Lower learning_rate.",
                ConvergenceWarning,
                stacklevel=3,
            )
        if result.interrupted:
            kept = (
                f"weights of epoch {result.best_epoch}" if result.best_epoch else "weights so far"
            )
            warnings.warn(
                f"The training was interrupted after {len(result.history)} of {self.max_epochs} "
                f"epochs; the {kept} are kept.",
                ConvergenceWarning,
                stacklevel=3,
            )


def random_state_of(estimator: BaseMoFA) -> np.random.RandomState:
    """Return the generator that one fit draws all its seeds from."""
    return check_random_state(estimator.random_state)


def rows_that_count(
    sample_weight: np.ndarray | None, rows: np.ndarray | None = None
) -> np.ndarray | None:
    """Return the positions of rows whose weight is not zero, out of all or of some.

    None stands for all. A row of weight zero would make an epoch longer, and no more.
    """
    if sample_weight is None:
        return rows
    some = np.arange(len(sample_weight)) if rows is None else rows
    counted = some[sample_weight[some] > 0]
    return rows if len(counted) == len(some) else counted


def _groups_of(rows: Rows, groups: np.ndarray | None) -> np.ndarray | None:
    """Return the groups of the rows to learn from, of those of all rows."""
    if groups is None or rows.rows is None:
        return groups
    return groups[rows.rows.cpu().numpy()]


def _batch_size(n_rows: int) -> int:
    """Return the largest power of two that makes eight steps an epoch, within bounds."""
    steps = max(1, n_rows // _MIN_STEPS_PER_EPOCH)
    return min(max(2 ** (steps.bit_length() - 1), _MIN_BATCH_SIZE), _MAX_BATCH_SIZE)


def _encoding_dim(
    encoding_dim: int | str | None, hidden_dim: int, n_modalities: int
) -> int | None:
    """Return the width of an encoding, None for that of the network."""
    if isinstance(encoding_dim, str):  # "auto"
        together = _MAX_ENCODINGS * hidden_dim
        encoding_dim = max(1, min(hidden_dim, together // n_modalities))
    return None if encoding_dim == hidden_dim else encoding_dim


def _fusion_of(estimator: BaseMoFA) -> Callable[..., nn.Module]:
    fusion = estimator.fusion
    return FUSIONS[fusion] if isinstance(fusion, str) else fusion


def _no_weights(fusion: Any) -> str:
    weighing = [name for name, kind in FUSIONS.items() if kind.has_weights]
    return f"fusion={fusion!r} has no weight for each modality; these have: {', '.join(weighing)}."


def _in_order(X: np.ndarray, blocks: dict[str, np.ndarray], tokens: dict[str, int]) -> np.ndarray:
    """Check the blocks, and lay them side by side, in a range that networks can compute in."""
    if not largest_magnitude(X) <= HUGE:
        check_blocks(X, blocks, tokens)
        refuse_beyond_float32(X, blocks)
        vectors = [
            vector
            for name, positions in blocks.items()
            for vector in np.split(positions, tokens.get(name, 1))
        ]
        X = bring_down(X, vectors)
    order = np.concatenate(list(blocks.values()))
    return X if np.array_equal(order, np.arange(len(order))) else X[:, order]
