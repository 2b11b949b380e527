"""MoFA-Lite as a regressor."""

from __future__ import annotations

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from ..training.batches import Rows
from ..training.devices import resolve_device
from ..training.inference import evaluate
from ._base import BaseMoFA, LabelledRows, random_state_of


class MoFARegressor(RegressorMixin, BaseMoFA):
    """Predict one or more numbers from embeddings of several modalities.

    A network encodes each modality, weighs the encodings by attention, and
    predicts all targets at once (MoFA-Lite, [1]_). It is trained by AdamW inside
    a skorch net, stops early on validation rows, and keeps the best epoch.

    ``X`` is one 2-D matrix with all modalities side by side. A row whose block is
    NaN throughout has that modality missing: it is masked out of the attention.

    Parameters
    ----------
    modalities : dict, callable or None, default=None
        Which columns of ``X`` form which modality: a dict of modality name ->
        width, slice, list of columns or callable; None reads it from the column
        names. See :func:`mofa_sklearn.modalities.resolve_modalities`.

    fusion : {"modality_attention"} or type, default="modality_attention"
        How the encodings become one vector, or a class of your own, see
        :mod:`mofa_sklearn.networks.fusions`.

    hidden_dim : int, default=512
        Width of an encoding.

    dropout : float, default=0.3
        Dropout rate, in [0, 1); the widest layer, after the fusion, has 1.25
        times as much.

    modality_dropout : float, default=0.1
        Probability, in [0, 1), that a modality of a row is hidden in a training
        step; one modality of each row always stays.

    loss : {"squared_error"} or type, default="squared_error"
        What the training minimises, on standardised targets, or a class of your
        own, see :mod:`mofa_sklearn.networks.losses`.

    batch_size : int, default=128
        Rows per training step.

    learning_rate : float, default=1e-3
        Highest learning rate of AdamW.

    weight_decay : float, default=1e-3
        Weight decay of AdamW.

    schedule : {"cosine", "plateau", "constant"} or type, default="cosine"
        Course of the learning rate: ``"cosine"`` warms up for a tenth of
        `max_epochs` and falls to zero at their end, ``"plateau"`` halves it after
        more than five epochs without progress.

    max_epochs : int, default=60
        Passes over the training rows, at most.

    early_stopping : bool, default=True
        Whether to hold validation rows back (unless they are passed to `fit`),
        to stop when their loss stands still, and to keep the best epoch's weights.
        With False all rows are learned from, and the last epoch's weights stay.

    validation_fraction : float, default=0.1
        Part of the rows held back, in (0, 1). Used with ``early_stopping=True``
        where no `X_val` is passed.

    n_iter_no_change : int or None, default=15
        Epochs without a lower validation loss after which the training stops;
        None runs all `max_epochs`.

    standardize_target : bool, default=True
        Whether each target is scaled to mean 0 and variance 1 for the training;
        predictions are scaled back.

    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Precision of the training's matrix products. ``"auto"`` takes bfloat16 on
        GPUs that have it. Predictions are always computed in float32.

    device : str, default="auto"
        ``"auto"`` (a GPU where there is one), ``"cpu"``, ``"cuda"``, ``"cuda:1"``,
        ... A fitted estimator holds no device: it predicts on any machine.

    warm_start : bool, default=False
        Whether another `fit` goes on from the present weights, target scaling
        and history (with a new optimiser) instead of starting afresh.

    callbacks : list of skorch callbacks, default=None
        Called during the training, as by a skorch net.

    verbose : int, default=0
        Shows a progress bar if above 0.

    random_state : int, RandomState instance or None, default=None
        Determines the initial weights, the validation rows, the order of rows and
        the dropout. The global generators are left alone.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net, trimmed for prediction, on the CPU.

    module_ : torch.nn.Module
        Its network.

    modalities_ : dict of str to ndarray of int
        Column positions of every modality.

    history_ : skorch.history.History
        For each epoch its ``train_loss`` and ``valid_loss``, on standardised
        targets, its ``learning_rate`` and its duration ``dur`` in seconds.

    n_iter_ : int
        Number of epochs trained.

    best_iteration_ : int
        The epoch, counted from one, whose weights are kept.

    target_mean_, target_scale_ : ndarray of shape (n_targets,)
        What targets were standardised by.

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where all of them are strings.

    See Also
    --------
    KFoldEnsembleRegressor : Trains one member on each fold.
    make_mofa_pipeline : Preprocessing and ensemble together.

    References
    ----------
    .. [1] MoFA-Lite: modality attention over CLIP, VideoMAE and BGE-M3 embeddings
       for micro-video popularity prediction.
    .. [2] Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.

    Examples
    --------
    >>> from mofa_sklearn import MoFARegressor
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> widths = {"image": 16, "video": 12, "text": 16}
    >>> X, y = make_micro_videos(400, modalities=widths, noise=0.1, random_state=0)
    >>> model = MoFARegressor(widths, hidden_dim=32, max_epochs=20, random_state=0)
    >>> model.fit(X[:300], y[:300]).predict(X[300:]).shape
    (100, 3)
    >>> model.modality_attention(X[300:]).columns.tolist()
    ['image', 'video', 'text']
    """

    _parameter_constraints: dict = {
        **BaseMoFA._parameter_constraints,
        "standardize_target": ["boolean"],
    }

    def __init__(
        self,
        modalities=None,
        *,
        fusion="modality_attention",
        hidden_dim=512,
        dropout=0.3,
        modality_dropout=0.1,
        loss="squared_error",
        batch_size=128,
        learning_rate=1e-3,
        weight_decay=1e-3,
        schedule="cosine",
        max_epochs=60,
        early_stopping=True,
        validation_fraction=0.1,
        n_iter_no_change=15,
        standardize_target=True,
        precision="auto",
        device="auto",
        warm_start=False,
        callbacks=None,
        verbose=0,
        random_state=None,
    ):
        self.modalities = modalities
        self.fusion = fusion
        self.hidden_dim = hidden_dim
        self.dropout = dropout
        self.modality_dropout = modality_dropout
        self.loss = loss
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.standardize_target = standardize_target
        self.precision = precision
        self.device = device
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None
    ) -> MoFARegressor:
        """Train the network.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            All modalities side by side. float32 arrays are used as they are,
            others are converted.

        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            The targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows.

        X_val : array-like or DataFrame of shape (n_val, n_features), default=None
            Rows to stop early on; none of `X` are held back then.

        y_val : array-like of shape (n_val,) or (n_val, n_targets), default=None
            Their targets.

        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : MoFARegressor
            The fitted regressor.

        Raises
        ------
        ValueError
            If blocks do not fit `X`, hold infinity or are NaN in part, if there
            are too few rows to hold some back, or if the loss is not finite in
            the very first epoch.
        """
        rows = self._check_training_rows(X, y, sample_weight, multi_output=True, y_numeric=True)
        validation = self._check_validation_rows(X_val, y_val, sample_weight_val)
        random_state = random_state_of(self)
        train_index = valid_index = None
        if validation is None and self.early_stopping:
            train_index, valid_index = self._split(rows, random_state)
        targets = self._fit_target_scale(rows, train_index)
        device = resolve_device(self.device)
        train_rows = Rows(rows.X, targets, rows.sample_weight, train_index, device)
        valid_rows = self._validation_rows(train_rows, validation, valid_index)
        self._train(train_rows, valid_rows, targets.shape[1], random_state)
        return self

    def predict(self, X) -> np.ndarray:
        """Predict the targets.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows, with the columns of the fit.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets), float64
            The shape of the targets of the fit.
        """
        check_is_fitted(self, "net_")
        X = self._check_features(X)
        outputs = evaluate(
            self.module_, lambda module, chunk: module(chunk), X, resolve_device(self.device)
        )
        prediction = outputs * self.target_scale_ + self.target_mean_
        return prediction[:, 0] if self._one_dimensional else prediction

    def _fit_target_scale(self, rows: LabelledRows, train_index: np.ndarray | None) -> np.ndarray:
        """Learn the scale of the targets from the training rows, and apply it to all."""
        y = rows.y.astype(np.float64)
        one_dimensional = y.ndim == 1
        y = y.reshape(len(y), -1)
        if self._continues():
            self._check_same_targets(y.shape[1], one_dimensional)
        else:
            self._one_dimensional = one_dimensional
            index = slice(None) if train_index is None else train_index
            weight = None if rows.sample_weight is None else rows.sample_weight[index]
            self._set_target_scale(y[index], weight)
        return self._scaled(y)

    def _set_target_scale(self, y: np.ndarray, weight: np.ndarray | None) -> None:
        n_targets = y.shape[1]
        self.target_mean_, self.target_scale_ = np.zeros(n_targets), np.ones(n_targets)
        if not self.standardize_target:
            return
        if weight is not None and not weight.any():
            weight = None
        self.target_mean_ = np.average(y, axis=0, weights=weight)
        scale = np.sqrt(np.average((y - self.target_mean_) ** 2, axis=0, weights=weight))
        # A constant target, up to rounding, is only centred.
        constant = scale <= 10 * np.finfo(np.float64).eps * np.abs(self.target_mean_)
        self.target_scale_ = np.where(constant, 1.0, scale)

    def _check_same_targets(self, n_targets: int, one_dimensional: bool) -> None:
        before = len(self.target_mean_)
        if n_targets != before or one_dimensional != self._one_dimensional:
            raise ValueError(
                f"warm_start=True continues with the {before} target(s) of the last fit, but this "
                f"y has {n_targets}{', 1-D' if one_dimensional else ', 2-D'}."
            )

    def _scaled(self, y: np.ndarray) -> np.ndarray:
        return ((y - self.target_mean_) / self.target_scale_).astype(np.float32)

    def _validation_rows(
        self,
        train_rows: Rows,
        validation: LabelledRows | None,
        valid_index: np.ndarray | None,
    ) -> Rows | None:
        if valid_index is not None:
            return Rows(
                train_rows.X,
                train_rows.y,
                train_rows.sample_weight,
                valid_index,
                train_rows.X.device,
            )
        if validation is None:
            return None
        y = check_array(validation.y, ensure_2d=False, dtype="numeric", input_name="y_val")
        y = y.astype(np.float64).reshape(len(y), -1)
        if y.shape[1] != train_rows.y.shape[1]:
            raise ValueError(f"y has {train_rows.y.shape[1]} target(s) and y_val {y.shape[1]}.")
        return Rows(
            validation.X, self._scaled(y), validation.sample_weight, None, train_rows.X.device
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
