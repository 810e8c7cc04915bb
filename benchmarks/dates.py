"""What the readers of dates, lives and attributions understand of the samples' real rows, as shares.

`met_date_parsed`: non-empty MET dates that give an interval; `met_date_overlap`: that give one which
overlaps the record's own begin and end years; the median widths (read, and the record's own) show that
it does not overlap by being huge. `life_understood`: life texts that give a year, a place or a
nationality. `attribution_understood`: words beside a name (prefix, suffix) that give a qualifier, a role or a life.
`kept`: of the MET's answers, those texts that stand in the catalog word for word, understood or not. The
two MET files hold different records; WGA's life column is blank there.
"""

import csv
import io
import json
import os
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks._harness import arguments, report
from scrapers.dates import parse_years
from scrapers.met_catalog import catalog
from scrapers.met_records import as_row, as_table
from scrapers.people import Life, parse_attribution, parse_life

Dated = tuple[str, int, int]


def main() -> None:
    """Measure and report; the samples are small, so `--quick` changes nothing."""
    arguments(__doc__ or "")
    if not os.environ.get("ARTLAKE_SAMPLES"):
        sys.exit("The benchmark reads real rows: set ARTLAKE_SAMPLES to the folder of samples.")
    samples = Path(os.environ["ARTLAKE_SAMPLES"])
    rows = list(_met_csv(samples))
    records = list(_met_api(samples))
    dates = [
        (r["Object Date"], int(r["Object Begin Date"]), int(r["Object End Date"])) for r in rows
    ]
    more = [(r["objectDate"], r["objectBeginDate"], r["objectEndDate"]) for r in records]
    lives = [bio for row in rows for bio in row["Artist Display Bio"].split("|")]
    constituents = list(_nga(samples, "constituents"))
    links = [row for row in _nga(samples, "objects_constituents") if row["roletype"] == "artist"]
    met_words = [
        part
        for row in rows
        for name in ("Artist Prefix", "Artist Suffix")
        for part in row[name].split("|")
    ]
    met_words += [
        record.get(name) or "" for record in records for name in ("artistPrefix", "artistSuffix")
    ]
    started = time.perf_counter()
    figures = {**overlap("met_date", dates), **overlap("met_api_date", more)}
    seconds = time.perf_counter() - started
    different = parse_years.cache_info().misses  # the same text is read once
    figures |= {
        "met_life_understood": understood(lives),
        "met_api_life_understood": understood(r["artistDisplayBio"] for r in records),
        "nga_life_understood": understood(r["displaydate"] for r in constituents),
        "met_attribution_understood": qualified(met_words),
        "nga_attribution_understood": qualified(r[n] for r in links for n in ("prefix", "suffix")),
        "met_api_life_and_attribution_kept": kept(records),
        "different_dates_per_second": different / seconds,
    }
    sizes = {"met_csv": len(rows), "met_api": len(records), "nga": len(constituents)}
    report("dates", figures, sizes=sizes)


def overlap(name: str, dates: Iterable[Dated]) -> dict[str, float]:
    """Shares of the non-empty dates, and median widths in years."""
    read = [(parse_years(text), first, last) for text, first, last in dates if text.strip()]
    known = [
        (begin, end, first, last)
        for (begin, end, _), first, last in read
        if begin is not None and end is not None
    ]
    return {
        f"{name}_parsed": len(known) / len(read),
        f"{name}_overlap": sum(b <= last and e >= first for b, e, first, last in known) / len(read),
        f"{name}_median_width": median(e - b for b, e, _, _ in known),
        f"{name}_median_width_of_records": median(last - first for _, _, first, last in known),
    }


def understood(lives: Iterable[str]) -> float:
    """The share of non-empty life texts that give a year, a place or a nationality."""
    said = [parse_life(life) for life in lives if life.strip()]
    return sum(life != Life() for life in said) / len(said)


def qualified(words: Iterable[str]) -> float:
    """The share of non-empty words beside a name that give a qualifier or a piece of a life."""
    said = [text for text in words if text.strip(" |,")]
    read = [parse_attribution(one).qualifier or parse_life(one) != Life() for one in said]
    return sum(map(bool, read)) / len(said)


def kept(records: Sequence[Mapping[str, Any]]) -> float:
    """The share of non-empty bios, prefixes and suffixes that the catalog's rows hold word for word."""
    rows = [as_row(record, str(number)) for number, record in enumerate(records)]
    made = catalog({"objects": as_table(rows)})
    lives = {artist["artist_id"]: artist["life_text"] for artist in made.artists.to_pylist()}
    told = []
    for row, work in zip(rows, made.artworks.to_pylist(), strict=True):
        words = [str(work["artist_text"]), work["misc"] or ""]
        words += [str(lives[artist["artist_id"]]) for artist in work["artists"]]
        said = [row[f"artist{part}"] or "" for part in ("DisplayBio", "Prefix", "Suffix")]
        told += [any(text.strip() in one for one in words) for text in said if text.strip(" |,")]
    return sum(told) / len(told)


def _met_csv(samples: Path) -> Iterator[dict[str, str]]:
    path = samples / "met_csv" / "MetObjects_subset_dev.csv"
    with path.open(encoding="utf-8-sig", newline="") as handle:
        yield from csv.DictReader(handle)


def _met_api(samples: Path) -> Iterator[Mapping[str, Any]]:
    with tarfile.open(samples / "met_api" / "objects_raw_2019_dev.tar.gz") as archive:
        for member in archive:
            if handle := archive.extractfile(member):
                yield json.load(handle)


def _nga(samples: Path, table: str) -> Iterator[dict[str, str]]:
    with zipfile.ZipFile(samples / "nga_csv" / "zips_2021" / f"{table}.zip") as archive:
        name = next(name for name in archive.namelist() if name.endswith(".csv"))
        with archive.open(name) as handle:
            yield from csv.DictReader(io.TextIOWrapper(handle, "utf-8", newline=""))


if __name__ == "__main__":
    main()
