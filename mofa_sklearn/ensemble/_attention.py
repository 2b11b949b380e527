"""What the members of an ensemble attend to: their mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted


def _members_have(name: str):
    """Return a check that the members, or what they will be clones of, have a method."""

    def check(ensemble) -> bool:
        members = getattr(ensemble, "estimators_", None) or [ensemble._member_template()]
        for member in members:
            getattr(member, name)
        return True

    return check


class AveragesAttention:
    """Mixin of ensembles: the attention of members that have one."""

    estimators_: list

    @available_if(_members_have("modality_attention"))
    def modality_attention(self, X: Any) -> pd.DataFrame:
        """Tell how much each modality weighs in each row: the mean over the members.

        Companions, which have no such weights, are left out.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        DataFrame of shape (n_samples, n_modalities)
            Non-negative weights, a column for each modality; rows sum to one. A
            DataFrame's index is kept.
        """
        check_is_fitted(self, "estimators_")
        return _mean([member.modality_attention(X) for member in self.estimators_])

    @available_if(_members_have("token_attention"))
    def token_attention(self, X: Any, modality: str) -> Any:
        """Tell how much each token of a modality weighs in each row: the mean of the members.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows.

        modality : str
            Its name.

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, n_tokens)
            As the members return them.
        """
        check_is_fitted(self, "estimators_")
        return _mean([member.token_attention(X, modality) for member in self.estimators_])


def _mean(weights: Sequence[Any]) -> Any:
    mean = np.mean([np.asarray(each) for each in weights], axis=0)
    first = weights[0]
    if isinstance(first, pd.DataFrame):
        return pd.DataFrame(mean, index=first.index, columns=first.columns)
    return mean
