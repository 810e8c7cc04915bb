"""The plan of the built-in collection: which works exist, what is wrong with them, who made them.

What belongs here: decisions, all drawn from one seed. What does not: how a museum writes a record
(`sandbox.builtin`) and how a picture looks (`sandbox.paint`).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from sandbox.people import KINDS, PEOPLE, PLACES, Person

COPIES = ("exact", "recompressed", "resized", "cropped", "brighter")
_PAINTINGS = ("river", "garden", "still_life", "portrait", "gold_panel")
_MET_ROUND = ("european", "ink_scroll", "arms", "engraving", "photograph", "instrument")
_ROUNDS = {
    "wga": ("river", "still_life", "portrait", "gold_panel", "garden", "engraving"),
    "nga": (*_PAINTINGS, "abstract", "engraving", "photograph"),
}


@dataclass
class Work:
    """One planned work. `picture` says what its address gives:

    painted, none (the record has no address), gone (the address answers 404), zero, truncated,
    html (a page under a .jpg name) or copy (of work `original`, made as `how` says).
    """

    number: int
    museum: str
    kind: str
    title: str = ""
    makers: list[tuple[Person, str]] = field(default_factory=list)  # (artist, prefix)
    date: tuple[str, int, int] = ("", 0, 0)
    picture: str = "painted"
    original: int = -1
    how: str = ""
    public: bool = True
    size_cm: tuple[float, float] = (0.0, 0.0)

    @property
    def seen(self) -> bool:
        """Whether a good picture answers at its address."""
        return self.picture in ("painted", "copy")


def plan(seed: int, works: int) -> list[Work]:
    """All works of a collection of `works` records, about half MET, the rest WGA and NGA.

    The same seed and number give the same plan. Raises ValueError below 40 works, which is too few
    to hold every trap.
    """
    if works < 40:
        raise ValueError(f"works={works}: the built-in collection needs at least 40 works")
    rng = random.Random(f"{seed}/{works}")
    met, wga = works // 2, round(works * 0.27)
    quilts = max(1, works // 75)
    planned: list[Work] = []
    for index in range(met):
        kind = "quilt" if index < quilts else _MET_ROUND[index % len(_MET_ROUND)]
        if kind == "european":
            kind = _PAINTINGS[(index // len(_MET_ROUND)) % len(_PAINTINGS)]
        planned.append(Work(index, "met", kind))
    for index in range(met, works):
        museum = "wga" if index < met + wga else "nga"
        kinds = _ROUNDS[museum]
        planned.append(Work(index, museum, kinds[index % len(kinds)]))
    for work in planned:
        _describe(rng, work)
    _spoil(rng, planned)
    _copy(rng, planned)
    return planned


def _describe(rng: random.Random, work: Work) -> None:
    people = [p for p in PEOPLE if work.kind in p.kinds]
    first = rng.choice(people)
    work.makers = [(first, "")]
    others = [p for p in people if p is not first]
    chance = rng.random()
    if others and chance < 0.12:
        work.makers.append((rng.choice(others), ""))
    elif chance < 0.2:
        work.makers = [(first, rng.choice(["Workshop of", "Attributed to", "Follower of"]))]
    elif chance < 0.27 and work.museum != "wga":
        work.makers = []
    year = rng.randint(first.birth + 22, max(first.birth + 24, first.death - 2))
    work.date = _date(rng, year, work)
    title = rng.choice(KINDS[work.kind].titles)
    work.title = title.format(rng.choice(PLACES), n=rng.randint(2, 40))
    height = round(rng.uniform(22, 160), 1)
    work.size_cm = (height, round(height * rng.uniform(0.65, 1.4), 1))


def _date(rng: random.Random, year: int, work: Work) -> tuple[str, int, int]:
    if work.kind == "arms" and work.number % 36 == 2:
        start = rng.randrange(700, 1400, 100)
        work.makers = []
        return f"ca. {start}–{start - 100} BCE", -start, -(start - 100)
    century = (year - 1) // 100
    ordinal = {21: "st", 22: "nd", 23: "rd"}.get(century + 1, "th")
    forms = [
        (str(year), year, year),
        (f"ca. {year}", year - 5, year + 5),
        (f"{year}–{(year + 6) % 100:02d}" if year % 100 < 93 else str(year), year, year + 6),
        (f"{century + 1}{ordinal} century", century * 100 + 1, century * 100 + 100),
        (f"late {century + 1}{ordinal} century", century * 100 + 67, century * 100 + 100),
    ]
    return rng.choices(forms, weights=(5, 4, 3, 1, 1))[0]


def _spoil(rng: random.Random, works: list[Work]) -> None:
    """Give some works no picture, a broken one, or rights that forbid it."""
    for museum in ("met", "wga", "nga"):
        own = [w for w in works if w.museum == museum and w.kind != "quilt"]
        rng.shuffle(own)
        some = max(1, len(own) // 25)
        if museum != "wga":
            for work in own[:some]:
                work.public = False
        if museum == "met":  # of works in copyright the MET shows no picture at all
            for work in own[:some]:
                work.picture = "none"
        faults = ["gone"] + (["none"] * some if museum != "wga" else [])
        faults += {"met": ["zero", "truncated", "html"], "wga": ["truncated"], "nga": ["zero"]}[
            museum
        ]
        for work, fault in zip(own[some:], faults, strict=False):
            work.picture = fault


def _copy(rng: random.Random, works: list[Work]) -> None:
    """File some pictures a second time under another work, in the same museum or another."""
    ways = [("met", "met"), ("met", "nga"), ("met", "wga"), ("wga", "nga"), ("nga", "nga")]
    free = [w for w in works if w.picture == "painted" and w.public and w.kind != "quilt"]
    rng.shuffle(free)
    for index in range(max(5, works[-1].number // 12)):
        source, target = ways[(index + index // len(ways)) % len(ways)]
        kinds = set(_ROUNDS[target]) if target in _ROUNDS else set(KINDS)
        first = next((w for w in free if w.museum == source and w.kind in kinds and w.makers), None)
        if first is None:
            return
        free.remove(first)
        second = next((w for w in free if w.museum == target), None)
        if second is None:
            return
        free.remove(second)
        second.kind, second.title, second.date = first.kind, first.title, first.date
        second.makers, second.size_cm = list(first.makers), first.size_cm
        second.picture, second.original = "copy", first.number
        second.how = COPIES[index % len(COPIES)]
