"""The one partitions definition of the project: the departments of the MET."""

import dagster as dg

from scrapers import MUSEUMS

met_departments = dg.StaticPartitionsDefinition(list(MUSEUMS["met"].partitions))


def partitions_of(museum: str) -> dg.StaticPartitionsDefinition | None:
    """The partitions of a museum's raw tables, None when it is taken as a whole."""
    return met_departments if MUSEUMS[museum].partitions else None
