"""The moving average of a network's weights, which is what is judged and kept."""

import copy

import torch

from models.networks import Network


class Average:
    """A copy of a network that follows it.

    decay: of the old at each update, at most; the n-th is held to (1 + n) / (10 + n), so that the first
    weights do not weigh on a short training. Running statistics are averaged like weights, counts copied
    (torch.optim.swa_utils.AveragedModel averages those too, which are integers).
    """

    def __init__(self, network: Network, decay: float):
        self.network: Network = copy.deepcopy(network).eval()
        self.network.requires_grad_(False)
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, network: Network) -> None:
        """Take a step towards the network as it is now."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        ours, new = self.network.state_dict(), network.state_dict()
        floats = [name for name, tensor in ours.items() if tensor.is_floating_point()]
        torch._foreach_lerp_(
            [ours[name] for name in floats], [new[name] for name in floats], 1 - decay
        )
        for name in ours.keys() - set(floats):
            ours[name].copy_(new[name])
