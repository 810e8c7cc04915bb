"""A page to look at proposals: each picture with its windows drawn, bright inside and dim outside.

What belongs here: the HTML of `artlake crops`. A page stands alone: thumbnails are inside it.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from PIL import Image

from storage.files import write_text

PAGE = 200  # pictures on a page: about four megabytes
_THUMB = 300  # pixels of a thumbnail's longer side


def write(
    title: str,
    rows: Sequence[Mapping[str, Any]],
    rejects: Sequence[tuple[str, str]],
    out: Path,
    *,
    least: float,
) -> list[Path]:
    """Write index.html, page-2.html … below `out` and return them.

    rows: proposals with name, thumb (path of a small picture), width, height, ratio, rank, edges as shares,
    proposer and confidence, those of a picture one after the other. rejects: name and reason. least: the
    confidence from which a proposal would be written.
    """
    import jinja2

    pictures = [list(group) for _, group in groupby(rows, key=lambda row: row["name"])]
    pages = [pictures[start : start + PAGE] for start in range(0, len(pictures), PAGE)] or [[]]
    loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.get_template("crops.html")
    names = ["index.html", *(f"page-{number}.html" for number in range(2, len(pages) + 1))]
    for number, (name, shown) in enumerate(zip(names, pages, strict=True), start=1):
        text = template.render(
            title=title,
            pictures=[_picture(one, least) for one in shown],
            rejects=rejects if number == 1 else (),
            total=len(pictures),
            sure=sum(row["rank"] == 1 and row["confidence"] >= least for row in rows),
            proposed=sum(row["rank"] == 1 for row in rows),
            least=least,
            names=names,
            page=number,
        )
        write_text(out / name, text)
    return [out / name for name in names]


def _picture(rows: Sequence[Mapping[str, Any]], least: float) -> dict[str, Any]:
    first = rows[0]
    by_ratio = [list(group) for _, group in groupby(rows, key=lambda row: row["ratio"])]
    return {
        "name": first["name"],
        "width": first["width"],
        "height": first["height"],
        "thumb": _thumb(first["thumb"]),
        "ratios": [
            {"best": group[0], "others": group[1:], "sure": group[0]["confidence"] >= least}
            for group in by_ratio
        ],
    }


def _thumb(path: Path) -> str:
    with Image.open(path) as image:
        image.thumbnail((_THUMB, _THUMB))
        data = io.BytesIO()
        image.convert("RGB").save(data, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}"
