"""MoFA-Lite as a classifier."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from torch import nn

from .._sklearn_private import Interval, StrOptions, _fit_context
from ..networks.losses import CLASS_LOSSES, PositiveWeighted, make_loss
from ..training.batches import Rows
from ..training.devices import resolve_device
from ..training.train import TrainingResult, train
from ._base import BaseMoFA, LabelledRows, Training, random_state_of, rows_that_count
from ._classes import check_classes
from ._grouped import check_groups
from ._labels import Coding, LabelSet, OneClass, coding_of, learn_coding
from ._stacked import stacks
from ._stratified import stratified
from ._thresholds import DEFAULT_THRESHOLD, tune_thresholds
from ._warm_start import check_same_classes

# What label_smoothing="auto" takes from a class.
_SMOOTHING = 0.05


def _stacks(
    estimator: MoFAClassifier, X: Any, y: np.ndarray, *, only_if_faster: bool = False
) -> bool:
    """Tell whether clones of a classifier can be fitted together."""
    try:
        coding = learn_coding(y, estimator.ordinal)
        if estimator.class_weight is not None and isinstance(coding, LabelSet):
            return False  # each member's loss has weights of its own
        criterion = estimator._criterion_for(coding)
    except (TypeError, ValueError):
        return False  # the first fit will say so
    targets = np.empty((len(y), coding.n_outputs), dtype=np.float32)
    return stacks(estimator, X, targets, only_if_faster=only_if_faster, criterion=criterion)


class MoFAClassifier(ClassifierMixin, BaseMoFA):
    """Predict classes or labels from embeddings of several modalities.

    The network of :class:`MoFARegressor`, for four kinds of ``y``:

    - two classes, or more: 1-D, of numbers or strings;
    - classes that have an order: the same, with `ordinal`;
    - several labels, each there or not: a 2-D indicator of zeros and ones.

    ``X`` is one 2-D matrix with all modalities side by side. A row whose block is
    NaN throughout has that modality missing: it is masked out of the attention. For
    a modality that all rows of the fit had, predictions put its mean encoding there.

    Parameters
    ----------
    modalities : dict, callable or None, default=None
        Which columns of ``X`` form which modality, see
        :func:`mofa_sklearn.modalities.resolve_modalities`.

    tokens : dict of str to int, default=None
        Which modalities are sequences, and of how many tokens, see
        :class:`MoFARegressor`.

    fusion : str, type or callable, default="modality_attention"
        How the encodings become one vector, or one prediction, see
        :class:`MoFARegressor`.

    hidden_dim : int, default=512
        Width of the network: of the layer after the fusion, and of an encoding. The last
        layers have a half and a quarter of it.

    encoding_dim : int, "auto" or None, default=None
        Width of an encoding, ``"auto"``: narrower than `hidden_dim` where there are more
        than three modalities, see :class:`MoFARegressor`. None: `hidden_dim`.

    dropout : float, default=0.2
        Dropout rate, in [0, 1); the widest layer, after the fusion, has 1.25
        times as much.

    modality_dropout : float, default=0.1
        Probability, in [0, 1), that a modality of a row is hidden in a training
        step; one modality of each row always stays.

    anneal_dropout : bool, default=True
        Whether dropout fades out during the training, see :class:`MoFARegressor`.

    alternate_modalities : bool, default=False
        Whether each mini-batch trains the encoder of one modality in turn, and what
        all modalities share, see :class:`MoFARegressor`.

    residual_features : bool, default=False
        Whether the fusion also gets what sets each encoding apart from the mean of
        the row's other encodings, see :class:`MoFARegressor`.

    numeric_embedding : {"auto", "piecewise_linear"} or None, default=None
        What the numbers of narrow blocks (up to 16 columns, no sequences) are spread
        over before they are encoded. ``"piecewise_linear"``: beside each number, how
        much of each of 16 bins of its column lies below it ([5]_), bins that hold about
        as many training rows each. It lets a network see steps, plateaus and single
        values, as trees do, and makes it learn noise or creators by heart where there are
        none: ``"auto"`` has bins only where a ridge regression on the numbers is clearly
        better with them, on training rows held out (whole `groups` of them). None: the
        numbers alone.

    loss : {"auto", "cross_entropy", "focal"}, type or callable, default="auto"
        What the training minimises, and early stopping watches:

        - ``"cross_entropy"``: minus the log-probability of the class; of several
          labels the mean over them; of ordered classes that of the answers to "is it
          above the k-th?".
        - ``"focal"``: the same, but easy rows count little ([2]_): gamma is 2, and of
          several labels alpha 0.25. Not for ordered classes.
        - ``"auto"``: ``"cross_entropy"``.

        Or a class, of torch as ``torch.nn.CrossEntropyLoss`` or your own, or a
        ``functools.partial`` of one: ``partial(Focal, gamma=1)``, ``partial(BinaryFocal,
        alpha=0.5)``, see :mod:`mofa_sklearn.networks.losses`. It gets the network's
        outputs and the coded targets, both of shape (batch, n_outputs).

    label_smoothing : float or "auto", default="auto"
        Part of the probability, in [0, 1), that the training takes from the true
        class and gives to all classes alike. Validation rows keep theirs. ``"auto"``: 0.05
        for two classes or more, and 0 for ordered ones and for several labels, of which
        rare ones would seem more frequent than they are.

    class_weight : dict, "balanced" or None, default=None
        How much the rows of a class count: class -> weight. ``"balanced"`` lets all
        classes count the same. Of several labels: column of ``y`` -> weight of its
        ones; ``"balanced"`` lets its ones count as much as its zeros.

    ordinal : bool or list, default=False
        Whether classes have an order. True takes that of numbers; a list names the
        classes from the lowest to the highest. Probabilities of being above a class
        then never rise from one class to the next ([3]_, [4]_).

    tune_thresholds : bool, default=True
        Whether `predict` takes, of several labels, thresholds with the highest macro
        F1 on the validation rows instead of 0.5. Without validation rows they stay at
        0.5.

    batch_size : int or "auto", default="auto"
        Rows per training step. ``"auto"``: a power of two from 32 to 256, the largest
        with which an epoch still has eight steps.

    learning_rate : float, default=1e-3
        Highest learning rate of AdamW.

    weight_decay : float, default=1e-3
        Weight decay of AdamW.

    schedule : {"cosine", "one_cycle", "plateau", "warmup_plateau", "constant"} or type, \
            default="cosine"
        Course of the learning rate, see :class:`MoFARegressor`.

    max_epochs : int, default=30
        Passes over the training rows, at most.

    early_stopping : bool, default=True
        Whether to hold validation rows back (unless they are passed to `fit`),
        of every class the same part where that is possible, to stop when their loss
        stands still, and to keep the best epoch's weights. With False all rows are
        learned from, and the weights at the end stay.

    validation_fraction : float, default=0.1
        Part of the rows held back, in (0, 1). Used with ``early_stopping=True``
        where no `X_val` is passed.

    n_iter_no_change : int or None, default=2
        Epochs without a lower validation loss after which the training stops;
        None runs all `max_epochs`.

    average_epochs : float or None, default=2
        Epochs over which the weights are averaged, see :class:`MoFARegressor`.

    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Precision of the matrix products, see :class:`MoFARegressor`.

    device : str, default="auto"
        ``"auto"`` (a GPU where there is one), ``"cpu"``, ``"cuda"``, ``"cuda:1"``,
        ... A fitted estimator holds no device: it predicts on any machine.

    warm_start : bool, default=False
        Whether another `fit` goes on from the present weights and history (with a
        new optimiser) instead of starting afresh. The classes must be the same.

    callbacks : list of skorch callbacks, default=None
        Called during the training, as by a skorch net. Those that score see `y` and
        predictions in its units. One that could not have an effect is an error.

    verbose : int, default=0
        Shows a progress bar if above 0.

    random_state : int, RandomState instance or None, default=None
        Determines the initial weights, the validation rows, the order of rows and
        the dropout. The global generators are left alone.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,) or (n_labels, 2)
        The classes, sorted. Of several labels: ``[0, 1]`` for each.

    thresholds_ : ndarray of shape (n_labels,)
        The probability above which `predict` says that a label is there. Only for
        several labels.

    net_ : skorch.NeuralNet
        The trained net, trimmed for prediction, on the CPU.

    module_ : torch.nn.Module
        Its network.

    modalities_ : dict of str to ndarray of int
        Column positions of every modality.

    history_ : skorch.history.History
        For each epoch its ``train_loss`` and ``valid_loss``, its ``learning_rate`` and
        its duration ``dur`` in seconds.

    n_iter_ : int
        Number of epochs trained.

    best_iteration_ : int
        The epoch, counted from one, whose weights are kept.

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where all of them are strings.

    See Also
    --------
    KFoldEnsembleClassifier : Trains one member on each fold.
    mofa_sklearn.preprocessing.EngagementBinner : Makes ordered classes of counts.

    References
    ----------
    .. [1] MoFA-Lite: modality attention over CLIP, VideoMAE and BGE-M3 embeddings
       for micro-video popularity prediction.
    .. [2] Lin, Goyal, Girshick, He and Dollar, "Focal Loss for Dense Object
       Detection", ICCV 2017.
    .. [3] McCullagh, "Regression Models for Ordinal Data", JRSS B 42(2), 1980.
    .. [4] Cao, Mirjalili and Raschka, "Rank consistent ordinal regression for neural
       networks with application to age estimation", Pattern Recognition Letters 140,
       2020.
    .. [5] Gorishniy, Rubachev and Babenko, "On Embeddings for Numerical Features in
       Tabular Deep Learning", NeurIPS 2022.

    Examples
    --------
    >>> from mofa_sklearn import MoFAClassifier
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> from mofa_sklearn.preprocessing import EngagementBinner
    >>> widths = {"image": 16, "text": 16}
    >>> X, y = make_micro_videos(300, modalities=widths, noise=0.1, random_state=0)
    >>> levels = EngagementBinner(3).fit_transform(y[:, 0])
    >>> model = MoFAClassifier(widths, hidden_dim=16, max_epochs=5, ordinal=True, random_state=0)
    >>> model.fit(X, levels).predict_proba(X[:10]).shape
    (10, 3)
    >>> model.classes_
    array([0, 1, 2])
    """

    _parameter_constraints: dict = {
        **BaseMoFA._parameter_constraints,
        "loss": [StrOptions({"auto", *CLASS_LOSSES}), callable],
        "label_smoothing": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "ordinal": ["boolean", "array-like"],
        "tune_thresholds": ["boolean"],
    }

    _stacks: Any = staticmethod(_stacks)

    def __init__(
        self,
        modalities=None,
        *,
        tokens=None,
        fusion="modality_attention",
        hidden_dim=512,
        encoding_dim=None,
        dropout=0.2,
        modality_dropout=0.1,
        anneal_dropout=True,
        alternate_modalities=False,
        residual_features=False,
        numeric_embedding=None,
        loss="auto",
        label_smoothing="auto",
        class_weight=None,
        ordinal=False,
        tune_thresholds=True,
        batch_size="auto",
        learning_rate=1e-3,
        weight_decay=1e-3,
        schedule="cosine",
        max_epochs=30,
        early_stopping=True,
        validation_fraction=0.1,
        n_iter_no_change=2,
        average_epochs=2,
        precision="auto",
        device="auto",
        warm_start=False,
        callbacks=None,
        verbose=0,
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
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.ordinal = ordinal
        self.tune_thresholds = tune_thresholds
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.average_epochs = average_epochs
        self.precision = precision
        self.device = device
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.verbose = verbose
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
    ) -> MoFAClassifier:
        """Train the network.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            All modalities side by side. float32 arrays are used as they are,
            others are converted.

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            The classes, or an indicator of labels (dense or sparse).

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows.

        groups : array-like of shape (n_samples,), default=None
            Groups of the rows, as their creators: where rows are held back, they are whole
            groups.

        X_val : array-like or DataFrame of shape (n_val, n_features), default=None
            Rows to stop early on; none of `X` are held back then. With
            ``early_stopping=False`` they are only watched: their loss is in `history_`.

        y_val : array-like of shape (n_val,) or (n_val, n_labels), default=None
            Their classes or labels.

        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : MoFAClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If `y` or `y_val` has no classes or others than expected, if `ordinal` or
            `loss` does not go with `y`, and for what :meth:`MoFARegressor.fit` raises it.
        """
        training = self._prepare(
            X, y, sample_weight, X_val, y_val, sample_weight_val, groups=groups
        )
        result = train(training.module, training.train_rows, training.valid_rows, training.plan)
        self._keep(training, result)
        return self

    def predict(self, X) -> np.ndarray:
        """Predict the most probable class, or the labels that are there.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows, with the columns of the fit.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            Classes, or zeros and ones: a label is there where its probability is above
            its threshold.
        """
        return self._from_outputs(self._outputs(X))

    def predict_proba(self, X) -> np.ndarray:
        """Predict probabilities.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows, with the columns of the fit.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or (n_samples, n_labels), float64
            Of each class, in the order of `classes_`, rows summing to one; or of each
            label.
        """
        return self._probabilities(self._outputs(X))

    def decision_function(self, X) -> np.ndarray:
        """Predict log-probabilities of classes, or log-odds of labels.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows, with the columns of the fit.

        Returns
        -------
        ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_labels)
            Of two classes the log-odds of the second, above zero where it is predicted;
            of more the logarithm of `predict_proba`; of each label its log-odds,
            whatever its threshold is.
        """
        outputs = self._outputs(X)  # checks that there is a fit to take the classes from
        return self._coding.decisions(outputs)

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
    ) -> Training:
        """Check the arguments of `fit`, and build what is to be trained."""
        rows, blocks = self._check_training_rows(X, y, sample_weight, multi_output=True)
        rows.y = _without_uncounted(check_classes(rows.y), rows.sample_weight)
        groups = check_groups(groups, rows.X)
        validation = self._check_validation_rows(blocks, X_val, y_val, sample_weight_val)
        coding = self._learn_coding(rows.y)
        targets = coding.encode(rows.y)
        random_state = random_state_of(self)
        train_index, valid_index = rows_that_count(rows.sample_weight), None
        if validation is None and self.early_stopping:
            train_index, valid_index = self._split(
                rows.y, rows.sample_weight, random_state, groups
            )
        weights = self._class_weights(coding, rows, train_index)
        weight = _weighted(rows, weights, coding)
        device = resolve_device(self.device)
        amount = self.label_smoothing
        if amount == "auto":
            amount = _SMOOTHING if type(coding) is OneClass else 0.0
        smooth = coding.smooth(targets, amount) if amount else targets
        train_rows = Rows(rows.X, smooth, weight, train_index, device)
        if validation is not None:
            y_val = coding.encode(validation.y, "y_val")
            weight_val = _weighted(validation, weights, coding)
            valid_rows = Rows(validation.X, y_val, weight_val, None, device)
        elif valid_index is not None:
            valid_rows = Rows(train_rows.X, targets, weight, valid_index, device)
        else:
            valid_rows = None
        learned = {
            "modalities_": blocks,
            "classes_": coding.classes,
            "_ranks": getattr(coding, "ranks", None),
        }
        criterion = self._criterion_for(coding, weights)
        return self._training(train_rows, valid_rows, learned, random_state, criterion, groups)

    def _learn_coding(self, y: np.ndarray) -> Coding:
        """Find out what kind of classes there are; a warm start keeps those it has."""
        coding = learn_coding(y, self.ordinal)
        if not self._continues():
            return coding
        check_same_classes(self._coding, coding, self.ordinal)
        return self._coding

    def _keep(self, training: Training, result: TrainingResult) -> None:
        super()._keep(training, result)
        self.__dict__.pop("thresholds_", None)  # of labels that an earlier fit learned
        if self.classes_.ndim == 2:
            self.thresholds_ = self._thresholds(training.valid_rows)

    def _thresholds(self, valid_rows: Rows | None) -> np.ndarray:
        """Return each label's threshold, tuned where there are rows for it."""
        if not self.tune_thresholds or valid_rows is None:
            return np.full(len(self.classes_), DEFAULT_THRESHOLD)
        X, (y, weight) = valid_rows.take(slice(None))
        probabilities = self._probabilities(self._evaluate(X.cpu().numpy()))
        sample_weight = None if weight is None else weight.cpu().numpy()
        return tune_thresholds(y.cpu().numpy(), probabilities, sample_weight)

    @property
    def _coding(self) -> Coding:
        return coding_of(self.classes_, self._ranks)

    def _probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Turn the network's outputs into probabilities."""
        return self._coding.probabilities(outputs)

    def _from_outputs(self, outputs: np.ndarray) -> np.ndarray:
        """Turn the network's outputs into predictions."""
        return self._coding.choose(
            self._probabilities(outputs), getattr(self, "thresholds_", None)
        )

    def _from_targets(self, targets: np.ndarray) -> np.ndarray:
        """Turn the network's targets into classes or labels."""
        return self._coding.decode(targets)

    def _outputs_per_target(self) -> int:
        return 1  # the coded targets have a column for each output

    def _criterion_for(self, coding: Coding, weights: np.ndarray | None = None) -> nn.Module:
        """Make what the training minimises for classes of this kind."""
        name = "cross_entropy" if self.loss == "auto" else self.loss
        if isinstance(name, str) and name not in coding.losses:
            raise ValueError(
                f"loss={name!r} is not for ordered classes; with ordinal take one of "
                f"{sorted(coding.losses)}."
            )
        loss = make_loss(coding.losses[name] if isinstance(name, str) else name)
        if weights is not None and isinstance(coding, LabelSet):
            return PositiveWeighted(loss, weights.tolist())
        return loss

    def _class_weights(
        self, coding: Coding, rows: LabelledRows, index: np.ndarray | None
    ) -> np.ndarray | None:
        """Return the weight of each class, or of each label's ones, from the training rows."""
        if self.class_weight is None:
            return None
        learned = slice(None) if index is None else index
        y = rows.y[learned]
        weight = np.ones(len(y)) if rows.sample_weight is None else rows.sample_weight[learned]
        return coding.class_weights(y, weight, self.class_weight)

    def _check_validation_targets(self, y_val: Any) -> np.ndarray:
        return check_classes(y_val, "y_val")

    def _split(
        self,
        y: np.ndarray,
        sample_weight: np.ndarray | None,
        random_state: np.random.RandomState,
        groups: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw validation rows, of every class the same part where that is possible."""
        train, valid = super()._split(y, sample_weight, random_state, groups)
        if y.ndim == 2 or (groups is not None and not np.isin(groups[valid], groups[train]).any()):
            return train, valid
        return stratified(y, train, valid, random_state)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = self.ordinal is False
        return tags


def _without_uncounted(y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
    """Return classes in which those that only rows of weight zero have do not occur."""
    if sample_weight is None or sample_weight.all() or y.ndim == 2:
        return y
    counted = sample_weight > 0
    return np.where(counted, y, y[counted][0])


def _weighted(rows: LabelledRows, weights: np.ndarray | None, coding: Coding) -> np.ndarray | None:
    """Return the rows' weights times those of their classes."""
    if weights is None or isinstance(coding, LabelSet):
        return rows.sample_weight
    weight = weights[coding.positions(rows.y)]
    if rows.sample_weight is not None:
        weight = weight * rows.sample_weight
    if not weight.any():
        raise ValueError("class_weight and sample_weight are zero for every row together.")
    return weight
