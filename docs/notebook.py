"""Worked examples over the published file: `marimo edit docs/notebook.py`. ARTLAKE_LAKE names the lake."""

import marimo

app = marimo.App(width="medium")


@app.cell
def _():
    import os
    from pathlib import Path

    import altair as alt
    import duckdb
    import marimo as mo

    file = Path(os.environ.get("ARTLAKE_LAKE", "lake"), "published", "artlake.duckdb")
    mo.stop(
        not file.is_file(),
        mo.md(f"There is no `{file}` yet. Run `./artlake demo` (or `run`), or set ARTLAKE_LAKE."),
    )
    # Read-only: anybody else may read at the same time, and a publication is never held up.
    lake = duckdb.connect(str(file), read_only=True)
    return alt, file, lake, mo


@app.cell
def _(lake, mo):
    overview = lake.sql(
        """
        select museum, count(*) as objects, count_if(images > 0) as pictured,
            count_if(is_public_domain) as public_domain
        from artworks
        group by museum
        order by objects desc, museum
        """
    ).to_arrow_table()
    mo.vstack(
        [mo.md("# What is in the lake\n\n`artworks` has a row an object."), mo.ui.table(overview)]
    )
    return (overview,)


@app.cell
def _(lake, mo):
    counted = lake.sql(
        """
        select
            (select count(*) from artworks) as objects,
            (select count(*) from works) as works,
            (select count(*) from images) as images,
            (select count(*) from images where is_keeper) as pictures_without_copies
        """
    ).to_arrow_table()
    mo.vstack([
        mo.md(
            "## Count works, not photographs\n\nOne painting may be described by two sources and "
            "photographed three times. `works` joins what is one work, with the evidence."
        ),
        counted,
    ])  # fmt: skip
    return (counted,)


@app.cell
def _(alt, lake, mo):
    centuries = lake.sql(
        """
        select period, count(*) as objects
        from fact_artwork
        join dim_period using (period_key)
        where period_key > 0 and withdrawn_in is null
        group by period_key, period
        order by min(dim_period.begin_year)
        """
    ).to_arrow_table()
    chart = (
        alt.Chart(centuries)
        .mark_bar()
        .encode(
            alt.X("period:N", sort=None, title="half-century"),
            alt.Y("objects:Q", title="objects"),
            tooltip=["period", "objects"],
        )
    )
    mo.vstack([mo.md("## When they were made\n\nA fact joined to its dimension by key."), chart])
    return centuries, chart


@app.cell
def _(lake, mo):
    artists = lake.sql(
        """
        select name as artist, round(sum(weight), 1) as objects
        from bridge_artwork_artist
        join dim_artist using (artist_key)
        where artist_key > 0 and role_kind = 'artist'
        group by artist_key, name
        order by objects desc, artist
        limit 10
        """
    ).to_arrow_table()
    mo.vstack([
        mo.md(
            "## Whose they are\n\nSeveral artists share an object: the bridge's weights add up to 1, so "
            "that nothing is counted twice."
        ),
        artists,
    ])  # fmt: skip
    return (artists,)


@app.cell
def _(lake, mo):
    known = lake.sql(
        """
        select name, version, valid_from, valid_to, changed
        from dim_artist_version
        where artist_key > 0
        order by version desc, name, artist_key
        limit 10
        """
    ).to_arrow_table()
    mo.vstack([
        mo.md(
            "## What was known when\n\n`dim_artist` says what is known now; `dim_artist_version` has a row "
            "for each span of time in which it was the same."
        ),
        known,
    ])  # fmt: skip
    return (known,)


@app.cell
def _(lake, mo):
    words = mo.ui.text(value="portrait", label="words")
    mo.vstack([mo.md("## Finding words\n\nThe index is in the file."), words])
    return (words,)


@app.cell
def _(lake, mo, words):
    found = lake.sql(
        "select title, artist, museum, round(score, 2) as score from search($words) limit 10",
        params={"words": words.value},
    ).to_arrow_table()
    mo.ui.table(found)
    return (found,)


if __name__ == "__main__":
    app.run()
