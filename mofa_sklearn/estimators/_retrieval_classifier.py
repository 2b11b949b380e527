"""Predict classes from those of the most similar training rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from .._sklearn_private import StrOptions, _fit_context
from .._validation import validate_data
from ..modalities._numbers import numbers
from ..modalities._range import quiet_range
from ._base_retrieval import BaseRetrieval
from ._classes import check_classes
from ._grouped import check_groups
from ._labels import learn_coding
from ._logistic_path import LogisticPathClassifier
from ._thresholds import chosen_classes


class RetrievalClassifier(ClassifierMixin, BaseRetrieval):
    """Predict from the classes of the most similar training rows, of each modality.

    As :class:`RetrievalRegressor` does: for each modality and for all of them jointly, the
    most similar training rows are retrieved, and how often each class is among them
    ([1]_). A logistic regression predicts from that and from their distances. It remembers
    creators: very good for new videos of creators it knows, no more than fair for others.

    Parameters
    ----------
    modalities : dict, callable or None, default=None
        Which columns of ``X`` form which modality, see
        :func:`mofa_sklearn.modalities.resolve_modalities`.

    n_neighbors : int, default=20
        Number of rows to retrieve; fewer where there are not so many.

    n_components : int, default=32
        Number of principal components that stand for each block of more columns.

    temperature : float, default=1.0
        How evenly to attend over the neighbours, see
        :class:`~mofa_sklearn.preprocessing.RetrievalAugmenter`.

    standardize : bool, default=True
        Whether columns are brought to variance one first. With False they count by
        their variance: for columns that have been standardised already, or for
        principal components.

    class_weight : dict, "balanced" or None, default=None
        How much the rows of a class count in the logistic regression, see
        :class:`LogisticPathClassifier`.

    max_samples : int, default=20000
        Training rows to remember, at most; of more, a random part is learned from. The
        time of a fit grows with their square.

    random_state : int, RandomState instance or None, default=None
        Determines that part, and the folds of the cross-fitting.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,) or (n_labels, 2)
        The classes, sorted. Of several labels: ``[0, 1]`` for each.

    augmenter_ : RetrievalAugmenter or None
        What retrieves. It holds the components of the training rows. None where there
        are fewer than ten rows: the classes' shares are predicted.

    logistic_ : LogisticPathClassifier
        What predicts from the retrieved.

    modalities_ : dict of str to ndarray of int
        Column positions of every modality.

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where all of them are strings.

    See Also
    --------
    RetrievalRegressor : The same for numbers.
    sklearn.neighbors.KNeighborsClassifier : Neighbours in all columns alike.

    References
    ----------
    .. [1] Zhong et al., "Predicting Micro-video Popularity via Multi-modal Retrieval
       Augmentation", SIGIR 2024.

    Examples
    --------
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> from mofa_sklearn.estimators import RetrievalClassifier
    >>> widths = {"image": 8, "text": 8}
    >>> X, y = make_micro_videos(300, modalities=widths, noise=0.1, random_state=0)
    >>> popular = y[:, 0] > 5
    >>> model = RetrievalClassifier(widths, random_state=0).fit(X[:200], popular[:200])
    >>> model.predict_proba(X[200:]).shape
    (100, 2)
    """

    _parameter_constraints: dict = {
        **BaseRetrieval._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        modalities=None,
        *,
        n_neighbors=20,
        n_components=32,
        temperature=1.0,
        standardize=True,
        class_weight=None,
        max_samples=20_000,
        random_state=None,
    ):
        super().__init__(
            modalities,
            n_neighbors=n_neighbors,
            n_components=n_components,
            temperature=temperature,
            standardize=standardize,
            max_samples=max_samples,
            random_state=random_state,
        )
        self.class_weight = class_weight

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, *, groups=None) -> RetrievalClassifier:
        """Remember the rows, and learn how far to trust them.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows; NaN throughout a block where its modality is missing, which counts
            as the block's mean, here and in `predict`.

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            The classes, or an indicator of labels (dense or sparse).

        groups : array-like of shape (n_samples,), default=None
            Groups of rows that do not learn from each other: creators, if those of new
            rows are not known.

        Returns
        -------
        self : RetrievalClassifier
            The fitted classifier.
        """
        X = numbers(X)
        named = X if hasattr(X, "columns") else None
        with quiet_range():
            X, y = validate_data(
                self, X, y, dtype=np.float32, ensure_all_finite=False, multi_output=True
            )
        y = check_classes(y)
        groups = check_groups(groups, X)
        coding = learn_coding(y)
        columns = X if named is None else named
        evidence, kept, groups, seed = self._remember(X, columns, coding.encode(y), groups)
        logistic = LogisticPathClassifier(class_weight=self.class_weight, random_state=seed)
        self.logistic_ = logistic.fit(evidence, y[kept], groups=groups)
        self.classes_ = self.logistic_.classes_
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
            Classes; or zeros and ones, a label being there where its probability is above
            one half.
        """
        return chosen_classes(self.predict_proba(X), self.classes_)

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
        return self._predict_stacked([self], X)[0]

    @staticmethod
    def _predict_stacked(
        estimators: Sequence[RetrievalClassifier], X, method: str = "predict_proba"
    ) -> np.ndarray:
        """Predict probabilities with every estimator; the rows are checked once for all."""
        check_is_fitted(estimators[0], "logistic_")
        evidence = BaseRetrieval._retrieve_together(estimators, X)
        pairs = zip(estimators, evidence, strict=True)
        return np.stack([each.logistic_._probabilities(own) for each, own in pairs])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
