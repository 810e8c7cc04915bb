"""How the lake is kept: keys and paths, atomic Parquet, content hashes, images, memo, locks.

What belongs here: anything about files of the lake that every room needs alike.
What does not: what a table means (that is `storage.schemas`' only concession), Dagster, networks, pictures' content.
"""

from storage.images import ImageStore
from storage.lake import Lake, LakeError, Written
from storage.locks import BusyError
from storage.memo import map_files

__all__ = ["BusyError", "ImageStore", "Lake", "LakeError", "Written", "map_files"]
