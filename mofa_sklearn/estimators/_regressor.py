"""MoFA-Lite as a regressor."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if
from torch import nn

from .._sklearn_private import _fit_context
from .._validation import numeric_targets
from ..networks.losses import TargetWeighted
from ..training.batches import Rows
from ..training.devices import resolve_device
from ..training.train import train
from ._base import BaseMoFA, LabelledRows, Training, random_state_of, rows_that_count
from ._grouped import check_groups
from ._stacked import takes_rows
from ._targets import TargetScale, check_target_weight


def _predicts_quantiles(estimator: MoFARegressor) -> bool:
    if hasattr(estimator._loss(), "levels"):
        return True
    raise AttributeError(
        f"loss={estimator.loss!r} predicts no quantiles; take loss='quantile' for them."
    )


class MoFARegressor(RegressorMixin, BaseMoFA):
    """Predict one or more numbers from embeddings of several modalities.

    A network encodes each modality, weighs the encodings by attention, and
    predicts all targets at once (MoFA-Lite, [1]_). It is trained by AdamW inside
    a skorch net, stops early on validation rows, and keeps the best epoch.

    ``X`` is one 2-D matrix with all modalities side by side. A row whose block is
    NaN throughout has that modality missing: it is masked out of the attention. For
    a modality that all rows of the fit had, predictions put its mean encoding there.

    Parameters
    ----------
    modalities : dict, callable or None, default=None
        Which columns of ``X`` form which modality: a dict of modality name ->
        width, slice, list of columns or callable; None reads it from the column
        names. See :func:`mofa_sklearn.modalities.resolve_modalities`.

    tokens : dict of str to int, default=None
        Which modalities are sequences, and of how many vectors (frames, words): the
        modality's block is so many tokens one after the other, NaN throughout where a
        token is not there. Each is encoded by itself, and attention pools them, masked
        where tokens are not there; with ``fusion="conditional_query"`` the query
        modality asks the tokens. See `token_attention`.

    fusion : str, type or callable, default="modality_attention"
        How the encodings become one vector, or one prediction:

        - ``"modality_attention"``: weighed by a softmax over modalities, concatenated.
        - ``"concat"``: concatenated.
        - ``"gated"``: a sigmoid gate for every feature, summed.
        - ``"cross_attention"``: each modality queries the others.
        - ``"self_attention"``: a small transformer over the modalities.
        - ``"conditional_query"``: the first modality guides the others.
        - ``"product_of_experts"``: each gives a Gaussian, and they are multiplied.
        - ``"late"``: a prediction from each modality, averaged by softmax weights.

        Or a class of your own, or a ``functools.partial`` of a class with parameters
        of it, see :mod:`mofa_sklearn.networks.fusions`.

    hidden_dim : int, default=512
        Width of the network: of the layer after the fusion, and of an encoding. The last
        layers have a half and a quarter of it.

    encoding_dim : int, "auto" or None, default=None
        Width of an encoding. None: `hidden_dim`. ``"auto"``: the same with up to three
        modalities; encodings of more are together three times as wide. The layer after
        the fusion has as many weights as `hidden_dim` times the width of all encodings,
        most of the network's: with many modalities narrower ones are quicker to train.

    dropout : float, default=0.4
        Dropout rate, in [0, 1); the widest layer, after the fusion, has 1.25
        times as much.

    modality_dropout : float, default=0.1
        Probability, in [0, 1), that a modality of a row is hidden in a training
        step; one modality of each row always stays.

    anneal_dropout : bool, default=True
        Whether dropout fades out: linearly, `dropout` within the first 70 % of
        `max_epochs`, `modality_dropout` within the first 20 % ([3]_). Targets that
        are mostly noise stop early, with nearly all of it; targets that are nearly
        determined are trained on without.

    alternate_modalities : bool, default=False
        Whether encoders learn in turn rather than jointly ([4]_): each mini-batch
        trains one modality's encoder and what all modalities share, the other
        encoders being frozen in that step. In the next mini-batch it is the next
        modality's turn, and an epoch begins one modality further than the last. An
        encoder makes one step in as many as there are modalities: think of more
        `max_epochs`.

    residual_features : bool, default=False
        Whether the fusion also gets what sets each encoding apart from the mean of
        the row's other encodings ([4]_), added to it through a linear map. A missing
        modality is no part of that mean, and one without others has no residual.

    numeric_embedding : {"auto", "piecewise_linear"} or None, default=None
        What the numbers of narrow blocks (up to 16 columns, no sequences) are spread
        over before they are encoded. ``"piecewise_linear"``: beside each number, how
        much of each of 16 bins of its column lies below it ([6]_), bins that hold about
        as many training rows each. It lets a network see steps, plateaus and single
        values, as trees do, and makes it learn noise or creators by heart where there are
        none: ``"auto"`` has bins only where a ridge regression on the numbers is clearly
        better with them, on training rows held out (whole `groups` of them). None: the
        numbers alone.

    loss : str, type or callable, default="squared_error"
        What the training minimises, and early stopping watches, on standardised
        targets:

        - ``"squared_error"``: for the mean.
        - ``"huber"``: squared up to one standard deviation, absolute beyond.
        - ``"hybrid"``: the sum of these two.
        - ``"absolute_error"``: for the median.
        - ``"ccc"``: one minus the concordance correlation.
        - ``"quantile"``: for five quantiles; `predict` gives the median, and
          `predict_quantiles` all of them.

        Or a class, of torch as ``torch.nn.SmoothL1Loss`` or your own, or a
        ``functools.partial`` of a class with parameters of it, see
        :mod:`mofa_sklearn.networks.losses`.

    batch_size : int or "auto", default="auto"
        Rows per training step. ``"auto"``: a power of two from 32 to 256, the largest
        with which an epoch still has eight steps.

    learning_rate : float, default=1e-3
        Highest learning rate of AdamW.

    weight_decay : float, default=1e-3
        Weight decay of AdamW.

    schedule : {"cosine", "one_cycle", "plateau", "warmup_plateau", "constant"} or type, \
            default="cosine"
        Course of the learning rate: ``"cosine"`` warms up for a tenth of
        `max_epochs` and falls to zero at their end, ``"one_cycle"`` rises for three
        tenths of them, ``"plateau"`` halves it after more than five epochs without
        progress, ``"warmup_plateau"`` does so after a warm-up.

    max_epochs : int, default=30
        Passes over the training rows, at most.

    early_stopping : bool, default=True
        Whether to hold validation rows back (unless they are passed to `fit`),
        to stop when their loss stands still, and to keep the best epoch's weights.
        With False all rows are learned from, and the weights at the end stay.

    validation_fraction : float, default=0.1
        Part of the rows held back, in (0, 1). Used with ``early_stopping=True``
        where no `X_val` is passed.

    n_iter_no_change : int or None, default=3
        Epochs without a lower validation loss after which the training stops;
        None runs all `max_epochs`.

    average_epochs : float or None, default=2
        Epochs over which the weights are averaged, exponentially: it is that moving
        average which is validated, and kept ([5]_). A single network with averaged
        weights is nearly as good as several are together, its loss has a smoother
        course, and its error on rows held out is closer to that of an ensemble. None
        keeps the weights of a step.

    standardize_target : bool, default=True
        Whether each target is scaled to mean 0 and variance 1 for the training;
        predictions are scaled back.

    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Precision of the matrix products. ``"auto"`` trains in bfloat16 networks of
        100,000 weights or more where it is fast: on GPUs that have it, and on CPUs
        with instructions for it (AMX or AVX-512 BF16). Predictions are computed in
        float32 then. With ``"bfloat16"`` they are in bfloat16 as well: on such
        processors about twice as fast, and good to two or three digits, which may
        depend on the rows beside them.

    device : str, default="auto"
        ``"auto"`` (a GPU where there is one), ``"cpu"``, ``"cuda"``, ``"cuda:1"``,
        ... A fitted estimator holds no device: it predicts on any machine.

    warm_start : bool, default=False
        Whether another `fit` goes on from the present weights, target scaling
        and history (with a new optimiser) instead of starting afresh.

    callbacks : list of skorch callbacks, default=None
        Called during the training, as by a skorch net. Those that score see `y` and
        predictions in its units. One that could not have an effect is an error.

    verbose : int, default=0
        Shows a progress bar if above 0.

    target_weight : array-like of shape (n_targets,), default=None
        How much each target counts in the loss; None: all the same.

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
        For each epoch its ``train_loss`` (a penalty of the fusion included) and
        ``valid_loss``, on standardised targets, its ``learning_rate`` and its
        duration ``dur`` in seconds.

    n_iter_ : int
        Number of epochs trained.

    best_iteration_ : int
        The epoch, counted from one, whose weights are kept.

    quantile_levels_ : ndarray of shape (n_levels,)
        The levels of `predict_quantiles`, ascending. Only with a quantile loss.

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
    .. [3] Rennie, Goel and Thomas, "Annealed Dropout Training of Deep Networks", IEEE
       SLT 2014.
    .. [4] Gao et al., "AdaptCLIP: Adapting CLIP for Universal Visual Anomaly
       Detection", 2025.
    .. [5] Izmailov, Podoprikhin, Garipov, Vetrov and Wilson, "Averaging Weights Leads
       to Wider Optima and Better Generalization", UAI 2018.
    .. [6] Gorishniy, Rubachev and Babenko, "On Embeddings for Numerical Features in
       Tabular Deep Learning", NeurIPS 2022.

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
        "target_weight": ["array-like", None],
    }

    # What an ensemble looks for on the type of its members, to spare copies of folds.
    _takes_rows = staticmethod(takes_rows)

    def __init__(
        self,
        modalities=None,
        *,
        tokens=None,
        fusion="modality_attention",
        hidden_dim=512,
        encoding_dim=None,
        dropout=0.4,
        modality_dropout=0.1,
        anneal_dropout=True,
        alternate_modalities=False,
        residual_features=False,
        numeric_embedding=None,
        loss="squared_error",
        batch_size="auto",
        learning_rate=1e-3,
        weight_decay=1e-3,
        schedule="cosine",
        max_epochs=30,
        early_stopping=True,
        validation_fraction=0.1,
        n_iter_no_change=3,
        average_epochs=2,
        standardize_target=True,
        precision="auto",
        device="auto",
        warm_start=False,
        callbacks=None,
        verbose=0,
        target_weight=None,
        random_state=None,
    ):
        self.modalities = modalities
        self.tokens = tokens
        self.fusion = fusion
        self.hidden_dim = hidden_dim
        self.encoding_dim = encoding_dim
        self.dropout = dropout
        self.modality_dropout = modality_dropout
        self.anneal_dropout = anneal_dropout
        self.alternate_modalities = alternate_modalities
        self.residual_features = residual_features
        self.numeric_embedding = numeric_embedding
        self.loss = loss
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.average_epochs = average_epochs
        self.standardize_target = standardize_target
        self.precision = precision
        self.device = device
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.verbose = verbose
        self.target_weight = target_weight
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        groups=None,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
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

        groups : array-like of shape (n_samples,), default=None
            Groups of the rows, as their creators: where rows are held back, they are whole
            groups.

        X_val : array-like or DataFrame of shape (n_val, n_features), default=None
            Rows to stop early on; none of `X` are held back then. With
            ``early_stopping=False`` they are only watched: their loss is in `history_`.

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
        training = self._prepare(
            X, y, sample_weight, X_val, y_val, sample_weight_val, groups=groups
        )
        result = train(training.module, training.train_rows, training.valid_rows, training.plan)
        self._keep(training, result)
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
        return self._from_outputs(self._outputs(X))

    @available_if(_predicts_quantiles)
    def predict_quantiles(self, X) -> np.ndarray:
        """Predict quantiles of the targets.

        Only with a quantile loss: ``loss="quantile"``, or
        ``functools.partial(mofa_sklearn.networks.losses.Quantile, levels=...)``.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows, with the columns of the fit.

        Returns
        -------
        ndarray of shape (n_samples, n_targets, n_levels), float64
            A 1-D y counts as one target. Levels are those of `quantile_levels_`;
            quantiles do not cross.
        """
        return self._target_scale.invert_each(self._to_quantiles(self._outputs(X)))

    @property
    def quantile_levels_(self) -> np.ndarray:
        """The levels of `predict_quantiles`."""
        if self._quantile_levels is None:
            raise AttributeError("The loss of the last fit predicts no quantiles.")
        return np.array(self._quantile_levels)

    @property
    def target_mean_(self) -> np.ndarray:
        """What targets are centred by."""
        return self._target_scale.mean

    @property
    def target_scale_(self) -> np.ndarray:
        """What centred targets are divided by."""
        return self._target_scale.divisor

    def _fit_rows(
        self,
        X,
        y,
        sample_weight=None,
        *,
        rows: np.ndarray,
        rows_val: np.ndarray | None = None,
        **arguments: Any,
    ) -> MoFARegressor:
        """Train on some rows, without a copy of them; as `fit` of their copies would.

        `rows` are the positions to learn from, `rows_val` those to stop early on, and
        `arguments` the others of `fit`.
        """
        self._validate_params()
        if sample_weight is not None and not np.any(sample_weight[rows]):
            raise ValueError("sample_weight is zero for every row: nothing to learn from.")
        training = self._prepare(X, y, sample_weight, rows=rows, rows_val=rows_val, **arguments)
        result = train(training.module, training.train_rows, training.valid_rows, training.plan)
        self._keep(training, result)
        return self

    def _prepare(
        self,
        X,
        y,
        sample_weight=None,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        *,
        groups=None,
        rows: np.ndarray | None = None,
        rows_val: np.ndarray | None = None,
    ) -> Training:
        """Check the arguments of `fit`, and build what is to be trained."""
        y = numeric_targets(y, self)
        labelled, blocks = self._check_training_rows(
            X, y, sample_weight, multi_output=True, y_numeric=True
        )
        groups = check_groups(groups, labelled.X)
        validation = self._check_validation_rows(blocks, X_val, y_val, sample_weight_val)
        random_state = random_state_of(self)
        train_index = rows_that_count(labelled.sample_weight, rows)
        valid_index = rows_val
        if validation is None and valid_index is None and self.early_stopping:
            train_index, valid_index = self._split_rows(labelled, rows, random_state, groups)
        scale = self._learn_target_scale(labelled, train_index)
        if self.target_weight is not None:
            check_target_weight(self.target_weight, len(scale.mean))
        X, y, weight = labelled.X, scale.apply(labelled.y), labelled.sample_weight
        device = resolve_device(self.device)
        train_rows = Rows(X, y, weight, train_index, device)
        if validation is not None:
            _check_same_width(y, validation.y)
            y_val = scale.apply(validation.y)
            valid_rows = Rows(validation.X, y_val, validation.sample_weight, None, device)
        elif valid_index is not None:
            if weight is not None and not weight[valid_index].any():
                weight = None  # rows that say nothing about the best epoch count alike
            valid_rows = Rows(train_rows.X, y, weight, valid_index, device)
        else:
            valid_rows = None
        levels = getattr(self._loss(), "levels", None)
        learned = {"modalities_": blocks, "_target_scale": scale, "_quantile_levels": levels}
        return self._training(train_rows, valid_rows, learned, random_state, groups=groups)

    def _split_rows(
        self,
        labelled: LabelledRows,
        rows: np.ndarray | None,
        random_state: np.random.RandomState,
        groups: np.ndarray | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw which rows to learn from and which to validate on, out of all or of some."""
        y, weight = labelled.y, labelled.sample_weight
        if rows is None:
            return self._split(y, weight, random_state, groups)
        weight = None if weight is None else weight[rows]
        groups = None if groups is None else groups[rows]
        train, valid = self._split(y[rows], weight, random_state, groups)
        return rows[train], rows[valid]

    def _from_outputs(self, outputs: np.ndarray) -> np.ndarray:
        """Turn the network's outputs into predictions."""
        if self._quantile_levels is not None:
            outputs = self._to_quantiles(outputs)[..., self._quantile_levels.index(0.5)]
        return self._target_scale.invert(outputs)

    def _from_targets(self, targets: np.ndarray) -> np.ndarray:
        """Turn the network's targets into the user's."""
        return self._target_scale.unapply(targets)

    def _to_quantiles(self, outputs: np.ndarray) -> np.ndarray:
        """Return (n_samples, n_targets, n_levels), sorted, so that none cross."""
        n_levels = len(self.quantile_levels_)
        return np.sort(outputs.reshape(len(outputs), -1, n_levels), axis=-1)

    def _criterion(self) -> nn.Module:
        loss = self._loss()
        return loss if self.target_weight is None else TargetWeighted(loss, self.target_weight)

    def _check_validation_targets(self, y_val: Any) -> np.ndarray:
        return super()._check_validation_targets(numeric_targets(y_val, self, "y_val"))

    def _learn_target_scale(
        self, rows: LabelledRows, train_index: np.ndarray | None
    ) -> TargetScale:
        """Learn the scale from the training rows alone; a warm start keeps the one it has."""
        index = slice(None) if train_index is None else train_index
        weight = None if rows.sample_weight is None else rows.sample_weight[index]
        if self._continues():
            return self._target_scale.continued(rows.y[index], weight, self.standardize_target)
        return TargetScale.learn(rows.y[index], weight, self.standardize_target)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _check_same_width(y: np.ndarray, y_val: np.ndarray) -> None:
    n_targets = 1 if y_val.ndim == 1 else y_val.shape[1]
    if n_targets != y.shape[1]:
        raise ValueError(f"y has {y.shape[1]} target(s) and y_val {n_targets}.")
