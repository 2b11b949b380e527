"""What goes wrong with files."""

from sklearn.exceptions import InconsistentVersionWarning


class PersistenceError(ValueError):
    """An estimator cannot be stored, or a file cannot be loaded: foreign, damaged, not trusted."""


class VersionWarning(InconsistentVersionWarning):
    """A file was written with other versions of the packages than those that read it."""

    def __init__(self, message: str) -> None:
        # The base class tells of one estimator and of scikit-learn alone.
        Warning.__init__(self, message)

    def __str__(self) -> str:
        return str(self.args[0])
