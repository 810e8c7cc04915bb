"""The built-in collection: planned works written as the three museums would write them.

What belongs here: gathering the works of a plan. What does not: the plan itself (`sandbox.works`),
a record of one museum (`sandbox.builtin_met`, `_wga`, `_nga`), the pages around the rows (`sandbox.wga`) or HTTP.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox import builtin_met, builtin_nga, builtin_wga, easel
from sandbox.collection import DEPARTMENTS, Row
from sandbox.people import Person
from sandbox.works import Work, plan


class Builtin:
    """About `works` synthetic works, painted into `cache` on the first start."""

    name = "builtin"
    details: dict[str, int]

    def __init__(self, seed: int, works: int, cache: Path) -> None:
        self.works = plan(seed, works)
        self.folder = easel.cache_folder(cache, seed, self.works)
        easel.prepare(self.works, seed, self.folder)
        self.departments = [{"departmentId": k, "displayName": v} for k, v in DEPARTMENTS.items()]
        self.recorded: dict[int, bytes] = {}
        homes: dict[Person, set[str]] = {}
        for work in self.works:
            for person, _ in work.makers:
                homes.setdefault(person, set()).add(work.museum)
        self._shared = shared = {person for person, museums in homes.items() if len(museums) > 1}
        self._files: dict[str, Work] = {}
        self._refs: dict[int, dict[str, str]] = {}
        self.met: dict[int, dict[str, Any]] = {}
        self.wga_rows: list[Row] = []
        self._nga: dict[str, list[Row]] = {name: [] for name in builtin_nga.TABLES}
        for work in self.works:
            self._add(work)
        self._nga["constituents"] = builtin_nga.people(self.works, shared)
        self._nga["object_associations"] = builtin_nga.associations(self._nga["objects"])
        self._nga["constituents_altnames"] = builtin_nga.other_names(self._nga["constituents"])
        self.wga_artists = builtin_wga.artists(self.works)
        # a loan that went home between the list and the visit
        self.listed_only = {max(self.met) + 1}
        self.counts = {
            "met": len(self.met), "wga": len(self.wga_rows), "nga": len(self._nga["objects"])
        }  # fmt: skip
        self.details = {"pictures": sum(w.seen for w in self.works)}

    def met_csv(self) -> bytes | None:
        """None: the bulk file is written from the records."""
        return None

    def wga_catalogue(self) -> bytes | None:
        """None: the catalogue is written from the rows."""
        return None

    def nga_rows(self, table: str) -> list[Row] | None:
        """Rows of one of the tables."""
        return self._nga.get(table)

    def nga_file(self, table: str) -> bytes | None:
        """None: no table is served as it lies."""
        return None

    def github_file(self, path: str) -> bytes | None:
        """None: there is no other repository."""
        return None

    def picture(self, address: str) -> bytes | None:
        """The painted file behind a full-size address."""
        work = self._files.get(address)
        return easel.file_of(self.folder, work).read_bytes() if work else None

    def truth(self) -> dict[str, Any]:
        """Planted duplicate pairs by kind, corrupt files, missing pictures, works in copyright."""
        ref = self._refs
        return {
            "duplicates": [
                {"kind": w.how, "a": ref[w.original], "b": ref[w.number]}
                for w in self.works if w.picture == "copy"
            ],
            "corrupt": [
                {**ref[w.number], "fault": w.picture}
                for w in self.works if w.picture in ("zero", "truncated", "html")
            ],
            "missing": [
                {**ref[w.number], "why": "no address" if w.picture == "none" else "404"}
                for w in self.works if w.picture in ("none", "gone")
            ],
            "not_public": [ref[w.number] for w in self.works if not w.public],
        }  # fmt: skip

    def _add(self, work: Work) -> None:
        """Write the work as its museum does."""
        if work.museum == "met":
            key = builtin_met.identifier(work)
            self.met[key] = builtin_met.record(work, self._shared)
            self._register(work, str(key), builtin_met.address(work))
        elif work.museum == "wga":
            row = builtin_wga.row(work)
            self.wga_rows.append(row)
            self._register(work, row["URL"], f"https://www.wga.hu/art/{builtin_wga.path(work)}.jpg")
        else:
            address = builtin_nga.address(work)
            self._register(work, builtin_nga.identifier(work), address)
            for table, row in builtin_nga.rows(work, self.picture(address)):
                self._nga[table].append(row)

    def _register(self, work: Work, identifier: str, address: str) -> None:
        """Remember where the work's picture answers, and how the truth calls the work."""
        self._refs[work.number] = {
            "museum": work.museum, "id": identifier,
            "picture": address if work.picture != "none" else "",
        }  # fmt: skip
        if work.picture not in ("none", "gone"):
            self._files[address] = work
