"""Words, pictures, videos and sounds to vectors."""

from ._audio import AudioEncoder
from ._errors import ModelNotFoundError, UnreadableCellError, VectorMemoryError
from ._image import ImageEncoder
from ._text import TextEncoder
from ._video import VideoEncoder

__all__ = [
    "AudioEncoder",
    "ImageEncoder",
    "ModelNotFoundError",
    "TextEncoder",
    "UnreadableCellError",
    "VectorMemoryError",
    "VideoEncoder",
]
