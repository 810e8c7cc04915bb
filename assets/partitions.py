"""Partitions: those that a museum's own module names."""

from functools import cache

import dagster as dg

from scrapers import MUSEUMS


@cache
def partitions_of(museum: str) -> dg.StaticPartitionsDefinition | None:
    """The partitions of a museum's raw tables, None when it is taken as a whole."""
    keys = list(MUSEUMS[museum].partitions)
    return dg.StaticPartitionsDefinition(keys) if keys else None
