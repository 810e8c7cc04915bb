"""The sandbox's own painter: a kind of picture and a seed in, JPEG bytes out.

What belongs here: how the built-in collection's pictures look. What does not: what they are called,
who made them and which museum keeps them (that is `sandbox.works`). numpy and Pillow are imported
only when something is painted, so a second start of the sandbox needs neither.
"""

from sandbox.paint.atelier import PAINTER_VERSION, encode, paint, transform

__all__ = ["PAINTER_VERSION", "encode", "paint", "transform"]
