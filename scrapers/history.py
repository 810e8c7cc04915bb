"""What changed between two crawls of a source, and the history of every record.

What belongs here: comparing raw tables (`diff`), carrying each record's history on (`history`), and
reading a record's rows as JSON (`rows_of`). All of it is SQL over Parquet files in a DuckDB connection
of `workbench`, so that half a million records take seconds. Where the files lie is the
caller's business.

A record is what a noun without `of` names by its `key`. Rows of tables that are parts of it count as
the record's own. `source_row` is an address, which moves when a file is exported anew: no change.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from scrapers.museum import Noun
from storage.sql import identifier, literal

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

Files = Mapping[str, Sequence[Path]]  # noun → the Parquet files of its table
Nouns = Mapping[str, Noun]

# Sorting and joining beyond this spills to disk.
_MEMORY = "4GB"
_ADDRESS = "source_row"
_CHANGES = """
create or replace temp table changes (
    noun varchar, record_id varchar, change varchar, fields varchar[]
)
"""
_FOUND = "create or replace temp table found (record_id varchar, change varchar, field varchar)"
# Rows that swapped values between them differ in no single column: then the noun itself is named.
_SETTLE = """
insert into changes
select $1, record_id, any_value(change) as change,
    case when any_value(change) = 'changed'
        then coalesce(list(distinct field order by field) filter (field is not null), [$1])
        else [] end
from found group by record_id
"""


@contextmanager
def workbench() -> "Iterator[duckdb.DuckDBPyConnection]":
    """A DuckDB in memory that spills to a folder of its own, removed at the end."""
    import duckdb

    with (
        tempfile.TemporaryDirectory() as scratch,
        duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": scratch}) as connection,
    ):
        yield connection


def diff(
    connection: "duckdb.DuckDBPyConnection",
    before: Files,
    after: Files,
    nouns: Nouns,
    *,
    partial: bool,
) -> None:
    """Fill the table `changes` of `connection`: noun, record_id, change, fields.

    change: added, changed, withdrawn, or left. partial: `after` is a slice of the source (a limit),
    so a record missing there has only left the slice. fields: names of the changed columns, or of
    the tables that are parts of the record. The tables themselves stay there as `before <noun>` and
    `after <noun>`. Several rows of one record are compared as a multiset.
    """
    connection.execute(_CHANGES)
    for noun, about in nouns.items():
        for side, tables in (("before", before), ("after", after)):
            _view(connection, f"{side} {noun}", tables.get(noun, ()), about.key)
    gone = "left" if partial else "withdrawn"
    for noun, about in nouns.items():
        if about.of is not None:
            continue
        connection.execute(_FOUND)
        if before.get(noun, ()) != after.get(noun, ()):  # files are named by their content
            _compare(connection, noun, about.key, gone)
        for part, its in nouns.items():
            # A table that was not kept then says nothing of what has changed in it.
            kept = its.of == noun and before.get(part) and after.get(part)
            if kept and before[part] != after[part]:
                _compare_part(connection, noun, about.key, part, its.key)
        connection.execute(_SETTLE, [noun])


def counts(connection: "duckdb.DuckDBPyConnection", nouns: Nouns) -> dict[str, dict[str, int]]:
    """Noun → records now, and how many were added, changed, withdrawn, left; after `diff`."""
    found = {}
    for noun, about in nouns.items():
        if about.of is None:
            sql = (
                f"select count(distinct {identifier(about.key)}) from {identifier(f'after {noun}')}"
            )
            told = dict.fromkeys(("added", "changed", "withdrawn", "left"), 0)
            told |= dict(
                connection.execute(
                    "select change, count(*) from changes where noun = $1 group by 1", [noun]
                ).fetchall()
            )
            found[noun] = {"records": int(connection.sql(sql).fetchall()[0][0])} | told
    return found


def history(
    connection: "duckdb.DuckDBPyConnection",
    source: str,
    nouns: Nouns,
    name: str,
    before: tuple[str, Path] | None,
    *,
    partial: bool,
) -> "pa.Table":
    """The history of every record (schemas.HISTORY) as of the snapshot `name`; after `diff`.

    before: the previous snapshot's name and its history. Records present then are those last seen in
    it: they were seen again now unless `changes` says otherwise. partial: as `diff` has it. A record that
    left a slice keeps its last rows: when the whole source is taken in again and lacks it, it is
    withdrawn.
    """
    from storage import schemas

    was, file = before or ("", None)
    connection.register("history empty", schemas.HISTORY.empty_table())
    _view(connection, "history before", [file] if file else [], "record_id")
    connection.execute(
        'create or replace temp view "history known" as '
        'from "history empty" union all by name from "history before"'
    )
    connection.execute("create or replace temp table last_rows as " + _gone_rows(nouns))
    said = {"source": source, "name": name, "was": was, "partial": partial}
    rows: pa.Table = connection.sql(_HISTORY, params=said).to_arrow_table()
    return rows.select(schemas.HISTORY.names).cast(schemas.HISTORY)


_HISTORY = """
select
    $source as source,
    noun,
    record_id,
    coalesce(known.first_seen, $name) as first_seen,
    case
        when found.change in ('added', 'changed') then $name
        when found.change is null and known.last_seen = $was then $name
        else known.last_seen
    end as last_seen,
    case
        when found.change = 'withdrawn' then $name
        when found.change is null and not $partial and known.last_seen <> $was
            then coalesce(known.withdrawn_in, $name)
        when found.change is null or found.change = 'left' then known.withdrawn_in
    end as withdrawn_in,
    case
        when found.change = 'changed' then list_append(
            coalesce(known.changes, []), {'snapshot': $name, 'fields': found.fields}
        )
        else coalesce(known.changes, [])
    end as changes,
    case
        when found.change in ('withdrawn', 'left') then gone.rows
        when found.change is null then known.last_rows
    end as last_rows
from "history known" as known
full join changes as found using (noun, record_id)
left join last_rows as gone using (noun, record_id)
"""


def rows_of(side: str, noun: str, nouns: Nouns, ids: str) -> str:
    """SQL giving `record_id` and `rows` of the records that the query `ids` names; after `diff`.

    side: "before" or "after". rows: JSON of table → the record's rows in it.
    """
    tables = [(noun, nouns[noun].key)]
    tables += [(part, about.key) for part, about in nouns.items() if about.of == noun]
    # Text from the start: lists of structs with all columns do not fit into memory.
    union = " union all ".join(
        f"""
        select record_id, {literal(table)} as noun, string_agg(said, ',' order by said) as rows
        from (
            select {identifier(key)}::varchar as record_id, to_json(t)::varchar as said
            from {identifier(f"{side} {table}")} as t
            where {identifier(key)}::varchar in ({ids})
        )
        group by record_id
        """
        for table, key in tables
    )
    return (
        "select record_id, '{' || string_agg(to_json(noun) || ':[' || rows || ']', ',' order by noun)"
        f" || '}}' as rows from ({union}) group by record_id"
    )


def _gone_rows(nouns: Nouns) -> str:
    """SQL of the last rows of every record that is not there any more, by noun."""
    ids = "select record_id from changes where change in ('withdrawn', 'left') and noun = "
    return " union all ".join(
        f"select {literal(noun)} as noun, record_id, rows "
        f"from ({rows_of('before', noun, nouns, ids + literal(noun))})"
        for noun, about in nouns.items()
        if about.of is None
    )


def _view(
    connection: "duckdb.DuckDBPyConnection", name: str, files: Sequence[Path], key: str
) -> None:
    if files:
        paths = ", ".join(literal(str(path)) for path in files)
        rows = f"from read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"
    else:
        rows = f"select null::varchar as {identifier(key)} where false"
    connection.execute(f"create or replace temp view {identifier(name)} as {rows}")


def _compare(connection: "duckdb.DuckDBPyConnection", noun: str, key: str, gone: str) -> None:
    """Note in `found` which records were added, changed (by which columns), or are gone."""
    columns = _columns(connection, noun, key)
    connection.execute(f"""
        insert into found
        select record_id,
            case when b.rows is null then 'added' when a.rows is null then '{gone}' else 'changed' end,
            null
        from {_digests("before", noun, key, columns)} as b
        full join {_digests("after", noun, key, columns)} as a using (record_id)
        where (b.rows, b.digest) is distinct from (a.rows, a.digest)
    """)
    sums = {
        side: ", ".join(f"sum(hash({value})) as c{n}" for n, value in enumerate(columns[side]))
        for side in ("before", "after")
    }
    b, a = (
        f"(select {identifier(key)}::varchar as record_id, {said} from {identifier(f'{side} {noun}')}"
        f" where {identifier(key)}::varchar in (select record_id from found where change = 'changed')"
        " group by 1)"
        for side, said in sums.items()
    )
    differing = ", ".join(
        f"case when b.c{n} <> a.c{n} then {literal(name)} end"
        for n, name in enumerate(columns["names"])
    )
    connection.execute(f"""
        insert into found
        select record_id, 'changed', field
        from (select record_id, unnest([{differing}]) as field from {b} as b join {a} as a using (record_id))
        where field is not null
    """)


def _compare_part(
    connection: "duckdb.DuckDBPyConnection", noun: str, key: str, part: str, part_key: str
) -> None:
    """Note in `found` which records, there before and after, have other rows in the table `part`."""
    columns = _columns(connection, part, part_key)
    connection.execute(f"""
        insert into found
        select record_id, 'changed', {literal(part)}
        from {_digests("before", part, part_key, columns)} as b
        full join {_digests("after", part, part_key, columns)} as a using (record_id)
        where (b.rows, b.digest) is distinct from (a.rows, a.digest)
            and record_id in (select {identifier(key)}::varchar from {identifier(f"before {noun}")})
            and record_id in (select {identifier(key)}::varchar from {identifier(f"after {noun}")})
    """)


def _columns(connection: "duckdb.DuckDBPyConnection", table: str, key: str) -> dict[str, list[str]]:
    """The compared columns of a table by `names`, and the SQL of their values on each side.

    A column that one side does not have is null there, and empty text is null on both: a field nobody
    has filled is no change.
    """
    there = {
        side: [
            row[0]
            for row in connection.execute(f"describe {identifier(f'{side} {table}')}").fetchall()
        ]
        for side in ("before", "after")
    }
    names = sorted({*there["before"], *there["after"]} - {key, _ADDRESS})
    values = {
        side: [
            f"nullif({identifier(name) if name in there[side] else 'null'}::varchar, '')"
            for name in names
        ]
        for side in there
    }
    return {"names": names} | values


def _digests(side: str, table: str, key: str, columns: Mapping[str, Sequence[str]]) -> str:
    """SQL: each record's number of rows, and a sum of their hashes, in which their order has no part."""
    values = ", ".join(["0", *columns[side]])
    return (
        f"(select {identifier(key)}::varchar as record_id, count(*) as rows, sum(hash({values})) as digest "
        f"from {identifier(f'{side} {table}')} where {identifier(key)} is not null group by 1)"
    )
