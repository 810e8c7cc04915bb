"""What a collection is to the sandbox: records, rows and pictures, however they came about.

What belongs here: the interface that `sandbox.builtin` and `sandbox.folder` fill and the sites
(`sandbox.met`, `sandbox.wga`, `sandbox.nga`) read. What does not: anything about HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

Row = dict[str, str]

# The MET's own list of departments; a record's `department` may say another name for one of them.
DEPARTMENTS = {
    1: "American Decorative Arts",
    3: "Ancient Near Eastern Art",
    4: "Arms and Armor",
    5: "Arts of Africa, Oceania, and the Americas",
    6: "Asian Art",
    7: "The Cloisters",
    8: "The Costume Institute",
    9: "Drawings and Prints",
    10: "Egyptian Art",
    11: "European Paintings",
    12: "European Sculpture and Decorative Arts",
    13: "Greek and Roman Art",
    14: "Islamic Art",
    15: "The Robert Lehman Collection",
    16: "The Libraries",
    17: "Medieval Art",
    18: "Musical Instruments",
    19: "Photographs",
    21: "Modern Art",
}


class CollectionError(Exception):
    """A collection that cannot be served; the message is one sentence for a person."""


@dataclass(frozen=True)
class WgaArtist:
    """A row of the Web Gallery's artist list. `folder` is `<letter>/<artist>` of its addresses."""

    name: str
    life: str
    period: str
    profession: str
    folder: str
    aliases: tuple[str, ...] = ()
    framed: bool = False  # the list links the frames page around the index
    moved: bool = False  # the index answers "The address has changed!" with status 200


class Collection(Protocol):
    """Everything the sites answer from. Records and rows may be changed in place."""

    name: str
    counts: dict[str, int]  # works offered by museum: met, wga, nga
    details: dict[str, int]  # what was counted while loading, by what it is
    departments: list[dict[str, Any]]
    met: dict[int, dict[str, Any]]
    recorded: dict[int, bytes]  # answers kept byte for byte; a changed record leaves this
    listed_only: set[int]  # object ids in the list whose record answers 404
    wga_rows: list[Row]  # catalogue rows under the catalogue's own headings
    wga_artists: list[WgaArtist]

    def met_csv(self) -> bytes | None:
        """The MET's bulk file when it is to be served as it lies; None to write it from records."""

    def wga_catalogue(self) -> bytes | None:
        """The catalogue's text when it is to be served as it lies; None to write it from rows."""

    def nga_rows(self, table: str) -> list[Row] | None:
        """Rows of an NGA table in the newer layout, or None when it has none to change."""

    def nga_file(self, table: str) -> bytes | None:
        """An NGA table that is served as it lies, or None."""

    def github_file(self, path: str) -> bytes | None:
        """A file of another repository than the NGA's, by its path on GitHub's raw host, or None."""

    def picture(self, address: str) -> bytes | None:
        """The file at a picture's full-size address, or None when there is none."""

    def truth(self) -> dict[str, Any]:
        """What was planted: duplicate pairs, corrupt files, missing pictures."""
