"""Tables as CSV: every text comes back, and none of them is a formula."""

import csv
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from imaging.files.tables import write_csv


def test_texts_come_back_and_none_is_a_formula(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"

    @given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), st.floats())
    def check(text: str, figure: float) -> None:
        write_csv(path, ["text", "figure"], [{"text": text, "figure": figure, "unasked": 1}])
        with path.open(newline="", encoding="utf-8") as lines:
            head, row = list(csv.reader(lines))
        assert head == ["text", "figure"]
        assert row[0] in (text, f"'{text}")
        assert row[0][:1] not in set("=+-@\t\r\n")
        assert row[1] == repr(figure)

    check()


def test_negative_figures_stay_figures(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ["a"], [{"a": -0.5}, {"a": "-0.5"}])
    assert (tmp_path / "a.csv").read_bytes() == b"a\r\n-0.5\r\n'-0.5\r\n"
