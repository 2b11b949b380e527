"""Transformers of scikit-learn and of ours that come before the networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sklearn
import torch
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils.fixes import parse_version
from torch import Tensor, nn

from ..baselines._median_imputer import MedianImputer
from ..encoders import AudioEncoder, ImageEncoder, TextEncoder, VideoEncoder
from ..pipeline import ModalityPipeline
from ..pipeline._target_transform import LogCounts
from ..preprocessing import BlockPCA, FloatColumns, GapFiller
from ._convert import convert, converts, no_export, part_of
from ._trees import Trees

# Random rows that tell copied columns from computed ones.
_N_PROBES = 8
# Whether StandardScaler rounds means and deviations to the rows' precision first.
_ROUNDS_MEANS = parse_version(sklearn.__version__) >= parse_version("1.8")


class _ByColumn(nn.Module):
    """Two operations on every column, each rounded as scikit-learn rounds it: to the same bits.

    Parameters
    ----------
    first, second : ndarray of shape (n_features,)
        Their second operands.
    """

    def __init__(self, first: np.ndarray, second: np.ndarray) -> None:
        super().__init__()
        self.first: Tensor
        self.second: Tensor
        self.register_buffer("first", torch.from_numpy(np.array(first, dtype=np.float64)))
        self.register_buffer("second", torch.from_numpy(np.array(second, dtype=np.float64)))

    @classmethod
    def joined(cls, modules: Sequence[_ByColumn]) -> _ByColumn:
        """Return what does for columns side by side what several do for theirs."""
        first = np.concatenate([module.first.numpy() for module in modules])
        return cls(first, np.concatenate([module.second.numpy() for module in modules]))


class Standardize(_ByColumn):
    """``(x - first) / second``."""

    def forward(self, x: Tensor) -> Tensor:
        return ((x - self.first).to(x.dtype) / self.second).to(x.dtype)


class Stretch(_ByColumn):
    """``x * first + second``."""

    def forward(self, x: Tensor) -> Tensor:
        return ((x * self.first).to(x.dtype) + self.second).to(x.dtype)


class Projection(nn.Module):
    """``(x - mean) @ axes``.

    Parameters
    ----------
    mean : ndarray of shape (n_features,)
    axes : ndarray of shape (n_features, n_components)
    """

    rounds = True

    def __init__(self, mean: np.ndarray, axes: np.ndarray) -> None:
        super().__init__()
        self.mean: Tensor
        self.axes: Tensor
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("axes", torch.tensor(axes, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) @ self.axes


class Fill(nn.Module):
    """Replace NaN by a value for each column, and append a flag for some of them.

    Parameters
    ----------
    values : ndarray of shape (n_features,)
        What to put in.
    chosen : ndarray of int
        Which of the filled columns, counted from 0, and of the flags, counted from
        n_features, are returned. A flag is 1 where the value was missing.
    """

    def __init__(self, values: np.ndarray, chosen: np.ndarray) -> None:
        super().__init__()
        self.values: Tensor
        self.chosen: Tensor
        self.changes_columns = not np.array_equal(chosen, np.arange(len(values)))
        self.register_buffer("values", torch.tensor(values, dtype=torch.float32))
        self.register_buffer("chosen", torch.from_numpy(np.asarray(chosen, dtype=np.int64)))

    @classmethod
    def joined(cls, modules: Sequence[Fill]) -> Fill:
        """Return what does for columns side by side what several do for theirs."""
        widths = [len(module.values) for module in modules]
        starts = np.cumsum([0, *widths])
        chosen = [
            own + start + np.where(own < width, 0, starts[-1] - width)
            for own, width, start in zip(
                (module.chosen.numpy() for module in modules), widths, starts, strict=False
            )
        ]
        values = np.concatenate([module.values.numpy() for module in modules])
        return cls(values, np.concatenate(chosen))

    def forward(self, x: Tensor) -> Tensor:
        missing = x.isnan()
        filled = torch.where(missing, self.values, x)
        if not self.changes_columns:
            return filled
        return torch.cat([filled, missing.to(x.dtype)], dim=1).index_select(1, self.chosen)


def _fill(values: np.ndarray, flagged: np.ndarray) -> Fill:
    """Fill in values, leaving out columns where that is NaN, then the flags of some columns."""
    kept = np.flatnonzero(~np.isnan(values))
    return Fill(np.nan_to_num(values), np.concatenate([kept, len(values) + flagged]))


class UnitRows(nn.Module):
    """Divide every row by its norm, unless that is zero."""

    rounds = True

    def __init__(self, norm: str) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        size = x.abs()
        if self.norm == "l1":
            norm = size.sum(dim=1, keepdim=True)
        elif self.norm == "max":
            norm = size.amax(dim=1, keepdim=True)
        else:
            norm = size.square().sum(dim=1, keepdim=True).sqrt()
        return x / torch.where(norm == 0, 1.0, norm)


class SignedLog(nn.Module):
    """``sign(x) log(1 + |x|)``."""

    rounds = True

    def forward(self, x: Tensor) -> Tensor:
        return torch.sign(x) * torch.log1p(x.abs())


class InverseLog(nn.Module):
    """``exp(x) - 1``, and no less than 0: counts."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.expm1(x).clamp_min(0)


@converts(ModalityPipeline)
def _modality_pipeline(pipeline: ModalityPipeline, place: str) -> nn.Module:
    steps = _pipeline(pipeline, place)
    transformer = pipeline.target_transformer_
    if transformer is None:
        return steps
    if not isinstance(transformer, LogCounts):
        raise TypeError(
            f"target_transform={pipeline.target_transform!r} cannot be exported, only 'log1p' "
            "can: export the last step, and transform its predictions back."
        )
    return nn.Sequential(steps, InverseLog())


@converts(Pipeline)
def _pipeline(pipeline: Pipeline, place: str) -> nn.Module:
    steps = [
        convert(step, part_of(place, name))
        for name, step in pipeline.steps
        if step is not None and not isinstance(step, str)
    ]
    trees = [module for module in steps[-1].modules() if isinstance(module, Trees)]
    if trees and any(hasattr(each, "rounds") for step in steps[:-1] for each in step.modules()):
        computed = _computed_columns(nn.Sequential(*steps[:-1]), int(pipeline.n_features_in_))
        for each in trees:
            each.forgive_rounding(computed)
    return nn.Sequential(*steps)


def _computed_columns(steps: nn.Module, n_features: int) -> Tensor:
    """Tell which columns that come out are no copies of those that go in."""
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(_N_PROBES, n_features, generator=generator)
    known = {tuple(column) for column in rows.T.tolist()}
    return torch.tensor([tuple(column) not in known for column in steps(rows).T.tolist()])


@converts(StandardScaler)
def _standard_scaler(scaler: StandardScaler, place: str) -> nn.Module:
    width = scaler.n_features_in_
    shift = scaler.mean_ if scaler.with_mean else np.zeros(width)
    scale = scaler.scale_ if scaler.with_std else np.ones(width)
    precision = np.float32 if _ROUNDS_MEANS else np.float64
    return Standardize(shift.astype(precision), scale.astype(precision))


@converts(RobustScaler)
def _robust_scaler(scaler: RobustScaler, place: str) -> nn.Module:
    width = scaler.n_features_in_
    shift = scaler.center_ if scaler.with_centering else np.zeros(width)
    return Standardize(shift, scaler.scale_ if scaler.with_scaling else np.ones(width))


@converts(MaxAbsScaler)
def _max_abs_scaler(scaler: MaxAbsScaler, place: str) -> nn.Module:
    return Standardize(np.zeros(scaler.n_features_in_), scaler.scale_)


@converts(MinMaxScaler)
def _min_max_scaler(scaler: MinMaxScaler, place: str) -> nn.Module:
    if scaler.clip:
        raise no_export(place, "its values are clipped (clip=True)")
    return Stretch(scaler.scale_, scaler.min_)


@converts(Normalizer)
def _normalizer(normalizer: Normalizer, place: str) -> nn.Module:
    return UnitRows(normalizer.norm)


@converts(SimpleImputer, MedianImputer)
def _simple_imputer(imputer: SimpleImputer, place: str) -> nn.Module:
    missing: Any = imputer.missing_values
    if not (isinstance(missing, float) and np.isnan(missing)):
        raise no_export(place, f"it takes {missing!r} for missing, only NaN can be")
    flagged = imputer.indicator_.features_ if imputer.add_indicator else np.array([], dtype=int)
    return _fill(np.asarray(imputer.statistics_, dtype=float), flagged)


@converts(PCA)
def _pca(pca: PCA, place: str) -> nn.Module:
    axes = pca.components_.T
    if pca.whiten:
        axes = axes / np.sqrt(np.maximum(pca.explained_variance_, np.finfo(axes.dtype).tiny))
    return Projection(pca.mean_, axes)


@converts(TruncatedSVD)
def _truncated_svd(svd: TruncatedSVD, place: str) -> nn.Module:
    return Projection(np.zeros(svd.n_features_in_), svd.components_.T)


class FirstColumns(nn.Module):
    """Keep the first columns."""

    def __init__(self, n_columns: int) -> None:
        super().__init__()
        self.n_columns = n_columns

    def forward(self, x: Tensor) -> Tensor:
        return x[:, : self.n_columns]


@converts(BlockPCA)
def _block_pca(transformer: BlockPCA, place: str) -> nn.Module:
    if transformer.pca_ is not None:
        inner = convert(transformer.pca_, place)
        return nn.Sequential(inner, FirstColumns(transformer.n_components_))
    return SignedLog() if transformer.log_narrow else nn.Identity()


@converts(FloatColumns)
def _float_columns(transformer: FloatColumns, place: str) -> nn.Module:
    if transformer.kinds_ is None:
        return nn.Identity()
    raise no_export(
        place,
        "it makes numbers of columns of other kinds "
        f"({', '.join(sorted(set(transformer.kinds_)))}). Keep the pipeline's first step in "
        "Python, and export what comes after it: to_module(pipeline[1:])",
    )


@converts(TextEncoder, ImageEncoder, VideoEncoder, AudioEncoder)
def _encoder(encoder: Any, place: str) -> nn.Module:
    raise no_export(
        place,
        "encoders stay outside. Make vectors with it first and fit a pipeline on them, or keep "
        "the steps before the last in Python: to_module(pipeline[-1])",
        encoder,
    )


@converts(GapFiller)
def _gap_filler(filler: GapFiller, place: str) -> nn.Module:
    return _fill(np.asarray(filler.medians_, dtype=float), np.asarray(filler.marked_, dtype=int))
