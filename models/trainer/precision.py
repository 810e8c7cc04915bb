"""In which numbers a network is taught: bf16 where the device is made for it, else fp32."""

from collections.abc import Callable
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


def depthwise_in_fp32(network: torch.nn.Module) -> None:
    """Have a network's depthwise convolutions reckon in fp32 within autocast, in place, but for 3×3 of stride 1.

    On a CPU oneDNN has no fast gradient for these in bf16: for MobileNet's kind of backbone they were three
    quarters of a step (lite0, 32 pictures: 2.2 s, so 1.0 s). Copies of the network made later are not to
    be taught: they would reckon by this one's weights.
    """
    for part in network.modules():
        if not isinstance(part, torch.nn.Conv2d) or not part.groups == part.in_channels > 1:
            continue
        if (part.kernel_size, part.stride) != ((3, 3), (1, 1)):
            part.forward = _in_fp32(part.forward)  # type: ignore[method-assign]


def _in_fp32(forward: Callable[[torch.Tensor], torch.Tensor]) -> Callable[..., torch.Tensor]:
    def called(images: torch.Tensor) -> torch.Tensor:
        with torch.autocast(images.device.type, enabled=False):
            return forward(images.float()).to(images.dtype)

    return called


def _made_for_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= _AMPERE
    able = torch.cpu.get_capabilities()
    return any(able.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))
