"""Synthetic micro-videos: embeddings of several modalities and counts that depend on them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from numbers import Integral, Real
from types import MappingProxyType

import numpy as np
import pandas as pd
from sklearn.utils import Bunch, check_random_state

from .._sklearn_private import Interval, validate_params

# Widths of the embeddings of CLIP-RN50 (cover), VideoMAE (motion) and BGE-M3 (description).
_DEFAULT_MODALITIES = MappingProxyType({"image": 1024, "video": 768, "text": 1024})

_TARGET_NAMES = ("views", "likes", "comments")
# Mean and standard deviation of log1p(count). A mean is at least five standard deviations, which
# is as far as the limits below let a target go, so that no count is negative.
_TARGET_SCALES = ((8.0, 1.5), (6.0, 1.2), (4.5, 0.9))
_FURTHER_TARGET_SCALE = (4.0, 0.8)
_SIGNAL_LIMIT, _NOISE_LIMIT = 3.0, 4.0  # standard deviations; sqrt(3**2 + 4**2) == 5

_N_LATENTS = 8  # of a video, shared by its modalities, and as many of each modality's own
_N_HIDDEN = 24  # directions in which a block varies
_N_READOUTS = 6  # of these directions that matter to the targets
_N_JOINT = 2  # of the readouts that interact with another modality's
_FEATURE_NOISE = 0.2  # share of a column's variance that is its own
_TAIL_WEIGHT = 1.2  # sinh(1.2 * normal): an excess kurtosis of 20 and more
_TAIL_SCALE_SPREAD = 1.5  # standard deviation of the log of the columns' scales
_CREATOR_SHARE = 0.4  # of the variance of a video's latents, and of the noise in its targets
_TARGET_SIMILARITY = 0.7  # share of the targets' coefficients, and of their noise, in common
_MODALITY_WEIGHTS = (0.4, 1.6)  # lowest and highest, drawn for each modality and target
# Shares of the signal's variance, up to correlations between the parts.
_LINEAR, _CURVED, _JOINT = 0.7, 0.15, 0.15
_MARK = 8.0  # length of what is added to the token that counts; a column's deviation is one
_OTHER_TOKENS = 0.5  # size of the tokens that are noise, beside it
_CHUNK_ROWS = 1024
_CONSTANT = 1e-9  # a standard deviation below this is rounding error

_DESCR = """\
Synthetic micro-videos with {n_samples} rows and {n_targets} target(s).

Modalities: {widths}.{sequences} Targets: log(1 + count) of {targets}.
{noise:.0%} of a target's variance is noise. Made by mofa_sklearn.datasets.make_micro_videos.
"""


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "modalities": [Mapping],
        "n_tokens": [Mapping, None],
        "n_targets": [Interval(Integral, 1, None, closed="left")],
        "n_creators": [Interval(Integral, 1, None, closed="left"), None],
        "missing_rate": [Interval(Real, 0, 1, closed="left")],
        "noise": [Interval(Real, 0, 1, closed="both")],
        "as_frame": ["boolean"],
        "return_bunch": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_micro_videos(
    n_samples: int = 8000,
    *,
    modalities: Mapping[str, int] = _DEFAULT_MODALITIES,
    n_tokens: Mapping[str, int] | None = None,
    n_targets: int = 3,
    n_creators: int | None = None,
    missing_rate: float = 0.0,
    noise: float = 0.8,
    as_frame: bool = False,
    return_bunch: bool = False,
    random_state: int | np.random.RandomState | None = None,
):
    r"""Generate micro-videos: embeddings of several modalities, and their popularity.

    Every video has an embedding of each modality (a block of columns) and log-counts of views,
    likes, comments and so on, which depend on all blocks: mostly linearly, partly by curves and by
    interactions of two modalities. How well the counts can be predicted at best is known.

    Parameters
    ----------
    n_samples : int, default=8000
        Number of videos.
    modalities : mapping of str to int, \
            default={"image": 1024, "video": 768, "text": 1024}
        Name and width of each block, in the order of the columns. The columns of the block named
        "video" have heavy tails and widely different scales and offsets; the rows of the block
        named "text" have Euclidean norm 1; other blocks' columns have mean about 0 and standard
        deviation about 1.
    n_tokens : mapping of str to int, default=None
        Modalities that are sequences of vectors, and of how many. The block of such a modality
        is so many vectors one after the other, each as wide as `modalities` says. One of them,
        at random in each row, is what the block would be without `n_tokens`, and the targets
        depend on it; the others are of the same kind and half as large, but noise. A mark
        tells them apart: the same vector, added to the one that counts. Attention can find
        it; the mean over tokens drowns it in the others.
    n_targets : int, default=3
        Number of targets: views, likes, comments, target_3, target_4, ...
    n_creators : int, default=None
        Number of creators, each with at least one video and few with many (Zipf's law). A creator
        shifts the features of their videos, and, independently of that, their popularity. None:
        the videos have nothing to do with each other.
    missing_rate : float, default=0.0
        Probability, in [0, 1), that a modality of a video is missing: its block is NaN
        throughout. No video misses every modality; where chance would have it so, one of them is
        kept.
    noise : float, default=0.8
        Share, in [0, 1], of each target's variance that does not depend on the features, and so
        about the lowest normalised mean squared error that can be reached. Predicting the
        popularity of real micro-videos leaves about 0.8.
    as_frame : bool, default=False
        Whether X is a DataFrame, and y a DataFrame (a Series for one target).
    return_bunch : bool, default=False
        Whether to return a Bunch with all that is known of the data instead of ``(X, y)``.
    random_state : int, RandomState instance or None, default=None
        Seed of the generator; an int gives the same data at each call.

    Returns
    -------
    X : ndarray or DataFrame of shape (n_samples, n_features), float32
        The blocks, side by side. Only where ``return_bunch=False``.
    y : ndarray, DataFrame or Series of shape (n_samples, n_targets) or (n_samples,), float32
        ``log(1 + count)`` of each target, at least 0; 1-D for one target. Only where
        ``return_bunch=False``.
    dataset : :class:`~sklearn.utils.Bunch`
        Only where ``return_bunch=True``, with these fields:

        data, target
            X and y, as above.
        feature_names : list of str, of length n_features
            ``"<modality>_<i>"``, with i from 0 in each block; for a sequence
            ``"<modality>__t<token>__<i>"``, with i from 0 in each token, whose number is filled
            with zeros (``"video__t03__17"``).
        target_names : list of str, of length n_targets
            "views", "likes", "comments", and so on.
        modalities : dict of str to int
            The width of each modality's block, in the order of the blocks: what
            ``MoFARegressor(modalities=...)`` takes.
        n_tokens : dict of str to int
            The number of tokens of each sequence: what ``MoFARegressor(tokens=...)`` takes;
            empty without any.
        signal_tokens : dict of str to ndarray of shape (n_samples,), int64
            Of each sequence, the position of the token that the targets depend on.
        creator_ids : ndarray of shape (n_samples,), int64, or None
            Each video's creator, from 0 to ``n_creators - 1``; creators with low ids tend to
            have more videos.
        counts : ndarray of y's shape, float64
            ``exp(y) - 1``, not rounded to whole numbers, which would add noise.
        conditional_mean : ndarray of y's shape, float64
            The mean of y given the complete features: the best prediction of y.
        best_nmse : ndarray of shape (n_targets,), float64
            The normalised mean squared error of `conditional_mean` on these rows; NaN for a
            constant target.
        DESCR : str
            How the videos were made.

    Raises
    ------
    ValueError
        If a parameter is out of range, there are no modalities, one of them has a width below 1
        or a name that cannot be told from its columns' names, `n_tokens` names another one or
        numbers below 1, or there are more creators than videos.

    See Also
    --------
    load_modalities : Data of the same kind from files.

    Notes
    -----
    The blocks are made first: latent variables of the video and of the modality go through a
    random non-linear projection, and each column adds noise of its own. The signal of a target is
    a function of the blocks alone,

    .. math:: s_t = \operatorname{clip}_{\pm 3}\Bigl(\sum_m w_{mt}\, a_{mt}^\top p_m
              + \sum_m w_{mt}\, b_{mt}^\top f(p_m)
              + \sum_{m < m'} c_{mm't}^\top \bigl(g(p_m) \odot g(p_{m'})\bigr)\Bigr),

    with :math:`f(p) = \sqrt{1 + p^2}` and :math:`g = \tanh` (of the first two readouts), and
    :math:`p_m` six linear readouts of block m (for "video" before the tails are put on,
    which is undone column by column by an inverse hyperbolic sine). Each sum and the total are
    standardised over the rows, before the limits of :math:`\pm 3`. Then
    :math:`y_t = \mu_t + \sigma_t (\sqrt{1 - \mathrm{noise}}\, s_t +
    \sqrt{\mathrm{noise}}\, \epsilon_t)`, with normal :math:`\epsilon_t` that are correlated over
    targets and limited to :math:`\pm 4`. The features determine :math:`s_t` and tell nothing of
    :math:`\epsilon_t`, so that its mean given the features is exactly zero, and no model that was
    not fitted on these very rows can expect a lower error than `best_nmse`. Two cases differ:

    - with `n_creators`, part of :math:`\epsilon_t` is the creator's, whose identity shows in the
      features. `best_nmse` holds for creators that the model has not met, as in
      :class:`~sklearn.model_selection.GroupKFold`. Where it has met them, as in shuffled folds,
      it can do better by recognising them;
    - with `missing_rate`, `conditional_mean` still is the mean given the complete features, and
      `best_nmse` is a lower bound that cannot be reached in general.

    With `n_tokens`, the mark is so long that hardly a token can be taken for another: knowing
    which it is would not lower `best_nmse` by more than a thousandth.

    Examples
    --------
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> X, y = make_micro_videos(100, modalities={"image": 8, "text": 4}, random_state=0)
    >>> X.shape, y.shape
    ((100, 12), (100, 3))
    >>> videos = make_micro_videos(
    ...     500, modalities={"image": 8, "text": 4}, noise=0.5, n_creators=20,
    ...     as_frame=True, return_bunch=True, random_state=0,
    ... )
    >>> videos.data.columns[:2].tolist(), videos.target.columns.tolist()
    (['image_0', 'image_1'], ['views', 'likes', 'comments'])
    >>> bool((abs(videos.best_nmse - 0.5) < 0.1).all())
    True
    """
    widths = _check_modalities(modalities)
    n_tokens = _check_n_tokens(n_tokens, widths)
    rng = check_random_state(random_state)
    creator_ids = _draw_creators(rng, n_samples, n_creators)
    X, readouts, signal_tokens = _draw_features(rng, widths, n_tokens, n_samples, creator_ids)
    signal = _compute_signal(rng, readouts, n_targets)
    residual = _draw_residual(rng, n_samples, n_targets, creator_ids)
    token_widths = widths
    widths = {name: width * n_tokens.get(name, 1) for name, width in widths.items()}
    _remove_blocks(rng, X, widths, missing_rate)

    mean, scale = np.array([_target_scale(i) for i in range(n_targets)]).T
    conditional_mean = mean + scale * np.sqrt(1 - noise) * signal
    y = (conditional_mean + scale * np.sqrt(noise) * residual).astype(np.float32)
    best_nmse = _nmse(y.astype(np.float64), conditional_mean)
    if n_targets == 1:
        y, conditional_mean = y[:, 0], conditional_mean[:, 0]

    target_names = [_target_name(i) for i in range(n_targets)]
    feature_names = [
        feature
        for name, width in token_widths.items()
        for feature in _feature_names(name, width, n_tokens.get(name))
    ]
    counts = np.expm1(y.astype(np.float64))
    if as_frame:
        X = pd.DataFrame(X, columns=feature_names, copy=False)
        y = _target_frame(y, target_names)
    if not return_bunch:
        return X, y
    return Bunch(
        data=X,
        target=y,
        feature_names=feature_names,
        target_names=target_names,
        modalities=widths,
        n_tokens=n_tokens,
        signal_tokens=signal_tokens,
        creator_ids=creator_ids,
        counts=counts,
        conditional_mean=conditional_mean,
        best_nmse=best_nmse,
        DESCR=_DESCR.format(
            n_samples=n_samples,
            n_targets=n_targets,
            widths=", ".join(f"{name} ({width} columns)" for name, width in widths.items()),
            sequences="".join(
                f" Sequences: {name} of {count} tokens." for name, count in n_tokens.items()
            ),
            targets=", ".join(target_names),
            noise=noise,
        ),
    )


def _check_modalities(modalities: Mapping[str, int]) -> dict[str, int]:
    if not modalities:
        raise ValueError("modalities is empty; give at least one name and width")
    for name, width in modalities.items():
        if not isinstance(name, str) or not name or "__" in name or name.endswith("_"):
            raise ValueError(
                f"modality {name!r} needs another name: a string that is not empty, has no '__' "
                "and does not end in '_', so that it can be told from its columns' names"
            )
        if not isinstance(width, Integral) or isinstance(width, bool) or width < 1:
            raise ValueError(f"modality {name!r} has width {width!r}; expected an int from 1 on")
    return {name: int(width) for name, width in modalities.items()}


def _check_n_tokens(
    n_tokens: Mapping[str, int] | None, widths: Mapping[str, int]
) -> dict[str, int]:
    n_tokens = {} if n_tokens is None else n_tokens
    for name, count in n_tokens.items():
        if name not in widths:
            raise ValueError(f"n_tokens names {name!r}; the modalities are {list(widths)}")
        if not isinstance(count, Integral) or isinstance(count, bool) or count < 1:
            raise ValueError(
                f"n_tokens has {count!r} for modality {name!r}; expected an int from 1 on"
            )
    return {name: int(count) for name, count in n_tokens.items()}


def _feature_names(modality: str, width: int, n_tokens: int | None) -> list[str]:
    if n_tokens is None:
        return [f"{modality}_{i}" for i in range(width)]
    digits = len(str(n_tokens - 1))
    return [f"{modality}__t{t:0{digits}}__{i}" for t in range(n_tokens) for i in range(width)]


def _target_name(index: int) -> str:
    return _TARGET_NAMES[index] if index < len(_TARGET_NAMES) else f"target_{index}"


def _target_scale(index: int) -> tuple[float, float]:
    return _TARGET_SCALES[index] if index < len(_TARGET_SCALES) else _FURTHER_TARGET_SCALE


def _draw_creators(rng, n_samples: int, n_creators: int | None) -> np.ndarray | None:
    """Draw each row's creator: one row each, the rest by Zipf's law, in random order."""
    if n_creators is None:
        return None
    if n_creators > n_samples:
        raise ValueError(
            f"n_creators={n_creators} is more than n_samples={n_samples}; "
            "every creator needs a video"
        )
    popularity = 1 / np.arange(1, n_creators + 1)
    rest = rng.choice(n_creators, size=n_samples - n_creators, p=popularity / popularity.sum())
    return rng.permutation(np.concatenate([np.arange(n_creators), rest]))


def _draw_features(
    rng,
    widths: dict[str, int],
    n_tokens: dict[str, int],
    n_samples: int,
    creator_ids: np.ndarray | None,
) -> tuple[np.ndarray, list[np.ndarray], dict[str, np.ndarray]]:
    """Draw the blocks, and read from each what the targets depend on.

    Returns X, shape (n_samples, n_features), of each block an array of shape
    (n_samples, _N_READOUTS), and of each sequence the positions of the tokens that count.
    """
    shared = rng.standard_normal((n_samples, _N_LATENTS))
    if creator_ids is not None:
        of_creator = rng.standard_normal((creator_ids.max() + 1, _N_LATENTS))
        shared = _mix(of_creator[creator_ids], shared, _CREATOR_SHARE)
    block_widths = {name: width * n_tokens.get(name, 1) for name, width in widths.items()}
    X = np.empty((n_samples, sum(block_widths.values())), dtype=np.float32)
    readouts, signal_tokens = [], {}
    for name, columns in _columns(block_widths).items():
        block, block_shared, rows = X[:, columns], shared, slice(None)
        if name in n_tokens:  # what is drawn now are tokens, of which one a row counts
            signal_tokens[name] = rng.randint(n_tokens[name], size=n_samples)
            rows = np.arange(n_samples) * n_tokens[name] + signal_tokens[name]
            block = np.empty((n_samples * n_tokens[name], widths[name]), dtype=np.float32)
            block_shared = rng.standard_normal((len(block), _N_LATENTS))
            block_shared[rows] = shared
        projection = _fill_block(rng, block, block_shared)
        if name in n_tokens:
            signal = block[rows] + _draw_mark(rng, widths[name])
            block *= _OTHER_TOKENS
            block[rows] = signal
        if name == "text":
            block /= np.linalg.norm(block, axis=1, keepdims=True)
        readouts.append(_read_block(rng, block[rows], projection))
        if name == "video":
            _put_tails_on(rng, block)
        if name in n_tokens:
            X[:, columns] = block.reshape(n_samples, -1)
    return X, readouts, signal_tokens


def _draw_mark(rng, width: int) -> np.ndarray:
    """Draw what tells the token that counts from the others."""
    direction = rng.standard_normal(width).astype(np.float32)
    return _MARK * direction / np.linalg.norm(direction)


def _columns(widths: dict[str, int]) -> dict[str, slice]:
    stops = np.cumsum(list(widths.values())).tolist()
    starts = [0, *stops]
    return {n: slice(*ends) for n, *ends in zip(widths, starts, stops, strict=False)}


def _fill_block(rng, block: np.ndarray, shared: np.ndarray) -> np.ndarray:
    """Draw one block in place; return the projection used, shape (_N_HIDDEN, width)."""
    n_samples, width = block.shape
    latents = np.hstack([shared, rng.standard_normal(shared.shape)])
    mixing = rng.standard_normal((latents.shape[1], _N_HIDDEN)) / np.sqrt(_N_LATENTS)
    hidden = _standardise(np.tanh(latents @ mixing)).astype(np.float32)  # (n_samples, _N_HIDDEN)
    projection = rng.standard_normal((_N_HIDDEN, width)).astype(np.float32)
    projection *= np.sqrt((1 - _FEATURE_NOISE) / _N_HIDDEN)
    # RandomState has no float32 and takes several times as long.
    fast_rng = np.random.default_rng(rng.randint(2**31, size=4))
    for start in range(0, n_samples, _CHUNK_ROWS):
        rows = slice(start, start + _CHUNK_ROWS)
        own = fast_rng.standard_normal(block[rows].shape, dtype=np.float32)
        own *= np.sqrt(_FEATURE_NOISE)
        np.add(own, hidden[rows] @ projection, out=block[rows])
    return projection


def _read_block(rng, block: np.ndarray, projection: np.ndarray) -> np.ndarray:
    """Read from a block the directions that matter, shape (n_samples, _N_READOUTS).

    They lie in the span of the projection, where the columns' own noise averages out.
    """
    directions = rng.standard_normal((_N_HIDDEN, _N_READOUTS)).astype(np.float32)
    return _standardise((block @ (projection.T @ directions)).astype(np.float64))


def _put_tails_on(rng, block: np.ndarray) -> None:
    """Give each column heavy tails, a scale and an offset, in place; can be undone by arcsinh."""
    width = block.shape[1]
    scale = rng.lognormal(sigma=_TAIL_SCALE_SPREAD, size=width).astype(np.float32)
    offset = rng.standard_normal(width).astype(np.float32)
    block *= _TAIL_WEIGHT
    np.sinh(block, out=block)
    block += offset
    block *= scale


def _compute_signal(rng, readouts: list[np.ndarray], n_targets: int) -> np.ndarray:
    """Compute what the features tell about each target, shape (n_samples, n_targets)."""

    def draw_coefficients(n_terms: int) -> np.ndarray:
        return _draw_related(rng, n_terms, n_targets)

    linear, curved, joint = np.zeros((3, len(readouts[0]), n_targets))
    for readout in readouts:
        weight = rng.uniform(*_MODALITY_WEIGHTS, size=n_targets)
        linear += weight * (readout @ draw_coefficients(_N_READOUTS))
        curved += weight * (np.sqrt(1 + readout**2) @ draw_coefficients(_N_READOUTS))
    for one, other in combinations(readouts, 2):
        products = np.tanh(one[:, :_N_JOINT]) * np.tanh(other[:, :_N_JOINT])
        joint += products @ draw_coefficients(_N_JOINT)

    parts = [(_LINEAR, linear), (_CURVED, curved), (_JOINT, joint)]
    signal = sum(np.sqrt(share) * _standardise(part) for share, part in parts)
    return np.clip(_standardise(signal), -_SIGNAL_LIMIT, _SIGNAL_LIMIT)


def _draw_residual(
    rng, n_samples: int, n_targets: int, creator_ids: np.ndarray | None
) -> np.ndarray:
    """Draw what the features do not tell about each target, shape (n_samples, n_targets)."""
    residual = _draw_related(rng, n_samples, n_targets)
    if creator_ids is not None:
        of_creator = _draw_related(rng, creator_ids.max() + 1, n_targets)
        residual = _mix(_standardise(of_creator[creator_ids]), residual, _CREATOR_SHARE)
    return np.clip(residual, -_NOISE_LIMIT, _NOISE_LIMIT)


def _remove_blocks(rng, X: np.ndarray, widths: dict[str, int], missing_rate: float) -> None:
    """Make blocks NaN at random, in place, but never all blocks of a row."""
    if missing_rate == 0:
        return
    missing = rng.uniform(size=(len(X), len(widths))) < missing_rate
    kept = rng.randint(len(widths), size=len(X))
    rows = np.flatnonzero(missing.all(axis=1))
    missing[rows, kept[rows]] = False
    for columns, rows in zip(_columns(widths).values(), missing.T, strict=True):
        X[rows, columns] = np.nan


def _draw_related(rng, n_rows: int, n_targets: int) -> np.ndarray:
    """Draw standard normal columns that are correlated, shape (n_rows, n_targets)."""
    common = rng.standard_normal((n_rows, 1))
    return _mix(common, rng.standard_normal((n_rows, n_targets)), _TARGET_SIMILARITY)


def _mix(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """Add independent values of variance one; `share` of the variance is the first's."""
    return np.sqrt(share) * one + np.sqrt(1 - share) * other


def _standardise(values: np.ndarray) -> np.ndarray:
    """Give columns mean 0 and standard deviation 1; constant ones become 0."""
    values = values - np.mean(values, axis=0)
    deviation = np.std(values, axis=0)
    return values / np.where(deviation > _CONSTANT, deviation, np.inf)


def _nmse(y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Normalised mean squared error of each target; NaN where the target is constant."""
    error = np.mean((y - prediction) ** 2, axis=0)
    variance = np.var(y, axis=0)
    return np.divide(error, variance, out=np.full_like(error, np.nan), where=variance > 0)


def _target_frame(y: np.ndarray, names: list[str]) -> pd.DataFrame | pd.Series:
    if y.ndim == 1:
        return pd.Series(y, name=names[0])
    return pd.DataFrame(y, columns=names)
