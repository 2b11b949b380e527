"""What tab completion offers."""

from __future__ import annotations


class CompletesWhatIsThere:
    """Mixin of estimators whose ``dir()`` leaves out what they do not have at present.

    That is methods that depend on a parameter (``available_if``), and properties that
    depend on a fit.
    """

    def __dir__(self) -> list[str]:
        names = super().__dir__()
        return [name for name in names if name.startswith("_") or hasattr(self, name)]
