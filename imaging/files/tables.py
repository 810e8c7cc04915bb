"""Tables as CSV that programs read and that a spreadsheet opens without harm.

What belongs here: writing them, and nothing that knows what a table tells.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from storage.files import write_text

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # OWASP, CSV injection


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write the columns of `header` (RFC 4180, UTF-8), whole or not at all; what else a row holds is left out.

    A text that a spreadsheet would run as a formula gets a quote before it. Printing names is the caller's
    (`walk.printable`). Raises OSError where `path` cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _unarmed(value) for name, value in row.items()})
    write_text(path, text.getvalue())


def _unarmed(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
