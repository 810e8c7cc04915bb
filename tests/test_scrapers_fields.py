"""What each museum says its columns are read from: `Museum.fields`, by which the dictionary explains them."""

import pytest

from scrapers import MUSEUMS
from scrapers.described import TERMS
from scrapers.museum import fields_read
from storage import schemas

NAMES = {name for names in TERMS.values() for name in names}
NOT_OURS = {"withdrawn_in"}  # the catalog stage writes it, from the history of the source


def there(museum, field):
    """Whether the field is a column of a raw table, or a part of one that holds JSON."""
    first, _, rest = field.partition(".")
    if first in museum.nouns:
        return rest in (*museum.nouns[first].columns, "source_row")
    (only,) = museum.nouns.values()
    return first in (*only.columns, "source_row") or (museum.own_addresses and first in NAMES)


@pytest.mark.parametrize("name", MUSEUMS)
def test_every_field_named_is_there(name):
    museum = MUSEUMS[name]
    missing = {field for field in fields_read(museum.fields) if not there(museum, field)}
    assert not missing


@pytest.mark.parametrize("name", MUSEUMS)
def test_only_columns_of_the_catalog_are_told_of_and_all_that_must_be_filled_are(name):
    assert set(MUSEUMS[name].fields) == {"artworks", "artists", "image_links"}
    for noun, told in MUSEUMS[name].fields.items():
        schema = getattr(schemas, noun.upper())
        assert set(told) <= set(schema.names) - NOT_OURS
        assert {field.name for field in schema if not field.nullable} <= set(told)


def test_fields_of_one_raw_table_are_told_apart():
    fields = {
        "artworks": {"title": "a.T (kind x) / b.name", "licence": '"CC0 / free"', "misc": "*"}
    }
    assert fields_read(fields) == {"a.T", "b.name"}
    assert fields_read(fields, "a") == {"T"}
