"""The forms in which commands write rows. Light: the command line loads it for its help."""

from enum import StrEnum


class Form(StrEnum):
    """How `query` writes its rows; Parquet and Arrow keep their types."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    ARROW = "arrow"


class TextForm(StrEnum):
    """Those of them that are text: how `diff` prints its rows."""

    TABLE = Form.TABLE
    CSV = Form.CSV
    JSON = Form.JSON
