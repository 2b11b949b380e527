"""What a notebook shows of estimators: their modalities, members and weights.

scikit-learn draws an estimator as blocks inside blocks, and asks it for its own
(``_sk_visual_block_``). All texts are escaped by scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

from .._sklearn_private import _VisualBlock

_MAX_SHOWN = 6


class ShowsModalities:
    """Mixin of estimators with `modalities`, whose block tells their names and widths."""

    def _sk_visual_block_(self) -> _VisualBlock:
        return _VisualBlock(
            "single",
            self,
            names=type(self).__name__,
            name_details=str(self),
            name_caption=caption_of(widths_of(self)),
        )


def widths_of(estimator: Any) -> dict[str, int | None]:
    """Return the width of every modality, as far as it is known.

    Parameters
    ----------
    estimator : estimator
        One with the parameter `modalities`, fitted or not.

    Returns
    -------
    dict of str to int or None
        None where the width is not known before `fit`; empty where the modalities are
        not.
    """
    if hasattr(estimator, "modalities_"):
        return {name: len(positions) for name, positions in estimator.modalities_.items()}
    if not isinstance(estimator.modalities, Mapping):
        return {}
    return {
        str(name): int(columns) if isinstance(columns, Integral) else None
        for name, columns in estimator.modalities.items()
    }


def caption_of(widths: Mapping[str, int | None]) -> str | None:
    """Write down modalities in one short line.

    Parameters
    ----------
    widths : mapping of str to int or None
        What :func:`widths_of` returns.

    Returns
    -------
    str or None
        None where there is nothing to tell.

    Examples
    --------
    >>> from mofa_sklearn._repr._html import caption_of
    >>> caption_of({"image": 1024, "text": 768})
    'image 1024, text 768'
    """
    if not widths:
        return None
    texts = [name if width is None else f"{name} {width}" for name, width in widths.items()]
    if len(texts) > _MAX_SHOWN:
        texts = [*texts[: _MAX_SHOWN - 1], f"... ({len(texts)} modalities)"]
    return ", ".join(texts)


def preprocessor_block(
    default: Any, named: Mapping[str, Any], widths: Mapping[str, int | None]
) -> _VisualBlock:
    """Draw the transformers of a ModalityPreprocessor side by side.

    Parameters
    ----------
    default : transformer or "passthrough"
        That of all modalities which have none of their own.
    named : mapping of str to transformer or "passthrough"
        Those of single modalities.
    widths : mapping of str to int or None
        What :func:`widths_of` returns.

    Returns
    -------
    _VisualBlock
    """
    others = caption_of({name: width for name, width in widths.items() if name not in named})
    # What stands before the colon is the prefix of the transformer's parameters.
    labels = {"default": f"default: {others}" if others else "default"}
    for name in named:
        width = widths.get(name)
        labels[name] = name if width is None else f"{name}: {width} columns"
    steps = {"default": default, **named}
    if widths and not others and named:
        del steps["default"]
    return _VisualBlock("parallel", list(steps.values()), names=[labels[name] for name in steps])


def ensemble_block(
    member: Any,
    n_members: int | None,
    companions: Sequence[tuple[str, Any]] = (),
    shares: Mapping[str, float] | None = None,
) -> _VisualBlock:
    """Draw one member of an ensemble, and its companions beside it.

    Parameters
    ----------
    member : estimator
        A fitted member, or what members will be clones of.
    n_members : int or None
        How many there are; None before the fit.
    companions : sequence of (str, estimator), default=()
        Those of a K-fold ensemble.
    shares : mapping of str to float, default=None
        The mean weight of the members, called "estimator", and of each companion; None
        before the fit.

    Returns
    -------
    _VisualBlock
    """
    label = "estimator" if n_members is None else f"estimator: {n_members} members"
    if not companions:
        return _VisualBlock("parallel", [member], names=[label])
    shares = shares or {}
    label = ", ".join(filter(None, [label, _share(shares.get("estimator"))]))
    beside = [_companion_block(name, each, shares.get(name)) for name, each in companions]
    return _VisualBlock("parallel", [member, *beside], names=[label, *[None] * len(beside)])


def _companion_block(name: str, companion: Any, share: float | None) -> _VisualBlock:
    kind = type(companion).__name__
    return _VisualBlock(
        "single",
        companion,
        names=name,
        name_details=str(companion),
        name_caption=", ".join(filter(None, [kind, _share(share)])),
    )


def blend_block(
    parts: Sequence[tuple[str, Any]], shares: Mapping[str, float] | None = None
) -> _VisualBlock:
    """Draw the parts of a blend side by side.

    Parameters
    ----------
    parts : sequence of (str, estimator or "drop")
        The parts, fitted or not.
    shares : mapping of str to float, default=None
        The mean weight of every part that is not dropped; None before the fit.

    Returns
    -------
    _VisualBlock
    """
    labels = [
        f"{name}: {_share(shares[name])}" if shares and name in shares else name
        for name, _ in parts
    ]
    return _VisualBlock("parallel", [part for _, part in parts], names=labels)


def _share(share: float | None) -> str | None:
    return None if share is None else f"mean weight {share:.2f}"
