"""RankGauss: map every column to a standard normal distribution through its ranks."""

import warnings
from numbers import Integral, Real

import numpy as np
import torch
from scipy.special import ndtri
from sklearn.preprocessing import QuantileTransformer
from sklearn.utils import check_random_state, resample
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import FLOAT_DTYPES, check_is_fitted

from .._older_states import ReadsOlderStates
from .._sklearn_private import Interval, _fit_context
from .._validation import check_array, validate_data
from ..modalities._numbers import numbers
from ..modalities._range import quiet_range
from ..training.batches import as_tensor

# A value this close to the end of a range counts as the end; the normal scores are cut off at the
# same probability, so that the two extremes stay finite and can be inverted. It is the threshold
# of QuantileTransformer.
_BOUND = 1e-7
_LOWEST_SCORE = ndtri(_BOUND - np.spacing(1))
_HIGHEST_SCORE = ndtri(1 - (_BOUND - np.spacing(1)))

# Values in a block of columns: large enough to hide the cost of a Python call, small enough for
# the block and its temporaries to stay in a processor's cache.
_BLOCK_SIZE = 2**17
# Up to so many rows, all columns are searched at once: to call a search of one column costs as
# much as to find a few dozen values in it.
_FEW_ROWS = 8
# Torch starts threads of its own for twice as many values; here the columns have theirs.
_SERIAL_SIZE = 2**14

_INPUT_CHECKS = {"dtype": FLOAT_DTYPES, "ensure_all_finite": "allow-nan"}


def _column_blocks(shape):
    """Yield slices that together cover the columns of a matrix of this shape."""
    n_samples, n_features = shape
    width = max(1, _BLOCK_SIZE // n_samples)
    for start in range(0, n_features, width):
        yield slice(start, min(start + width, n_features))


def _read_columns(X, columns):
    """Copy columns of X to the rows of a contiguous array, (n_columns, n_samples).

    The first copy keeps the order of X and reads whole cache lines, the second transposes inside
    the cache: together they are faster than one strided copy. Always a copy, which may be sorted.
    """
    return X[:, columns].copy(order="A").T.copy()


def _quantiles_of_sorted(values, references):
    """Quantiles of sorted columns (NaN last), rounded as `numpy.nanpercentile` rounds them.

    Ties are recognised by exact equality, so that the last bit matters. Maps the shape
    (n_columns, n_samples) to (n_columns, n_quantiles); a column without values gets NaN.
    """
    last = np.count_nonzero(~np.isnan(values), axis=1)[:, np.newaxis] - 1
    levels = references * 100 / 100  # to percentages and back, as QuantileTransformer goes
    ranks = last * levels
    below = ranks.astype(np.intp)
    weight = ranks - below
    lower = np.take_along_axis(values, below, axis=1)
    upper = np.take_along_axis(values, np.minimum(below + 1, last), axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        step = upper - lower
        quantiles = np.where(weight < 0.5, lower + step * weight, upper - step * (1 - weight))
    if np.isinf(step).any():  # of a range too wide for its type
        spread = lower.astype(np.float64) * (1 - weight) + upper.astype(np.float64) * weight
        quantiles = np.where(np.isinf(step), spread, quantiles)
    return quantiles


def _empirical_cdf(values, quantiles, references):
    """Share of the training column below each of the values, by linear interpolation.

    Quantiles that are equal (ties) make a jump in the share: there, the mean of its two ends is
    taken.
    """
    shares = np.interp(values, quantiles, references)
    if (quantiles[:-1] < quantiles[1:]).all():
        return shares
    first = quantiles.searchsorted(values, "left")
    last = quantiles.searchsorted(values, "right") - 1
    tied = np.flatnonzero(first < last)
    shares[tied] = 0.5 * (references[first[tied]] + references[last[tied]])
    return shares


def _empirical_cdfs(values, quantiles, references):
    """Apply `_empirical_cdf` to many columns of few values, (n_columns, n_samples), at once.

    The steps are those of `numpy.interp`: a row's shares do not depend on the rows beside it.
    """
    values = values.astype(np.float64)
    columns = np.arange(len(values))[:, np.newaxis]
    last = _count_quantiles(quantiles, values, right=True) - 1
    first = last + 1  # neighbours, if a value is between two quantiles
    met = quantiles[columns, np.maximum(last, 0)] == values
    if met.any():
        first = np.where(met, _count_quantiles(quantiles, values, right=False), first)
    below, above = np.maximum(last, 0), np.minimum(first, quantiles.shape[1] - 1)
    lower, upper = quantiles[columns, below], quantiles[columns, above]
    below, above = references[below], references[above]
    with np.errstate(all="ignore"):
        slope = (above - below) / (upper - lower)
        shares = slope * (values - lower) + below
        lost = np.isnan(shares)  # in a range too wide for its type
        shares[lost] = (slope * (values - upper) + above)[lost]
    # Not between two: at one, or at several that are equal, or outside.
    return np.where(above > below, shares, 0.5 * (below + above))


def _count_quantiles(quantiles, values, *, right):
    """Count the quantiles below each value in its column; with `right`, those equal to it, too."""
    return torch.searchsorted(as_tensor(quantiles), torch.from_numpy(values), right=right).numpy()


def _normal_scores(values, quantiles, references, bounds):
    """Map columns, (n_columns, n_samples), to normal scores of the same shape and dtype."""
    # The shares are held in the dtype of the values, as QuantileTransformer does: float32 rounds
    # those near 1, which is visible in the upper tail.
    shares = np.empty_like(values)
    if values.shape[1] <= _FEW_ROWS:
        shares[:] = _empirical_cdfs(values, quantiles, references)
    else:
        for share, value, quantile in zip(shares, values, quantiles, strict=True):
            share[:] = _empirical_cdf(value, quantile, references)
    # Of a huge range, a share next to 0 may be rounded below it, and would have no score.
    np.clip(shares, 0, 1, out=shares)
    shares[values + _BOUND > quantiles[:, -1:]] = 1
    shares[values - _BOUND < quantiles[:, :1]] = 0
    shares[np.isnan(values)] = np.nan
    shares[np.isnan(quantiles[:, 0])] = np.nan
    scores = ndtri(shares, out=shares)
    return np.clip(scores, *bounds, out=scores)


def _fit_block(X, columns, quantiles, references):
    """Write the quantiles of some columns of X to the same rows of `quantiles`."""
    values = _read_columns(X, columns)
    values.sort(axis=1)
    quantiles[columns] = _quantiles_of_sorted(values, references)


def _transform_block(X, columns, quantiles, references, bounds, fit=False):
    """Replace some columns of X by their normal scores; with `fit`, learn the quantiles first.

    The values are sorted before they are looked up among the quantiles: each look-up then starts
    next to the one before, which saves several times what the sort costs.
    """
    values = _read_columns(X, columns)
    if not fit and len(X) <= _FEW_ROWS:
        X[:, columns] = _normal_scores(values, quantiles[columns], references, bounds).T
        return
    order = values.argsort(axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    if fit:
        quantiles[columns] = _quantiles_of_sorted(ordered, references)
    scores = _normal_scores(ordered, quantiles[columns], references, bounds)
    np.put_along_axis(values, order, scores, axis=1)
    X[:, columns] = values.T


def _normal_shares(scores):
    """Shares of the standard normal distribution below each score, float64.

    Torch's erf is several times faster than `scipy.special.ndtr`. It has no relative precision
    near 0, but shares are looked up, which takes an absolute one.
    """
    shares = scores.astype(np.float64)
    for piece in torch.from_numpy(shares).view(-1).split(_SERIAL_SIZE):
        piece.mul_(0.5**0.5).erf_().add_(1).mul_(0.5)
    return shares


def _inverse_transform_block(X, columns, quantiles):
    """Replace some columns of normal scores in X by the values that have those scores.

    The references are evenly spaced, so that the neighbouring quantiles are found by arithmetic.
    """
    quantiles = quantiles[columns]
    n_columns, n_quantiles = quantiles.shape
    shares = _normal_shares(_read_columns(X, columns))
    is_highest, is_lowest = shares + _BOUND > 1, shares - _BOUND < 0
    ranks = np.multiply(shares, n_quantiles - 1, out=shares)
    below = np.fmax(ranks, 0).astype(np.intp)  # NaN has no rank: look up any, the weight is NaN
    weight = np.subtract(ranks, below, out=ranks)
    steps = np.diff(quantiles, axis=1, append=quantiles[:, -1:])
    below += np.arange(0, n_columns * n_quantiles, n_quantiles)[:, np.newaxis]
    values = steps.take(below)
    values *= weight
    values += quantiles.take(below)
    np.copyto(values, quantiles[:, -1:], where=is_highest)
    np.copyto(values, quantiles[:, :1], where=is_lowest)
    X[:, columns] = values.T


class RankGaussTransformer(ReadsOlderStates, QuantileTransformer):
    """Give every column a standard normal distribution, whatever its own (RankGauss).

    Each value is replaced by the normal score of its rank: the smallest values of a column become
    about -5.2, its median 0, its largest values about 5.2. Heavy tails, skew and scale disappear,
    the order of the values stays. Columns are treated independently. Values outside the
    range seen in `fit` get the score of its ends, and NaN is passed through.

    The results are those of :class:`~sklearn.preprocessing.QuantileTransformer` with
    ``output_distribution="normal"``, computed several times faster.

    Parameters
    ----------
    n_quantiles : int, default=1000
        Number of quantiles that describe a column's distribution. The number of samples is used
        where it is smaller, without the warning of QuantileTransformer.

    subsample : int or None, default=None
        Number of rows, drawn without replacement, that the quantiles are learned from. None uses
        all rows.

    max_absolute_value : float or None, default=None
        Largest score in either direction: scores beyond it are replaced by it. The extremes of a
        column have the score 5.2, their neighbours of a thousand quantiles 3.1 at most: a value
        that differs from the extreme by a rounding error loses two standard deviations.
        With a bound of 3 it loses nothing, and as few rows say little about what lies beyond it,
        nothing much is lost. `inverse_transform` maps the bound to the value that has it. None
        leaves the scores as QuantileTransformer has them.

    random_state : int, RandomState instance or None, default=None
        Draws the rows of `subsample`; not used otherwise.

    copy : bool, default=True
        False transforms a float array in place where possible.

    n_jobs : int or None, default=None
        Number of threads that share the columns. None means 1 unless in a
        :func:`joblib.parallel_config` context, -1 all processors. The result does not depend on
        it.

    Attributes
    ----------
    n_quantiles_ : int
        The number of quantiles in use.

    quantiles_ : ndarray of shape (n_quantiles, n_features), dtype float64
        The values of each column at the levels `references_`. NaN for a column without values.

    references_ : ndarray of shape (n_quantiles,), dtype float64
        The levels of the quantiles, evenly spaced from 0 to 1.

    n_features_in_ : int
        Number of columns seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in `fit`, where they all are strings.

    See Also
    --------
    sklearn.preprocessing.QuantileTransformer : The same transformation, also to a uniform
        distribution and of sparse matrices.
    sklearn.preprocessing.PowerTransformer : A parametric map towards a normal distribution.

    Notes
    -----
    With the empirical distribution function :math:`F_j` of column j, linear between its quantiles
    and cut off at 1e-7 and 1 - 1e-7, and that of the standard normal distribution
    :math:`\\Phi`,

    .. math:: z_{ij} = \\Phi^{-1}(F_j(x_{ij})), \\qquad x_{ij} = F_j^{-1}(\\Phi(z_{ij})).

    A value that many rows share gets the score of the middle of their ranks. Values within 1e-7
    of the smallest or largest of their column count as equal to it: a column of much smaller
    numbers should be scaled first. Beyond its output,
    `transform` needs memory for one block of columns a thread: a few megabytes, or one column.

    References
    ----------
    .. [1] M. Jahrer, "1st place with representation learning", Porto Seguro's Safe Driver
           Prediction, Kaggle, 2017.
           https://www.kaggle.com/c/porto-seguro-safe-driver-prediction/discussion/44629

    .. [2] F. Pedregosa et al., "Scikit-learn: Machine Learning in Python", JMLR 12, 2011
           (QuantileTransformer).

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn import RankGaussTransformer
    >>> X = np.array([[1.0], [2.0], [4.0], [1000.0], [3.0]])
    >>> gauss = RankGaussTransformer(n_quantiles=5).fit(X)
    >>> gauss.transform(X).ravel().round(2)
    array([-5.2 , -0.67,  0.67,  5.2 ,  0.  ])
    >>> gauss.inverse_transform([[0.0], [0.6744897501960817]]).ravel().round(6)
    array([3., 4.])
    """

    _parameter_constraints = {
        "n_quantiles": [Interval(Integral, 1, None, closed="left")],
        "subsample": [Interval(Integral, 1, None, closed="left"), None],
        "max_absolute_value": [Interval(Real, 0, None, closed="neither"), None],
        "random_state": ["random_state"],
        "copy": ["boolean"],
        "n_jobs": [Integral, None],
    }

    # What is a parameter of QuantileTransformer, and fixed here.
    output_distribution = "normal"
    ignore_implicit_zeros = False

    def __init__(
        self,
        n_quantiles=1000,
        *,
        subsample=None,
        max_absolute_value=None,
        random_state=None,
        copy=True,
        n_jobs=None,
    ):
        self.n_quantiles = n_quantiles
        self.subsample = subsample
        self.max_absolute_value = max_absolute_value
        self.random_state = random_state
        self.copy = copy
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the quantiles of every column.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The training data; may hold NaN.

        y : None
            Ignored.

        Returns
        -------
        self : RankGaussTransformer
            The fitted transformer.
        """
        X = self._validate(X, reset=True, copy=False)
        quantiles = self._start_fit(X)
        if self.subsample is not None and self.subsample < X.shape[0]:
            rng = check_random_state(self.random_state)
            X = resample(X, replace=False, n_samples=self.subsample, random_state=rng)
        self._each_block(_fit_block, X, quantiles, self.references_)
        return self._end_fit(quantiles)

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None):
        """Learn the quantiles of every column and transform it, with one sort for both.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The training data; may hold NaN.

        y : None
            Ignored.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_features)
            The normal scores, in the dtype of X where that is a float.
        """
        if self.subsample is not None:  # other rows may be learned from than are transformed
            return self.fit(X).transform(X)
        X = self._validate(X, reset=True, copy=self.copy, force_writeable=True)
        quantiles = self._start_fit(X)
        self._each_block(_transform_block, X, quantiles, self.references_, self._bounds, True)
        self._end_fit(quantiles)
        return X

    def transform(self, X):
        """Replace every value by the normal score of its rank in the training data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The data; may hold NaN.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_features)
            The normal scores, in the dtype of X where that is a float.
        """
        check_is_fitted(self)
        X = self._validate(X, reset=False, copy=self.copy, force_writeable=True)
        self._each_block(_transform_block, X, self.quantiles_.T, self.references_, self._bounds)
        return X

    def inverse_transform(self, X):
        """Replace normal scores by the values that have them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Normal scores; may hold NaN.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features)
            Values within the range of the training data, in the dtype of X where that is a float.
        """
        check_is_fitted(self)
        X = check_array(X, copy=self.copy, force_writeable=True, **_INPUT_CHECKS)
        if X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {X.shape[1]} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input."
            )
        self._each_block(_inverse_transform_block, X, self.quantiles_.T)
        return X

    @property
    def _bounds(self):
        """The lowest and the highest score."""
        if self.max_absolute_value is None:
            return _LOWEST_SCORE, _HIGHEST_SCORE
        return (
            max(_LOWEST_SCORE, -self.max_absolute_value),
            min(_HIGHEST_SCORE, self.max_absolute_value),
        )

    def _validate(self, X, **checks):
        with quiet_range():
            return validate_data(self, numbers(X), **_INPUT_CHECKS, **checks)

    def _start_fit(self, X):
        """Check the sizes, set the references, and return room for (n_features, n_quantiles)."""
        if self.subsample is not None and self.n_quantiles > self.subsample:
            raise ValueError(
                f"n_quantiles={self.n_quantiles} must not be larger than "
                f"subsample={self.subsample}."
            )
        n_samples, n_features = X.shape
        self.n_quantiles_ = min(self.n_quantiles, n_samples)
        self.references_ = np.linspace(0, 1, self.n_quantiles_)
        return np.empty((n_features, self.n_quantiles_))

    def _end_fit(self, quantiles):
        """Keep the quantiles, and warn of columns that have none."""
        n_empty = np.isnan(quantiles[:, 0]).sum()
        if n_empty:
            warnings.warn(
                f"{n_empty} of {len(quantiles)} columns hold nothing but NaN.",
                RuntimeWarning,
                stacklevel=4,
            )
        self.quantiles_ = quantiles.T
        return self

    def _each_block(self, function, X, *arguments):
        """Call `function(X, columns, *arguments)`, which works in place, on blocks of columns."""
        blocks = list(_column_blocks(X.shape))
        if len(blocks) == 1:
            function(X, blocks[0], *arguments)
            return
        # Shared memory, whatever backend the context asks for: the blocks write to X.
        Parallel(n_jobs=self.n_jobs, require="sharedmem")(
            delayed(function)(X, columns, *arguments) for columns in blocks
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
