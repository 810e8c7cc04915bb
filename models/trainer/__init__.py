"""The trainer: a prepared run folder becomes a trained network, in one process or in many.

What belongs here: teaching networks and nothing else. `models.trainer.run` prepares a folder,
`models.trainer.loop.train` works it off and goes on where a killed run stopped, `python -m models.trainer`
shows it with a bar. This file holds the errors, so that they can be caught without torch; those who teach
heads (`models.fitting`) raise the same.
"""

from storage.errors import MendableError


class TrainingError(MendableError):
    """Training cannot go on; the message says where it stopped, why, and what is kept."""


class DivergedError(TrainingError):
    """The loss or its gradient is no longer a number: the recipe's fault, or that of the pictures named."""


class StoppedError(MendableError):
    """Somebody asked the trainer to stop (SIGTERM); what it had done is in a checkpoint."""
