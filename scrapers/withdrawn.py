"""Works that a source lists no longer, as rows of the catalog, made from their last rows.

What belongs here: bringing tombstones (`scrapers.history`) through `Museum.catalog` once more. Their
pictures stay in the store, and no link asks for them again.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scrapers.museum import Catalog, Museum, Tables

if TYPE_CHECKING:
    import pyarrow as pa

_ADDRESS = "source_row"


def withdrawn(
    museum: Museum, tombstones: Sequence[Mapping[str, Any]], raw: Tables, listed: Catalog
) -> "tuple[pa.Table, pa.Table]":
    """The withdrawn artworks and those of their artists that `listed` does not have.

    tombstones: `withdrawn_in` and `last_rows` of schemas.HISTORY, oldest first. raw: the museum's
    tables as they are now, for the artists that it still has. A work that is listed again under
    another record is no tombstone. Addresses (`source_row`) are those of the last time.
    """
    rows: dict[str, list[dict[str, Any]]] = {noun: [] for noun in museum.nouns}
    # An address names one row of one export: another row may have it now, so each gets its own.
    said: dict[str, tuple[str, str]] = {}
    for tombstone in tombstones:
        for noun, found in json.loads(tombstone["last_rows"]).items():
            for row in found if noun in rows else ():
                token = f"withdrawn row {len(said):09}"
                said[token] = (tombstone["withdrawn_in"], row[_ADDRESS])
                rows[noun].append(row | {_ADDRESS: token})
    gone = {noun: _like(raw[noun], rows[noun]) for noun in museum.nouns}
    artworks, artists = _cataloged(museum, raw, gone)
    ids = set(listed.artworks["artwork_id"].to_pylist())
    works: dict[str, dict[str, Any]] = {}
    for work in artworks.to_pylist():
        if work["artwork_id"] not in ids:
            when, address = said[work[_ADDRESS]]
            works[work["artwork_id"]] = work | {"withdrawn_in": when, _ADDRESS: address}
    wanted = {link["artist_id"] for work in works.values() for link in work["artists"] or ()}
    wanted -= set(listed.artists["artist_id"].to_pylist())
    people = {
        artist["artist_id"]: artist
        | {_ADDRESS: said.get(artist[_ADDRESS], ("", artist[_ADDRESS]))[1]}
        for artist in artists.to_pylist()
        if artist["artist_id"] in wanted
    }
    return _table(works, artworks.schema), _table(people, artists.schema)


def _cataloged(museum: Museum, raw: Tables, gone: Tables) -> "tuple[pa.Table, pa.Table]":
    """The catalog of the withdrawn works, with all people the source has now or had then."""
    import pyarrow as pa

    joined = {
        noun: gone[noun]
        if museum.works in (noun, museum.nouns[noun].of)
        else pa.concat_tables([table, gone[noun]], promote_options="default")
        for noun, table in raw.items()
    }
    found = museum.catalog(joined)
    return found.artworks, found.artists


def _like(table: "pa.Table", rows: Sequence[Mapping[str, Any]]) -> "pa.Table":
    """Rows under the columns of `table`, and as text under those that it has no longer."""
    import pyarrow as pa

    new = sorted({name for row in rows for name in row} - set(table.column_names))
    schema = pa.schema([*table.schema, *(pa.field(name, pa.string()) for name in new)])
    return pa.Table.from_pylist(list(rows), schema=schema)


def _table(rows: Mapping[str, Mapping[str, Any]], schema: "pa.Schema") -> "pa.Table":
    import pyarrow as pa

    return pa.Table.from_pylist([rows[key] for key in sorted(rows)], schema=schema)
