"""What functions and methods are tried with, fitted once."""

from functools import cache

from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import (
    BlendRegressor,
    KFoldEnsembleClassifier,
    KFoldEnsembleRegressor,
    ModalityPipeline,
    MoFAClassifier,
    MoFARegressor,
)
from mofa_sklearn.evaluation import compare

from . import _data
from ._estimators import TINY

MODELS = {"ridge": Ridge(), "flat": Ridge(1e3), "none": Ridge(1e6)}
#: Two modalities of sequences, whose order can be asked for.
TOKENS = {"a": 3, "b": 2}


@cache
def ridges():
    return KFoldEnsembleRegressor(Ridge(), cv=3, random_state=0).fit(_data.X, _data.Y)


@cache
def flat_ridges():
    return KFoldEnsembleRegressor(Ridge(1e4), cv=3, random_state=0).fit(_data.X, _data.Y)


@cache
def logistics():
    ensemble = KFoldEnsembleClassifier(LogisticRegression(), cv=3, random_state=0)
    return ensemble.fit(_data.X, _data.LEVELS)


@cache
def blend():
    parts = [("a", Ridge()), ("b", Ridge(1e3))]
    return BlendRegressor(parts, cv=3, random_state=0).fit(_data.X, _data.Y)


@cache
def network():
    return MoFARegressor(**{**TINY, "tokens": TOKENS}).fit(_data.X, _data.Y)


@cache
def networks():
    estimator = MoFARegressor(**{**TINY, "tokens": TOKENS})
    return KFoldEnsembleRegressor(estimator, cv=2, random_state=0).fit(_data.X, _data.Y)


@cache
def class_network():
    return MoFAClassifier(**{**TINY, "tokens": TOKENS}).fit(_data.X, _data.LEVELS)


@cache
def class_networks():
    estimator = MoFAClassifier(**{**TINY, "tokens": TOKENS})
    return KFoldEnsembleClassifier(estimator, cv=2, random_state=0).fit(_data.X, _data.LEVELS)


def _pipeline_of(last):
    return ModalityPipeline([("scale", StandardScaler()), ("last", last)])


@cache
def pipeline():
    last = KFoldEnsembleRegressor(Ridge(), cv=3, random_state=0)
    return _pipeline_of(last).fit(_data.X, _data.Y)


@cache
def class_pipeline():
    last = KFoldEnsembleClassifier(LogisticRegression(), cv=3, random_state=0)
    return _pipeline_of(last).fit(_data.X, _data.LEVELS)


@cache
def network_pipeline():
    return _pipeline_of(MoFARegressor(**{**TINY, "tokens": TOKENS})).fit(_data.X, _data.Y)


@cache
def scores():
    return compare(MODELS, _data.X, _data.Y, cv=4, verbose=0, random_state=0)


@cache
def predictions():
    return ridges().predict(_data.X)


@cache
def attention():
    return network().modality_attention(_data.X)
