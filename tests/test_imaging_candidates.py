"""imaging.duplicates.candidates and cosine: what is worth comparing is proposed, and not all with all."""

from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from imaging import hashes
from imaging.duplicates.candidates import CANDIDATES, propose
from imaging.duplicates.cosine import pairs_above, unit
from imaging.duplicates.proposals import FORESTS
from imaging.duplicates.turned import turned_dhash
from tests._paintings import painting
from tests._pictures import images, row, vectors

TURNS = [
    lambda picture, k=k: picture.rotate(90 * k, expand=True) for k in range(4)
]  # against the clock, as Pillow turns


def form(picture: Image.Image, number: int) -> Image.Image:
    return TURNS[number % 4](ImageOps.mirror(picture) if number >= 4 else picture)


def proposed(rows: list[dict], given_vectors: pa.Table | None = None) -> dict[tuple, dict]:
    found = propose(images(rows), given_vectors)
    assert found.schema.equals(CANDIDATES)
    made = {(it["image_a"], it["image_b"]): it for it in found.to_pylist()}
    assert len(made) == found.num_rows
    assert all(a < b for a, b in made)
    return made


def test_edits_are_proposed_and_strangers_are_not() -> None:
    a = painting(1)
    rows = [
        row("a", a),
        row("b", a.resize((160, 128))),
        row("c", Image.eval(a, lambda value: min(255, int(value * 1.2)))),
        *(row(f"x{seed}", painting(seed)) for seed in range(2, 12)),
    ]
    assert proposed(rows).keys() == {("a", "b"), ("a", "c"), ("b", "c")}


@pytest.mark.parametrize(("share", "frame"), [(0.95, "95 %"), (0.90, "90 %")])
@pytest.mark.parametrize("ids", [("a", "b"), ("b", "a")])
def test_a_crop_is_proposed_in_the_frame_that_fits(
    share: float, frame: str, ids: tuple[str, str]
) -> None:
    whole = painting(3)
    dx, dy = whole.width * (1 - share) / 2, whole.height * (1 - share) / 2
    crop = whole.crop((round(dx), round(dy), round(whole.width - dx), round(whole.height - dy)))
    found = proposed([row(ids[0], whole), row(ids[1], crop)])["a", "b"]
    assert found["frame"] == (f"{frame}/whole" if ids == ("a", "b") else f"whole/{frame}")
    assert (found["phash_distance"], found["form"]) <= (2, 0)
    assert found["dhash_distance"] <= 8


def test_a_framed_picture_is_proposed_without_its_frame() -> None:
    picture = painting(4)
    framed = ImageOps.expand(picture, 40, "white")
    box = (40, 40, 40 + picture.width, 40 + picture.height)
    found = proposed([row("a", framed, trimmed=box), row("b", picture)])["a", "b"]
    assert (found["frame"], found["phash_distance"]) == ("trimmed/whole", 0)


@pytest.mark.parametrize("share", [0.07, 0.10, 0.15, 0.19])
def test_a_picture_in_a_frame_of_many_colours_is_proposed(share: float) -> None:
    picture = painting(12)
    edge = round(share / (1 - 2 * share) * min(picture.size))
    framed = picture
    for colour, part in (("goldenrod", 0.5), ("black", 0.1), ("sienna", 0.4)):
        framed = ImageOps.expand(framed, round(part * edge), colour)
    rows = [row("a", framed), row("b", picture), *(row(f"x{k}", painting(k)) for k in range(8))]
    found = proposed(rows)
    assert found.keys() == {("a", "b")}
    assert found["a", "b"]["frame"].startswith("inset ")


@pytest.mark.parametrize("side", ["left", "top", "right", "bottom"])
def test_a_picture_beside_a_colour_chart_is_proposed(side: str) -> None:
    picture = painting(13)
    width, height = picture.size
    strip = round(0.09 * (width if side in ("left", "right") else height))
    across, down = (strip, 0) if side in ("left", "right") else (0, strip)
    whole = Image.new("RGB", (width + across, height + down), (128, 128, 128))
    whole.paste(picture, (across if side == "left" else 0, down if side == "top" else 0))
    found = proposed([row("a", picture), row("b", whole)])["a", "b"]
    assert found["frame"] == f"whole/without {side} 8 %"
    assert found["phash_distance"] <= 4


@pytest.mark.parametrize("number", range(1, 8))
def test_a_turned_picture_is_proposed_in_the_form_that_matches(number: int) -> None:
    picture = painting(5)
    found = proposed([row("a", picture), row("b", form(picture, number))])["a", "b"]
    assert found["form"] == number
    assert found["phash_distance"] <= 2
    assert found["dhash_distance"] <= 16  # equal neighbours count as a difference


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 7))
def test_turned_difference_hashes_are_those_of_the_turned_picture(seed: int, number: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (72, 72), dtype=np.uint8)
    picture = Image.fromarray(noise)
    upright = hashes.grey_hashes(noise)
    turned = hashes.grey_hashes(np.asarray(form(picture, number)))
    along, down = turned_dhash(
        *(np.array([it], np.uint64) for it in (upright.dhash_h, upright.dhash_v)), number
    )
    bits = (int(along[0]) ^ turned.dhash_h).bit_count() + (
        int(down[0]) ^ turned.dhash_v
    ).bit_count()
    assert bits <= 12  # neighbours that are equal after rounding; a wrong form gives about 64


def test_equal_files_are_chained_and_only_the_first_is_compared() -> None:
    rows = [row(name, painting(6)) for name in "dcba"]
    for it in rows:
        it["sha256"] = rows[0]["sha256"]
    rows.append(row("e", painting(6).resize((200, 160))))
    found = proposed(rows)
    assert found.keys() == {("a", "b"), ("a", "c"), ("a", "d"), ("a", "e")}
    assert [found["a", other]["proposed_by"] for other in "bcde"] == ["file"] * 3 + ["hash"]


def test_equal_pixels_of_equal_size_are_chained_too() -> None:
    rows = [row(name, painting(7)) for name in "abc"]
    rows[2]["width"] *= 2  # the same derivative of a larger original: to be compared
    found = proposed(rows)
    assert {key: it["proposed_by"] for key, it in found.items()} == {
        ("a", "b"): "derivative",
        ("a", "c"): "hash",
    }


def test_pictures_without_an_edge_are_not_compared_with_each_other() -> None:
    rows = [
        row(f"{tone:03}", Image.new("RGB", (300, 200), (tone, tone, tone))) for tone in range(200)
    ]
    assert not proposed(rows)


def test_a_thousand_equal_hashes_make_no_million_pairs() -> None:
    one = row("0", painting(8))
    rows = [
        {
            **one,
            "image_id": f"{k:04}",
            "artwork_id": f"{k:04}",
            "sha256": f"{k:064}",
            "content": str(k),
        }
        for k in range(1000)
    ]
    found = proposed(rows)
    assert len(found) == 999 + 998  # each with the first, and with the next
    assert {name for key in found for name in key} == {it["image_id"] for it in rows}


@cache
def crowd(scenes: int, each: int) -> list[dict]:
    """Rows of `each` slightly different pictures of every scene."""
    return [
        row(f"{k:02}-{scene}", painting(40 + scene).crop((k // 2, k // 3, 310 + k % 3, 250)))
        for scene in range(scenes)
        for k in range(each)
    ]


def test_a_crowd_hangs_together_by_few_pairs() -> None:
    rows = crowd(2, 18)
    found = proposed(rows)
    assert len(found) <= FORESTS * (len(rows) - 1) < 2 * 18 * 17 // 2
    home = {it["image_id"]: frozenset([it["image_id"]]) for it in rows}
    for a, b in found:
        both = home[a] | home[b]
        home |= dict.fromkeys(both, both)
    scenes = {scene: {name for name in home if name.endswith(scene)} for scene in ("-0", "-1")}
    assert set(home.values()) == set(map(frozenset, scenes.values()))


@settings(max_examples=6, deadline=None)
@given(st.permutations(range(20)), st.integers(1, 19))
def test_new_pictures_bring_no_new_pairs_of_old_ones(arrival: list[int], cut: int) -> None:
    rows = crowd(2, 10)
    before = proposed([rows[k] for k in arrival[:cut]])
    old = {rows[k]["image_id"] for k in arrival[:cut]}
    after = {key for key in proposed(rows) if old >= set(key)}
    assert after <= before.keys()


def test_names_decide_nothing_about_which_of_a_crowd_are_compared() -> None:
    rows = crowd(1, 14)
    content = {it["image_id"]: it["content"] for it in rows}
    found = {frozenset(content[name] for name in key) for key in proposed(rows)}
    renamed = [{**it, "image_id": f"z{k}"} for k, it in enumerate(reversed(rows))]
    content = {it["image_id"]: it["content"] for it in renamed}
    assert {frozenset(content[name] for name in key) for key in proposed(renamed)} == found


def test_embeddings_propose_what_hashes_do_not_and_stand_on_every_pair() -> None:
    rows = [row("a", painting(9)), row("b", painting(10)), row("c", painting(9).resize((200, 160)))]
    rng = np.random.default_rng(0)
    base = rng.normal(size=64)
    near = base + 0.2 * rng.normal(size=64)
    given_vectors = vectors({rows[0]["sha256"]: base, rows[1]["sha256"]: near})
    found = proposed(rows, given_vectors)
    assert found.keys() == {("a", "b"), ("a", "c")}
    assert found["a", "b"]["proposed_by"] == "embedding"
    wanted = base @ near / np.linalg.norm(base) / np.linalg.norm(near)
    assert found["a", "b"]["cosine"] == pytest.approx(wanted, abs=1e-5)
    assert found["a", "c"]["cosine"] is None  # c has no vector


def test_pictures_of_one_artwork_are_compared_with_its_first() -> None:
    rows = [row(f"met:1#{k}", painting(20 + k), artwork_id="met:1") for k in range(3)]
    rows.append(row("met:2#0", painting(30), artwork_id=None))
    rows.append(row("met:3#0", painting(31), artwork_id=None))
    found = proposed(rows)
    assert found.keys() == {("met:1#0", "met:1#1"), ("met:1#0", "met:1#2")}
    assert {it["proposed_by"] for it in found.values()} == {"record"}


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(random) -> None:
    rows = [row(f"p{seed}", painting(seed)) for seed in range(4)]
    rows += [row(f"q{seed}", painting(seed).crop((8, 8, 300, 240))) for seed in range(4)]
    rows += [row("r0", form(painting(1), 6)), row("r1", painting(1))]
    rng = np.random.default_rng(1)
    given_vectors = vectors({it["sha256"]: rng.uniform(0.5, 1.5, 256) for it in rows})
    found = propose(images(rows), given_vectors)
    assert found.num_rows > 8
    random.shuffle(rows)
    order = random.sample(range(len(rows)), len(rows))
    assert propose(images(rows), given_vectors.take(order)).equals(found)


def test_no_pictures_make_no_pairs() -> None:
    assert propose(images([])).num_rows == 0
    assert propose(images([row("a", painting(1))])).num_rows == 0


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(0, 60),
    st.sampled_from([0.5, 0.9, 0.99]),
    st.integers(1, 5),
)
def test_near_vectors_are_those_of_brute_force(
    seed: int, n: int, least: float, nearest: int
) -> None:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(4, 16))
    rows = unit(centres[rng.integers(0, 4, n)] + rng.uniform(0, 0.5) * rng.normal(size=(n, 16)))
    assert found_pairs(rows, least, nearest) == brute(rows, least, nearest)


def test_near_vectors_are_those_of_brute_force_where_sketches_serve() -> None:
    rng = np.random.default_rng(1)
    centres = np.abs(rng.normal(size=(300, 400)))
    rows = unit(centres[rng.integers(0, 300, 2500)] + 0.25 * rng.normal(size=(2500, 400)))
    wanted = brute(rows, 0.9, 5)
    assert len(wanted) > 1000
    assert found_pairs(rows, 0.9, 5) == wanted


def found_pairs(rows: np.ndarray, least: float, nearest: int) -> set[tuple[int, int]]:
    i, j, alike = pairs_above(rows, least, nearest)
    assert (alike >= least).all()
    return set(zip(i.tolist(), j.tolist(), strict=True))


def brute(rows: np.ndarray, least: float, nearest: int) -> set[tuple[int, int]]:
    found = set()
    for k, mine in enumerate(rows):
        alike = np.einsum("nd,nd->n", rows, np.broadcast_to(mine, rows.shape))
        alike[k] = -2
        near = [j for j in np.lexsort((np.arange(len(rows)), -alike)) if alike[j] >= least]
        found |= {(min(k, int(j)), max(k, int(j))) for j in near[:nearest]}
    return found
