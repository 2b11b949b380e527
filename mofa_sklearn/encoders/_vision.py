"""Networks of transformers (and of timm through it) that see."""

from __future__ import annotations

import numpy as np
import torch

from ..training.devices import resolve_device
from ._find_model import FoundModel
from ._loading import Model, load_processor, load_transformer, torch_dtype
from ._pooling import as_tokens, pool_tokens, pooled_output

# How networks call the parameter of the token that stands for the whole picture.
_CLS = ("cls_token", "class_token", "class_embedding")
# Networks that fit the places of their frames to any number of them.
_ANY_NUMBER_OF_FRAMES = {"timesformer", "vjepa2"}


class VisionModel(Model):
    """A network that takes pictures, or clips of them.

    Parameters
    ----------
    found : FoundModel
        Where it is.

    pooling : str
        Of its tokens.

    device, dtype : str
        As the encoder's.
    """

    def __init__(self, found: FoundModel, pooling: str, device: str, dtype: str):
        assert found.folder is not None
        self.device = resolve_device(device)
        self.dtype = torch_dtype(dtype, self.device)
        self.network, missing = load_transformer(found.folder, self.device, self.dtype)
        config = self.network.config
        n_frames = getattr(config, "num_frames", None)
        self.takes_clips = n_frames is not None or hasattr(config, "frames_per_clip")
        #: Frames of a clip, of a network that takes clips of so many and no others.
        self.n_frames = None if config.model_type in _ANY_NUMBER_OF_FRAMES else n_frames
        classes = ["AutoImageProcessor"]
        if self.takes_clips:
            classes.append("AutoVideoProcessor")
        self.processor = load_processor(found.folder, *classes)
        self.pooling = pooling
        self._pooler_is_trained = not any("pooler" in key for key in missing)
        self._tower = getattr(self.network, "vision_model", self.network)
        name = getattr(self._tower, "main_input_name", "")
        self._input = name if name.startswith("pixel") else "pixel_values"
        self._has_cls = any(name.endswith(_CLS) for name, _ in self._tower.named_parameters())
        if pooling == "cls" and not self._has_cls:
            raise ValueError(
                f"pooling='cls': the {config.model_type} in {found.folder} has no token that "
                "stands for the whole picture; take 'auto', 'mean' or 'max'."
            )

    @torch.inference_mode()
    def encode(self, cells: list) -> list[np.ndarray]:
        """Return vectors of pictures, or of clips (lists of pictures)."""
        pixels = self._pixels(cells)
        if self.pooling == "auto":
            return list(self._vectors(pixels))
        tokens = as_tokens(self._tower(**{self._input: pixels}).last_hidden_state)
        return pool_tokens(tokens, None, self.pooling)

    def _pixels(self, cells: list) -> torch.Tensor:
        prepared = self.processor(cells, return_tensors="pt")
        name = "pixel_values" if "pixel_values" in prepared else "pixel_values_videos"
        return prepared[name].to(self.device, self.dtype)

    def _vectors(self, pixels: torch.Tensor) -> np.ndarray:
        """Return what the network's authors take for the vector of a picture."""
        if hasattr(self.network, "get_image_features"):
            return pooled_output(self.network.get_image_features(pixel_values=pixels))
        given = self._tower(**{self._input: pixels})
        if getattr(given, "pooler_output", None) is not None and self._pooler_is_trained:
            return pooled_output(given)
        tokens = as_tokens(given.last_hidden_state)
        return np.stack(pool_tokens(tokens, None, "cls" if self._has_cls else "mean"))
