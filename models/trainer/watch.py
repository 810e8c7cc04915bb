"""Looking at every step's loss without making a GPU wait for it."""

import math
from collections import deque
from dataclasses import dataclass, field

import torch

_AHEAD = 2  # steps that a GPU may have begun before the loss of one is looked at


@dataclass
class Watch:
    """Notes of steps not yet looked at, oldest first; told: sums of [loss, right answers] of the others."""

    told: list[float]
    last: float = math.nan
    _notes: deque[tuple[str, torch.Tensor, torch.cuda.Event | None]] = field(default_factory=deque)

    def note(self, where: str, numbers: torch.Tensor) -> None:
        """Keep [loss, right answers, norm of the gradients] of a step; where: for the message."""
        host = numbers.detach().to("cpu", non_blocking=True)
        done = torch.cuda.Event() if numbers.is_cuda else None
        if done:
            done.record()
        self._notes.append((where, host, done))

    def settle(self, everything: bool) -> str | None:
        """Add what is ready to the sums; return where the first loss or gradient is no number.

        On CPU all is ready; of a GPU's steps the newest are left alone, unless everything is asked for.
        """
        while self._notes:
            where, host, done = self._notes[0]
            if done and len(self._notes) <= _AHEAD and not everything:
                break
            if done:
                done.synchronize()
            self._notes.popleft()
            loss, right, norm = host.tolist()
            if not (math.isfinite(loss) and math.isfinite(norm)):
                return where
            self.last = loss
            self.told = [self.told[0] + loss, self.told[1] + right]
        return None
