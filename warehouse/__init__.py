"""The star schema, its contracts, the published DuckDB file, and questions put to it.

What belongs here: SQL files (`star/`, `views/`, `queries/`), what each column means and must obey, and
the few functions that run them. What does not: how records come about, Dagster, pages and plots.
"""
