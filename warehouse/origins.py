"""Which columns of the lake the columns of the published file are read from, as `noun.column`.

A star table's header says it (`from`); a view has it through the tables whose columns it shows.
"""

from functools import cache

from warehouse.contracts import HERE, star_contract
from warehouse.headers import Contract, tables_read
from warehouse.star import STAR


def origins(contract: Contract, kind: str) -> dict[str, tuple[str, ...]]:
    """Column → the lake's columns it is read from; none for what is worked out here.

    kind: "table" or "view".
    """
    told = {column.name: column.origin for column in contract.columns}
    if kind == "table":
        return told
    through = _through(contract.name)
    return {name: said or through.get(name, ()) for name, said in told.items()}


@cache
def _through(view: str) -> dict[str, tuple[str, ...]]:
    """Column of a view → what the star's columns that its expression names are read from."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.optimizer.scope import build_scope

    sql = (HERE / "views" / f"{view}.sql").read_text(encoding="utf-8")
    scope = build_scope(sqlglot.parse_one(sql, dialect="duckdb"))
    if scope is None or not isinstance(scope.expression, exp.Query):
        raise ValueError(f"views/{view}.sql is no query")
    read = sorted(set(tables_read(sql)) & {table.name for table in STAR})
    said = {
        (table, column.name): column.origin
        for table in read
        for column in star_contract(table).columns
        if column.origin
    }
    sources = (
        (alias, source.name)
        for alias, source in scope.sources.items()
        if isinstance(source, exp.Table)
    )
    near = {alias: name for alias, name in sources if name in read}
    found = {}
    for shown in scope.expression.selects:
        through: list[str] = []
        for column in shown.find_all(exp.Column):
            # The tables that the query itself names come first; what it takes from a query within it is
            # known by the name of the column.
            tables = [near[column.table]] if column.table in near else sorted(near.values())
            tables = [name for name in tables if (name, column.name) in said] or read
            for name in tables:
                through += said.get((name, column.name), ())
        found[shown.alias_or_name] = tuple(dict.fromkeys(through))
    return found
