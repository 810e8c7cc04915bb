import pyarrow as pa
import pytest

from storage import schemas

SCHEMAS = {name: value for name, value in vars(schemas).items() if isinstance(value, pa.Schema)}


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_column_says_what_it_means(name: str) -> None:
    silent = [field.name for field in SCHEMAS[name] if not schemas.meaning(field)]
    assert not silent


def test_a_value_that_does_not_fit_names_row_and_field() -> None:
    rows = [
        {"stage": "raw", "source": "met", "subject": "a", "reason": "gone"},
        {"stage": "raw", "source": "met", "subject": 7, "reason": "gone"},
    ]
    with pytest.raises(ValueError, match="row 1: subject"):
        schemas.table(schemas.REJECTS, rows)


def test_an_empty_value_that_must_not_be_names_row_and_field() -> None:
    with pytest.raises(ValueError, match="row 0: source is empty"):
        schemas.table(schemas.REJECTS, [{"stage": "raw", "subject": "a", "reason": "gone"}])
