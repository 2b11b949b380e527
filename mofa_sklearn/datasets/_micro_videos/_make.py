"""Make micro-videos: embeddings of several modalities and counts that depend on them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from numbers import Integral, Real
from types import MappingProxyType

import numpy as np
import pandas as pd
from sklearn.utils import Bunch, check_random_state

from ..._sklearn_private import Interval, validate_params
from ._embeddings import fill_embeddings, fill_tokens
from ._numbers import fill_numbers, read_numbers
from ._rows import columns_of, draw_creators, draw_latents, remove_blocks
from ._targets import compute_signal, draw_residual, nmse, target_name, target_scale

# Widths of the embeddings of CLIP-RN50 (cover), VideoMAE (motion) and BGE-M3 (description).
_DEFAULT_MODALITIES = MappingProxyType({"image": 1024, "video": 768, "text": 1024})

_DESCR = """\
Synthetic micro-videos with {n_samples} rows and {n_targets} target(s).

Modalities: {widths}.{sequences}{numbers} Targets: log(1 + count) of {targets}.
{noise:.0%} of a target's variance is noise. Made by mofa_sklearn.datasets.make_micro_videos.
"""


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "modalities": [Mapping],
        "n_tokens": [Mapping, None],
        "numeric_modalities": [Collection, None],
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
    numeric_modalities: Collection[str] | None = None,
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
    numeric_modalities : collection of str, default=None
        Modalities that are blocks of raw numbers, as they are recorded beside a video, rather
        than embeddings. Their columns are, over and over: a count over several orders of
        magnitude, a flag, a number of few values, a small count that mostly is zero, and a share
        of which many are zero or one. Three quarters of what can be known of the targets lies in
        them: in steps, where a column passes a threshold, and in pairs of these. Trees find it
        easily, networks and linear models do not. None: all modalities are embeddings.
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
        numeric_modalities : list of str
            The modalities that are raw numbers.
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
        numbers below 1, `numeric_modalities` names another one or a sequence, or there are more
        creators than videos.

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

    With `numeric_modalities`, :math:`s_t` is that of the embeddings, as above, and of the numbers,

    .. math:: \sum_i u_{it}\, h_i + \sum_j v_{jt}\, h_{j1} h_{j2},

    in which each :math:`h` is 1 where a column is above a threshold of its own and -1 elsewhere;
    both sums make up half of the variance, and both together three quarters of that of
    :math:`s_t`, or all of it where there are no embeddings.

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

    Raw numbers beside an embedding:

    >>> X, y = make_micro_videos(
    ...     100, modalities={"social": 4, "text": 8}, numeric_modalities=["social"], random_state=0
    ... )
    >>> X[:2, :4].round().tolist()
    [[1611.0, 0.0, 60.0, 13.0], [387.0, 0.0, 90.0, 4.0]]
    """
    widths = _check_modalities(modalities)
    n_tokens = _check_n_tokens(n_tokens, widths)
    numeric = _check_numeric_modalities(numeric_modalities, widths, n_tokens)
    rng = check_random_state(random_state)
    creator_ids = draw_creators(rng, n_samples, n_creators)
    X, signal, signal_tokens = _draw_features(
        rng, widths, n_tokens, numeric, n_targets, n_samples, creator_ids
    )
    residual = draw_residual(rng, n_samples, n_targets, creator_ids)
    token_widths = widths
    widths = {name: width * n_tokens.get(name, 1) for name, width in widths.items()}
    remove_blocks(rng, X, widths, missing_rate)

    mean, scale = np.array([target_scale(i) for i in range(n_targets)]).T
    conditional_mean = mean + scale * np.sqrt(1 - noise) * signal
    y = (conditional_mean + scale * np.sqrt(noise) * residual).astype(np.float32)
    best_nmse = nmse(y.astype(np.float64), conditional_mean)
    if n_targets == 1:
        y, conditional_mean = y[:, 0], conditional_mean[:, 0]

    target_names = [target_name(i) for i in range(n_targets)]
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
        numeric_modalities=numeric,
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
            numbers=f" Raw numbers: {', '.join(numeric)}." if numeric else "",
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
                f"modality {name!r} needs another name in modalities: a string that is not empty, "
                "has no '__' and does not end in '_', so that it can be told from its columns' "
                "names"
            )
        if not isinstance(width, Integral) or isinstance(width, bool) or width < 1:
            raise ValueError(
                f"modality {name!r} has width {width!r} in modalities; expected an int from 1 on"
            )
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


def _check_numeric_modalities(
    names: Collection[str] | None, widths: Mapping[str, int], n_tokens: Mapping[str, int]
) -> list[str]:
    if isinstance(names, str):
        raise ValueError(f"numeric_modalities is {names!r}; expected a list of names")
    names = [] if names is None else list(names)
    for name in names:
        if name not in widths:
            raise ValueError(
                f"numeric_modalities names {name!r}; the modalities are {list(widths)}"
            )
        if name in n_tokens:
            raise ValueError(f"modality {name!r} is both a sequence and numeric")
    return [name for name in widths if name in names]


def _draw_features(
    rng,
    widths: dict[str, int],
    n_tokens: dict[str, int],
    numeric: list[str],
    n_targets: int,
    n_samples: int,
    creator_ids: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Draw the blocks, and what they tell about the targets.

    Returns X, shape (n_samples, n_features), the signal, shape (n_samples, n_targets), and of
    each sequence the positions of the tokens that count.
    """
    shared = draw_latents(rng, n_samples, creator_ids)
    block_widths = {name: width * n_tokens.get(name, 1) for name, width in widths.items()}
    X = np.empty((n_samples, sum(block_widths.values())), dtype=np.float32)
    readouts, of_numbers, signal_tokens = [], [], {}
    for name, columns in columns_of(block_widths).items():
        block = X[:, columns]
        if name in numeric:
            fill_numbers(rng, block, shared)
            of_numbers.append(read_numbers(rng, block, n_targets))
        elif name in n_tokens:
            readout, signal_tokens[name] = fill_tokens(rng, name, block, shared, n_tokens[name])
            readouts.append(readout)
        else:
            readouts.append(fill_embeddings(rng, name, block, shared))
    return X, compute_signal(rng, readouts, of_numbers, n_targets), signal_tokens


def _target_frame(y: np.ndarray, names: list[str]) -> pd.DataFrame | pd.Series:
    if y.ndim == 1:
        return pd.Series(y, name=names[0])
    return pd.DataFrame(y, columns=names)
