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


# Below this the casts of a step cost more than its cheaper products save.
_MIN_WEIGHTS_FOR_BFLOAT16 = 100_000
# Instructions for products of bfloat16, as torch calls them.
_FAST_ON_CPU = ("amx_bf16", "avx512_bf16")


def resolve_precision(precision: str, device: torch.device, n_weights: int) -> torch.dtype | None:
    """Return the type that a training's matrix products are computed in.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16"}
        ``"auto"`` takes bfloat16 for networks of 100,000 weights or more, on GPUs
        that have it and on CPUs with instructions for it (AMX or AVX-512 BF16); float32
        elsewhere.
    device : torch.device
        Where to compute.
    n_weights : int
        Number of weights of the network.

    Returns
    -------
    torch.dtype or None
        None stands for float32, without autocast.
    """
    if precision == "auto":
        fast = n_weights >= _MIN_WEIGHTS_FOR_BFLOAT16 and _has_fast_bfloat16(device)
        return torch.bfloat16 if fast else None
    return torch.bfloat16 if precision == "bfloat16" else None


def prediction_precision(precision: str) -> torch.dtype | None:
    """Return the type that predictions are computed in.

    A training is as good in bfloat16, but a prediction has fewer digits, which may depend
    on the rows beside it and on the processor: it takes asking for.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16"}
        What was asked for.

    Returns
    -------
    torch.dtype or None
        None stands for the precision of the rows.
    """
    return torch.bfloat16 if precision == "bfloat16" else None


def _has_fast_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # Without such instructions a CPU's bfloat16 is slower than its float32. Older versions of
    # torch do not tell.
    capabilities: dict = getattr(torch.cpu, "get_capabilities", dict)()
    has_one = any(capabilities.get(name) for name in _FAST_ON_CPU)
    return device.type == "cpu" and has_one
