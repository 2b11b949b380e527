"""The network: encoders, fusion, trunk and head."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from .dropout import random_bytes
from .layers import encoder, head, is_known_to_hold, trunk
from .numeric import MAX_NUMERIC_WIDTH, NumericEncoder
from .residual import ResidualFeatures
from .stand_ins import StandIns
from .tokens import TokenEncoder, Tokens

# What a fusion is given if its constructor has a parameter of that name.
_OFFERED = {"n_outputs", "dropout", "modality_names"}


class _Encoded(NamedTuple):
    """What the encoders make of rows."""

    encodings: Tensor  # (batch, n_modalities, encoding_dim), zero where a modality is not there
    present: Tensor  # bool, (batch, n_modalities)
    is_complete: bool  # whether all modalities are known to be there
    tokens: list[Tokens | None]  # of each modality, None for one that is no sequence


class MoFANetwork(nn.Module):
    """Predict targets from the blocks of one matrix.

    All shapes may have a leading members axis, see
    :func:`mofa_sklearn.networks.stacking.stack_modules`.

    Parameters
    ----------
    widths : sequence of int
        Width of every block; the blocks lie side by side in the input.

    n_outputs : int
        Width of a prediction: the number of targets, for most losses.

    fusion : type of nn.Module, or functools.partial of one
        One of :data:`mofa_sklearn.networks.fusions.FUSIONS`, or a class of the same
        interface.

    hidden_dim : int, default=512
        Width of the layer after the fusion; those behind it have a half and a quarter
        of it.

    dropout : float, default=0.2
        Dropout rate of every layer (the widest, after the fusion, has 1.25
        times as much).

    modality_dropout : float, default=0.0
        Probability that a modality of a row is hidden in a training step. One
        modality of each row always stays.

    modality_names : sequence of str, default=None
        Names of the modalities, for fusions that ask for them.

    residual_features : bool, default=False
        Whether the fusion also gets what sets each encoding apart from the others',
        see :class:`.residual.ResidualFeatures`.

    tokens : sequence of int or None, default=None
        For every block the number of tokens that lie one after the other in it, see
        :class:`.tokens.TokenEncoder`; None for a block that is one vector. None: all are.

    numeric_embedding : {"piecewise_linear"} or None, default=None
        What narrow blocks are taken for numbers with, see :class:`.numeric.PiecewiseLinear`;
        None: they are encoded as wide ones are.

    encoding_dim : int, default=None
        Width of an encoding; None: `hidden_dim`.

    Attributes
    ----------
    learning_modality : int or None
        The only modality whose encoder learns from the present training step; None:
        all do. Set for the time of an alternating training.
    """

    def __init__(
        self,
        widths: Sequence[int],
        n_outputs: int,
        fusion: Callable[..., nn.Module],
        hidden_dim: int = 512,
        dropout: float = 0.2,
        modality_dropout: float = 0.0,
        modality_names: Sequence[str] | None = None,
        residual_features: bool = False,
        tokens: Sequence[int | None] | None = None,
        numeric_embedding: str | None = None,
        encoding_dim: int | None = None,
    ) -> None:
        super().__init__()
        self.widths = list(widths)
        self.modality_dropout = modality_dropout
        self.modality_strength = 1.0  # what part of it is in force
        #: What a network of the same shape is made with.
        self.arguments = {
            "widths": self.widths,
            "n_outputs": n_outputs,
            "fusion": fusion,
            "hidden_dim": hidden_dim,
            "dropout": dropout,
            "modality_dropout": modality_dropout,
            "modality_names": None if modality_names is None else list(modality_names),
            "residual_features": residual_features,
            "tokens": None if tokens is None else list(tokens),
            "numeric_embedding": numeric_embedding,
            "encoding_dim": encoding_dim,
        }
        encoding_dim = hidden_dim if encoding_dim is None else encoding_dim
        self.learning_modality: int | None = None
        self.generator: torch.Generator | None = None
        #: The number of tokens of every block, None for one that is no sequence.
        self.tokens = [None] * len(self.widths) if tokens is None else list(tokens)
        self.encoders = nn.ModuleList(
            self._make_encoder(width, n_tokens, encoding_dim, dropout)
            for width, n_tokens in zip(self.widths, self.tokens, strict=True)
        )
        self.fusion = _make_fusion(fusion, encoding_dim, self.arguments)
        fused_dim: Any = self.fusion.fused_dim
        decides = fused_dim is None  # what it returns is the prediction
        self.trunk = nn.Identity() if decides else trunk(fused_dim, hidden_dim, dropout)
        self.head = nn.Identity() if decides else head(hidden_dim, n_outputs, dropout)
        self.residuals = ResidualFeatures(encoding_dim) if residual_features else None
        self.stand_ins = StandIns(len(self.widths), encoding_dim)

    def forward(
        self, x: Tensor, with_penalty: bool = False
    ) -> Tensor | tuple[Tensor, Tensor | None]:
        """Predict.

        Parameters
        ----------
        x : Tensor of shape (batch, sum of widths)
            Rows, NaN throughout a block where its modality is missing.
        with_penalty : bool, default=False
            Whether to return the fusion's penalty, too.

        Returns
        -------
        prediction : Tensor of shape (batch, n_outputs)
        penalty : Tensor of shape (batch,) or None
            What training adds to each row's loss; None for most fusions.
        """
        encoded = self._encode_blocks(x)
        if not (self.training or encoded.is_complete):
            encoded = self._with_stand_ins(encoded)
        fused, _, penalty = self._fuse(encoded)
        prediction = self.head(self.trunk(fused))
        return (prediction, penalty) if with_penalty else prediction

    def fuse(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Encode and fuse the blocks.

        Parameters
        ----------
        x : Tensor of shape (batch, sum of widths)
            Rows, NaN throughout a block where its modality is missing.

        Returns
        -------
        fused : Tensor of shape (batch, fusion.fused_dim)
            Or the predictions, of a fusion that makes them itself.
        weights : Tensor of shape (batch, n_modalities) or None
            None for a fusion without weights.
        """
        fused, weights, _ = self._fuse(self._encode_blocks(x))
        return fused, weights

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Encode the blocks.

        Parameters
        ----------
        x : Tensor of shape (batch, sum of widths)
            Rows, NaN throughout a block where its modality is missing.

        Returns
        -------
        encodings : Tensor of shape (batch, n_modalities, encoding_dim)
            Zero where a modality is missing or hidden.
        present : bool Tensor of shape (batch, n_modalities)
            Which modalities are there, and not hidden.
        """
        encoded = self._encode_blocks(x)
        return encoded.encodings, encoded.present

    def token_weights(self, x: Tensor, position: int) -> Tensor:
        """Tell how much each token of a modality counts.

        Parameters
        ----------
        x : Tensor of shape (batch, sum of widths)
            Rows, NaN throughout a block where its modality is missing.
        position : int
            The modality's; it has to be a sequence.

        Returns
        -------
        Tensor of shape (batch, n_tokens)
            Rows sum to one; zero where a token is not there, and where none is.
        """
        encoded = self._encode_blocks(x)
        fusion: Any = self.fusion
        if _asks_tokens(fusion):
            encodings, present, _, tokens = self._with_stand_ins(encoded)
            if self.residuals is not None:
                encodings = self.residuals(encodings, present)
            return fusion.token_weights(encodings, present, tokens)[position]
        tokens_there: Any = encoded.tokens[position]
        return tokens_there.weights()

    def _make_encoder(
        self, width: int, n_tokens: int | None, encoding_dim: int, dropout: float
    ) -> nn.Module:
        if n_tokens is not None:
            return TokenEncoder(width, n_tokens, encoding_dim, dropout)
        if self.arguments["numeric_embedding"] is not None and width <= MAX_NUMERIC_WIDTH:
            return NumericEncoder(width, encoding_dim, dropout)
        return encoder(width, encoding_dim, dropout)

    def _encode_blocks(self, x: Tensor) -> _Encoded:
        blocks = x.split(self.widths, dim=-1)
        # A block is NaN throughout or not at all, so its first column tells.
        present = ~torch.stack([block[..., 0] for block in blocks], dim=-1).isnan()
        for position, n_tokens in enumerate(self.tokens):
            if n_tokens is not None:  # but any token of a sequence will do
                own: Any = self.encoders[position]
                present[..., position] = own.which_are_there(blocks[position]).any(dim=-1)
        is_complete = is_known_to_hold(present.all())
        if not is_complete:
            blocks = [
                block.nan_to_num() if n_tokens is None else block
                for block, n_tokens in zip(blocks, self.tokens, strict=True)
            ]
        hidden = self.modality_dropout * self.modality_strength if self.training else 0.0
        if hidden > 0:
            present = self._hide_modalities(present, hidden)
            is_complete = False
        encodings, tokens = zip(*(self._encode(*item) for item in enumerate(blocks)), strict=True)
        stacked = torch.stack(encodings, dim=-2)  # (batch, n_modalities, encoding_dim)
        # Stacked networks that share their rows share `present`, too: give each its own.
        present = present.expand(stacked.shape[:-1])
        if not is_complete:
            stacked = stacked * present.unsqueeze(-1)
        return _Encoded(stacked, present, is_complete, list(tokens))

    def _with_stand_ins(self, encoded: _Encoded) -> _Encoded:
        encodings, present = self.stand_ins(encoded.encodings, encoded.present)
        return encoded._replace(encodings=encodings, present=present)

    def _fuse(self, encoded: _Encoded) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Return fused vectors, weights and penalty."""
        stacked, present, _, tokens = encoded
        if self.residuals is not None:
            stacked = self.residuals(stacked, present)
        asked = [tokens] if _asks_tokens(self.fusion) else []
        fused, weights, *penalty = self.fusion(stacked, present, *asked)
        return fused, weights, penalty[0] if penalty else None

    def _encode(self, position: int, block: Tensor) -> tuple[Tensor, Tokens | None]:
        """Encode a block: (batch, width) -> (batch, encoding_dim); also return its tokens."""
        if not self.training or self.learning_modality in (None, position):
            return _pooled(self.encoders[position](block))
        with torch.no_grad():
            return _pooled(self.encoders[position](block))

    def _hide_modalities(self, present: Tensor, rate: float) -> Tensor:
        draws = random_bytes(present.shape, present.device, self.generator).to(torch.int16)
        draws = draws.masked_fill(~present, -1)
        # The modality of the highest draw stays, so that no row loses all of them.
        highest = draws == draws.amax(dim=-1, keepdim=True)
        return present & ((draws >= round(rate * 256)) | highest)


def _pooled(encoded: Any) -> tuple[Tensor, Tokens | None]:
    """Return a block's encoding, and its tokens if it is a sequence."""
    if not isinstance(encoded, Tokens):
        return encoded, None
    return encoded.pooled(encoded.weights()), encoded


def _asks_tokens(fusion: Any) -> bool:
    """Tell whether a fusion wants the tokens of sequences, too."""
    return getattr(fusion, "asks_tokens", False)


def _make_fusion(
    fusion: Callable[..., nn.Module], encoding_dim: int, arguments: dict[str, Any]
) -> nn.Module:
    """Make the fusion, and give it of the network's arguments what it asks for by name."""
    wanted = inspect.signature(fusion).parameters.keys() & _OFFERED
    wanted -= getattr(fusion, "keywords", {}).keys()  # those that a partial has bound
    given = {name: arguments[name] for name in wanted}
    return fusion(len(arguments["widths"]), encoding_dim, **given)
