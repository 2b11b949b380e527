"""Where a network is trained, and in which precision."""

from __future__ import annotations

import torch


def resolve_device(device: str) -> torch.device:
    """Return the device to compute on.

    Parameters
    ----------
    device : str
        ``"auto"`` (a CUDA GPU where torch sees one, else the CPU) or any name
        that torch knows.

    Returns
    -------
    torch.device

    Raises
    ------
    ValueError
        If torch does not know the name, or sees no such device here.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
    except RuntimeError as error:
        raise ValueError(
            f"device={device!r} is no device that torch knows, as 'auto', 'cpu' or 'cuda:0' are."
        ) from error
    if resolved.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device={device!r}, but torch sees no CUDA GPU here; use 'auto'.")
    return resolved


#: The precisions that can be asked for.
PRECISIONS = ("auto", "float32", "bfloat16")


def resolve_precision(precision: str, device: torch.device) -> torch.dtype | None:
    """Return the type that matrix products are computed in.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16"}
        ``"auto"`` takes bfloat16 on GPUs that have it, and float32 elsewhere.
    device : torch.device
        Where to compute.

    Returns
    -------
    torch.dtype or None
        None stands for float32, without autocast.
    """
    if precision == "auto":
        fast = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if fast else None
    return torch.bfloat16 if precision == "bfloat16" else None
