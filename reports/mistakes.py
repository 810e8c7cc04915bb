"""Confident mistakes: pictures of the test side on which a model was sure, and wrong.

What belongs here: choosing them and finding their pictures. What may not be republished is told, not shown.
"""

from collections.abc import Sequence

import pyarrow as pa

from reports.facts import PICTURES
from reports.pages import cut, thumbnail
from storage import Lake

KEYS = ("star/fact_artwork", "star/fact_image", "star/dim_museum", "images/derivatives")
_SHOWN = 9


def confident_mistakes(
    lake: Lake, outputs: pa.Table, labels: Sequence[str], attribute: str, temperature: float
) -> list[tuple[bytes | None, str]]:
    """The most confident mistakes as (small JPEG, or None where it may not be shown; what was said).

    outputs: what the model said of labelled pictures (attribute, artwork_id, sha256, side, label, and
    logits, one a label in the order of `labels`). Confidence is the highest softmax of logits / temperature.
    """
    with lake.connect(KEYS) as connection:
        connection.execute(PICTURES)
        connection.register("outputs", outputs)
        asked = {"labels": list(labels), "temperature": temperature, "attribute": attribute}
        rows = connection.sql(_MISTAKES, params=asked).to_arrow_table().to_pylist()
    return [
        (
            thumbnail(lake, row),
            f"{row['label']}; the model said {row['guess']} ({row['confidence']:.3f}). "
            f"{cut(row['title'] or row['artwork_id'], 60)}, {row['museum'] or 'museum not known'}",
        )
        for row in rows
    ]


# A work has one row of the star for each of its images; the one that the model was shown counts.
_MISTAKES = f"""
with said as (
    select artwork_id, sha256, label,
        ($labels::varchar[])[list_position(logits, list_max(logits))] as guess,
        1 / list_sum(list_transform(logits, lambda logit: exp((logit - list_max(logits)) / $temperature)))
            as confidence
    from outputs where attribute = $attribute and side = 'test'
)

select said.*, title, museum, path, coalesce(may_show, false) as may_show
from said
left join (
    select artwork_id, sha256, any_value(title) as title, any_value(museum) as museum,
        any_value(path) as path, bool_and(may_show) as may_show
    from pictures group by artwork_id, sha256
) as shown using (artwork_id, sha256)
where guess <> label
order by confidence desc, artwork_id
limit {_SHOWN}
"""
