"""In which numbers a network is taught: bf16 where the device is made for it, else fp32."""

from contextlib import AbstractContextManager
from typing import Literal

import torch

_AMPERE = (8, 0)  # the first CUDA generation whose tensor cores take bf16


def chosen(wanted: str, device: torch.device) -> Literal["bf16", "fp32"]:
    """What `auto`, `bf16` or `fp32` come to on that device.

    Without instructions of its own (CUDA: Ampere and later; x86: avx512_bf16 or AMX; ARM: bf16) bf16 is
    emulated, and slower than fp32; `bf16` asks for it anyway.
    """
    if wanted == "fp32" or (wanted == "auto" and not _made_for_bf16(device)):
        return "fp32"
    return "bf16"


def autocast(device: torch.device, precision: str) -> AbstractContextManager[None]:
    """The context for a forward pass."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


def _made_for_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= _AMPERE
    able = torch.cpu.get_capabilities()
    return any(able.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))
