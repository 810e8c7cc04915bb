"""What became of the rows of the sources' raw tables on their way to the lake's own, entered into the ledger of
`warehouse.reconcile`: (source, what, side, reason, rows), a reason's rows being counted by themselves.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from storage import Lake
from storage.sql import identifier, literal
from warehouse.raw_tables import Meant, RawTable, meant_rows

if TYPE_CHECKING:
    import duckdb

# What of an object may stand in a raw table of its own: the lake's column of it, and its line in the ledger.
_STANDING_APART = {
    "artworks.artists": "artists of objects",
    "artworks.tags": "terms of objects",
    "image_links.image_id": "pictures",
}


def enter(lake: Lake, connection: "duckdb.DuckDBPyConnection", tables: Sequence[RawTable]) -> None:
    """Enter the rows of these raw tables, which are views of the connection as the catalog's are."""
    records = {(table.source, table.noun): table for table in tables if table.of is None}
    for source in {table.source: None for table in tables}:
        _refused(lake, connection, source)
    for table in tables:
        meant = meant_rows(connection, table.source)
        if table.of is None:
            _records(connection, table, meant)
        elif parent := records.get((table.source, table.of)):
            _parts(connection, table, parent, meant)


def _name(table: RawTable) -> str:
    return identifier(table.lake_key.replace("/", "_"))


def _made_of(table: RawTable) -> str:
    """SQL: the rows of the catalog that records of this table become, withdrawn ones left out."""
    if table.are_works:
        rows = "select source_row, artwork_id as id from catalog_artworks where withdrawn_in is null and source = "
    else:
        rows = "select source_row, artist_id as id from catalog_artists where source = "
    return f"({rows}{literal(table.source)})"


def _refused(lake: Lake, connection: "duckdb.DuckDBPyConnection", source: str) -> None:
    """Enter what its reader refused of the source before it was a row: bad lines, pages that are gone."""
    lake.view(connection, f"raw/{source}_rejects", "refused_raw")
    connection.execute(
        """
        insert into ledger
        select $source, 'refused before any table', 'raw', null, count(*) from refused_raw
        union all
        select $source, 'refused before any table', 'rejected', reason, count(*) from refused_raw group by reason
        """,
        {"source": source},
    )


def _records(connection: "duckdb.DuckDBPyConnection", table: RawTable, meant: Meant) -> None:
    """Enter records: each row becomes a row of the catalog, or a reject, or an artist of nobody's work."""
    what = "objects" if table.are_works else f"records of {table.noun}"
    unnamed = "false" if table.are_works else _unnamed(table, meant)
    connection.execute(
        f"""
        insert into ledger
        with made as (
            select source_row, count(*) as made from {_made_of(table)} group by source_row
        ),

        refused as (
            select subject as source_row, count(*) as refused, min(reason) as reason
            from catalog_rejects where source = $source group by subject
        ),

        -- Several records may stand at one address: a page that lists artists.
        places as (
            select
                source_row, count(*) as rows, count(*) filter ({unnamed}) as unnamed,
                greatest(count(*) - coalesce(any_value(made), 0), 0) as lacking,
                least(lacking, coalesce(any_value(refused), 0)) as refused,
                any_value(reason) as reason
            from {_name(table)}
            left join made using (source_row)
            left join refused using (source_row)
            group by source_row
        ),

        entries as (
            select 'raw' as side, null as reason, sum(rows) as rows from places
            union all
            select 'rejected', reason, sum(refused) from places where refused > 0 group by reason
            union all
            -- A further row of one id is refused by that id.
            select 'rejected', reason, count(*)
            from catalog_rejects
            where source = $source and subject in (select id from {_made_of(table)})
            group by reason
            union all
            select 'before the lake', 'named by no object as its artist', sum(least(lacking - refused, unnamed)) from places
        )

        select $source, $what, side, reason, coalesce(rows, 0) from entries
        """,
        {"source": table.source, "what": what},
    )
    if not table.are_works:
        known = f"count(*) as rows from {_made_of(table)} where source_row in (select source_row from {_name(table)})"
        _count(connection, (table.source, what), "lake", None, known)


def _unnamed(table: RawTable, meant: Meant) -> str:
    """SQL: whether no row that names the artist of an object names this record; false where no table tells."""
    for noun, (column, rows) in meant.get("artworks.artists", {}).items():
        named, linking = identifier(column), identifier(f"raw_{table.source}_{noun}")
        return f"{identifier(table.key)} not in (select {named} from {linking} where {rows} and {named} is not null)"
    return "false"


def _parts(
    connection: "duckdb.DuckDBPyConnection", table: RawTable, parent: RawTable, meant: Meant
) -> None:
    """Enter rows that are parts of records: how many stand with a record that the catalog has, and, of those
    that are an artist, a term or a picture of an object, why the lake has more or fewer.
    """
    connection.execute(
        f"""
        create or replace temp table fates as
        select part.*, parent_key is not null as has_parent, coalesce(has_record, false) as has_record, reason
        from {_name(table)} as part
        left join (
            select {identifier(parent.key)} as parent_key, bool_or(made.source_row is not null) as has_record
            from {_name(parent)}
            left join (select distinct source_row from {_made_of(parent)}) as made using (source_row)
            group by all
        ) on parent_key = {identifier(table.key)}
        left join (
            select subject, min(reason) as reason
            from catalog_rejects where source = {literal(table.source)} group by subject
        ) on subject = part.source_row
        """
    )
    whole = f"rows of {table.noun}"
    _enter(connection, table.source, parent.noun, whole, "true")
    _count(
        connection,
        (table.source, whole),
        "lake",
        None,
        "count(*) as rows from fates where reason is null and has_record",
    )
    for column, what in _STANDING_APART.items():
        if table.noun not in meant.get(column, {}):
            continue
        value, rows = meant[column][table.noun]
        _enter(connection, table.source, parent.noun, what, rows)
        noun, _, listed = column.partition(".")
        if noun == "artworks":
            gone = f"-sum(len({listed})) as rows from catalog_artworks where withdrawn_in is not null and source = {literal(table.source)}"
            _count(
                connection, (table.source, what), "before the lake", "of withdrawn objects", gone
            )
        if listed == "tags":
            record, said = identifier(table.key), f"nullif({identifier(value)}, '')"
            told = f"from fates where {rows} and reason is null and has_record and {said}"
            _count(
                connection,
                (table.source, what),
                "before the lake",
                "empty",
                f"count(*) as rows {told} is null",
            )
            again = f"count(*) - count(distinct ({record}, {said})) as rows {told} is not null"
            _count(
                connection,
                (table.source, what),
                "before the lake",
                "said of the object before",
                again,
            )


def _enter(
    connection: "duckdb.DuckDBPyConnection", source: str, parent: str, what: str, rows: str
) -> None:
    """Enter the rows of `fates` that `rows` means, those refused, and those without a record of `parent`."""
    connection.execute(
        f"""
        insert into ledger
        with meant as (from fates where {rows})

        select $source, $what, 'raw', null, count(*) from meant
        union all
        select $source, $what, 'rejected', reason, count(*) from meant where reason is not null group by reason
        union all
        select
            $source, $what, 'before the lake',
            if(has_parent, 'of a record that the catalog does not have', 'of a record that {parent} does not have'),
            count(*)
        from meant where reason is null and not has_record group by has_parent
        """,
        {"source": source, "what": what},
    )


def _count(
    connection: "duckdb.DuckDBPyConnection",
    line: tuple[str, str],
    side: str,
    reason: str | None,
    counted: str,
) -> None:
    """Enter one number of a line (source, what): what `counted` selects, where the sum of nothing is 0."""
    connection.execute(
        f"insert into ledger select $source, $what, $side, $reason, coalesce(rows, 0) from (select {counted})",
        {"source": line[0], "what": line[1], "side": side, "reason": reason},
    )
