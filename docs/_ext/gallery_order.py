"""In which order the gallery shows its examples: the first question of a user first."""

from pathlib import Path

# Words in the names of the scripts. Those that match none come last, by name.
QUESTIONS = [
    "first",
    "table",
    "group",
    "tun",
    "baseline",
    "blend",
    "raw",
    "missing",
    "interval",
    "genre",
    "label",
    "ordinal",
    "fusion",
    "analy",
    "dask",
]


class GalleryOrder:
    """A sort key for sphinx-gallery, which makes one for each folder."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, file_name):
        stem = Path(file_name).stem
        ranks = (rank for rank, word in enumerate(QUESTIONS) if word in stem)
        return next(ranks, len(QUESTIONS)), stem

    def __repr__(self):
        return "GalleryOrder"  # without an address, so that nothing is rebuilt for it
