"""What the names of columns tell."""

from __future__ import annotations

#: The name of the only block of a matrix whose columns have no names.
UNNAMED_MODALITY = "x"


def modality_of(column: str) -> str | None:
    """Return the modality that a column's name tells, None where it tells none.

    Parameters
    ----------
    column : str
        A column's name.

    Returns
    -------
    str or None
        The part before the first ``"__"``, else before a last ``"_<digits>"``.

    Examples
    --------
    >>> from mofa_sklearn.modalities._names import modality_of
    >>> modality_of("text__pca0"), modality_of("cover_image_17"), modality_of("age")
    ('text', 'cover_image', None)
    """
    prefix, separator, _ = column.partition("__")
    if separator and prefix:
        return prefix
    prefix, separator, number = column.rpartition("_")
    return prefix if separator and prefix and number.isdecimal() else None
