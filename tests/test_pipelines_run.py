"""The main job on a small sandbox museum: from nothing, again, and after changes."""

import csv
import itertools
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image

import sandbox
from storage import Lake
from tests._readme import readme_commands
from tests.test_pipelines_learning import head

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.slow


class House:
    """A lake, its museum, and the command line over both."""

    def __init__(self, folder: Path, museum: sandbox.Museum):
        self.folder, self.museum = folder, museum
        self.lake = Lake.open(folder / "lake", "builtin")

    def artlake(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("ARTLAKE_")}
        env |= {"ARTLAKE_MUSEUM_URL": self.museum.url, **settings}
        command = [sys.executable, "-m", "pipelines.cli", "--lake", str(self.lake.root), *words]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)

    def start(self, *words: str) -> subprocess.Popen[str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("ARTLAKE_")}
        command = [sys.executable, "-m", "pipelines.cli", "--lake", str(self.lake.root), *words]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=env | {"ARTLAKE_MUSEUM_URL": self.museum.url},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )

    def run(self, **settings: str) -> str:
        done = self.artlake("run", **settings)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def versions(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.lake.root)): path.read_bytes()
            for path in self.lake.root.rglob("*.parquet")
            if not {"memo", "tables"} & set(path.parts)
        }


def made(output: str) -> set[str]:
    """The steps that a run's output names, without the looks at the sources."""
    lines = output.splitlines()
    steps = {line for line, after in itertools.pairwise(lines) if after.startswith("  done in")}
    return {step for step in steps if not step.startswith("source/")}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with sandbox.serve(works=120, cache=folder / "cache") as museum:
        yield House(folder, museum)


@pytest.fixture(scope="module")
def first(house: House) -> str:
    return house.run()


def test_the_whole_graph_is_made_from_an_empty_folder(house: House, first: str) -> None:
    for key in ("raw/wga_works", "catalog/artworks", "star/fact_artwork", "similarity/neighbours"):
        assert house.lake.read(key).num_rows > 0, key
    for file in (
        "published/artlake.duckdb",
        "published/dictionary.html",
        "reports/collection.html",
        "reports/model.html",
        "reports/artlake.pptx",
    ):
        assert house.lake.file(file).stat().st_size > 1000, file
    counts = house.museum.counts
    works = house.lake.read("catalog/artworks", ["source"])["source"].to_pylist()
    assert {name: works.count(name) for name in counts} == counts


def test_nothing_is_lost_without_a_reason(house: House, first: str) -> None:
    links = house.lake.read("catalog/image_links")
    fetched = house.lake.read("images/originals")
    refused = house.lake.read("images/download_rejects")
    assert links.num_rows == fetched.num_rows + refused.num_rows
    truth = house.museum.truth()
    undecoded = set(house.lake.read("images/rejects")["subject"].to_pylist())
    subjects = set(refused["subject"].to_pylist()) | undecoded
    link = {row["image_id"]: row["url"] for row in links.to_pylist()}
    urls = [link.get(subject, subject) for subject in subjects]
    for bad in truth["corrupt"]:
        name = Path(bad["picture"]).name
        assert any(name in url for url in urls), bad


def test_planted_duplicates_are_found_and_nothing_else(house: House, first: str) -> None:
    links = house.lake.read("catalog/image_links").to_pylist()
    group = {
        row["image_id"]: row["group_id"] for row in house.lake.read("duplicates/groups").to_pylist()
    }

    def picture(side: dict[str, str]) -> str:
        name = Path(side["picture"]).name
        return next(link["image_id"] for link in links if name in unquote(link["url"]))

    planted = [
        (pair["kind"], picture(pair["a"]), picture(pair["b"]))
        for pair in house.museum.truth()["duplicates"]
    ]
    found = [kind for kind, a, b in planted if group[a] == group[b]]
    assert len(found) >= 0.8 * len(planted)  # small crops and resizes stand at the threshold
    assert found.count("exact") == [kind for kind, _, _ in planted].count("exact") > 0
    wanted = {frozenset(pair) for _, *pair in planted}
    pairs = house.lake.read("duplicates/pairs").to_pylist()
    assert {frozenset((p["image_a"], p["image_b"])) for p in pairs if p["confirmed"]} <= wanted


def test_a_second_run_does_nothing(house: House, first: str) -> None:
    before = house.versions()
    house.museum.reset_stats()
    output = house.run()
    assert "Nothing to do" in output
    assert made(output) == set()
    assert house.versions() == before
    assert house.museum.stats()["requests"] < 120


def test_one_changed_record_runs_only_what_depends_on_it(house: House, first: str) -> None:
    record = house.lake.read("raw/met_objects").to_pylist()[0]
    house.museum.change_record("met", record["objectID"], title="A title nobody had before")
    before = house.versions()
    steps = made(house.run())
    changed = {key for key, data in house.versions().items() if before[key] != data}
    assert "catalog/artworks.parquet" in changed and "star/fact_artwork.parquet" in changed
    assert len({key for key in changed if key.startswith("raw/")}) == 1
    assert {
        "raw/met_objects",
        "catalog/artworks",
        "star/fact_artwork",
        "published/artlake",
    } <= steps
    # Titles take part in judging pairs, which are judged anew; what they say is as before.
    assert "duplicates/groups.parquet" not in changed
    untouched = {
        "images/originals", "images/measures", "duplicates/evaluation", "crops/proposals",
        "embeddings/features", "similarity/neighbours", "training/department_head",
    }  # fmt: skip
    assert not steps & untouched
    assert made(house.run()) == set()


def test_a_decision_of_people_wins_and_stays(house: House, first: str) -> None:
    pairs = house.lake.read("duplicates/pairs").to_pylist()
    chosen = next(pair for pair in pairs if pair["kind"] == "same_image" and pair["confirmed"])
    told = house.artlake("decide", chosen["image_a"], chosen["image_b"], "not_duplicate")
    assert told.returncode == 0, told.stderr
    assert "duplicates/pairs" in made(house.run())
    groups = {
        row["image_id"]: row["group_id"] for row in house.lake.read("duplicates/groups").to_pylist()
    }
    assert groups[chosen["image_a"]] != groups[chosen["image_b"]]


def test_a_record_that_is_withdrawn_stays_as_a_tombstone(house: House, first: str) -> None:
    record = house.lake.read("raw/met_objects").to_pylist()[-1]
    house.museum.withdraw("met", record["objectID"])
    house.run()
    known = {row["artwork_id"]: row for row in house.lake.read("catalog/artworks").to_pylist()}
    snapshot = known[f"met:{record['objectID']}"]["withdrawn_in"]
    assert snapshot == max(
        path.stem for path in house.lake.file("snapshots/met").glob("*.json")
    ).join(("met-", ""))
    links = house.lake.read("catalog/image_links")["artwork_id"].to_pylist()
    assert f"met:{record['objectID']}" not in links
    number = int(snapshot.removeprefix("met-"))
    told = house.artlake("diff", f"met-{number - 1}", snapshot, "--format", "csv")
    assert f"objects,{record['objectID']},withdrawn" in told.stdout, told.stderr
    assert snapshot in house.artlake("snapshots", "--source", "met").stdout
    listed = house.artlake(
        "query", "select artwork_id from artworks", "--format", "csv", "--limit", "9999"
    )
    assert f"met:{record['objectID']}" not in listed.stdout


def test_a_museum_that_does_not_answer_is_a_sentence_and_costs_the_others_nothing(
    house: House, first: str
) -> None:
    before = house.versions()
    done = house.artlake("run", ARTLAKE_MUSEUM_URL="http://127.0.0.1:9")
    said = " ".join(done.stderr.split())
    assert done.returncode == 1
    assert "met was not reached" in said and "Traceback" not in said
    assert house.versions() == before


def test_status_tells_of_every_asset(house: House, first: str) -> None:
    house.run()
    told = house.artlake("status")
    assert told.returncode == 0, told.stderr
    assert "star/fact_artwork" in told.stdout and "fresh" in told.stdout
    assert "missing" not in told.stdout


def test_the_warehouse_is_asked_read_only(house: House, first: str) -> None:
    told = house.artlake("query", "select count(*) as n from artworks", "--format", "json")
    listed = house.lake.read("star/fact_artwork")["withdrawn_in"].null_count
    assert json.loads(told.stdout)[0]["n"] == listed
    for bad in ("drop table dim_artist", "select * from '/etc/passwd'", "select nonsense"):
        refused = house.artlake("query", bad)
        assert refused.returncode == 1 and "Traceback" not in refused.stderr, bad


def test_look_alikes_of_a_picture(house: House, first: str) -> None:
    original = house.lake.read("images/originals").to_pylist()[0]
    picture = house.lake.images.root / original["path"]
    told = house.artlake("similar", str(picture), "-k", "3")
    assert told.returncode == 0, told.stderr
    assert original["artwork_id"] in told.stdout
    refused = house.artlake("similar", str(ROOT / "README.md"))
    assert refused.returncode == 1 and "README.md" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_second_of_two_runs_says_who_is_first(house: House, first: str) -> None:
    with house.lake.lock("run", "a run of this test"):
        second = house.artlake("run")
    assert second.returncode == 1
    assert f"process {os.getpid()}" in " ".join(second.stderr.split())


def test_a_backup_restores_to_the_same_answers(house: House, first: str, tmp_path: Path) -> None:
    target = tmp_path / "lake.tar"
    told = house.artlake("backup", str(target))
    assert told.returncode == 0, told.stderr
    assert house.artlake("backup", str(target)).returncode == 1
    subprocess.run(["tar", "-xf", target, "-C", tmp_path], check=True)
    restored = House.__new__(House)
    restored.lake, restored.museum = Lake.open(tmp_path / "lake"), house.museum
    assert restored.versions() == house.versions()
    assert "Nothing to do" in restored.run()


def test_a_lake_of_invented_works_takes_no_live_records(house: House) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("ARTLAKE_")}
    code = "from pipelines.settings import load\nfrom pipelines.resources import site\nsite(load(), 'run')\n"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**env, "ARTLAKE_LAKE": str(house.lake.root)},
        capture_output=True,
        text=True,
    )
    assert "Keep them apart" in done.stderr


def test_a_lake_of_live_records_takes_no_invented_works(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("ARTLAKE_")}
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "--lake", str(tmp_path / "live"), "run"],
        cwd=ROOT,
        env={**env, "ARTLAKE_MUSEUM_URL": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "Keep them apart" in done.stderr and "Traceback" not in done.stderr


def test_live_museums_are_told_who_asks(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("ARTLAKE_")}
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "--lake", str(tmp_path / "live"), "run"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "ARTLAKE_CONTACT" in done.stderr


def test_the_commands_of_the_readme_work(house: House, first: str, tmp_path: Path) -> None:
    """Those that ask; demo, live and ui are run elsewhere or need the network."""
    original = house.lake.read("images/originals").to_pylist()[0]
    photo = house.lake.images.root / original["path"]
    sheet, told, why = (tmp_path / name for name in ("look-alikes.jpg", "departments.csv", "why"))
    # So few works teach nothing: those that ask models have one, in a copy of the lake.
    shutil.copytree(house.lake.root, tmp_path / "taught" / "lake")
    taught = House(tmp_path / "taught", house.museum)
    head(taught.lake)
    (tmp_path / "scans").mkdir()
    for place in ("a.jpg", "b.jpg"):
        shutil.copy(photo, tmp_path / "scans" / place)
    given = {
        "photo.jpg": photo,
        "look-alikes.jpg": sheet,
        "2026-10-01": datetime.now(UTC).date().isoformat(),
        "~/scans": tmp_path / "scans",
        "departments.csv": told,
        "~/why": why,
    }
    asks = {"query", "status", "similar", "snapshots", "classify", "correct"}
    ran = set()
    for line in readme_commands():
        words = shlex.split(line)
        if words[0] == "./artlake" and (words[1] in asks or words[1:3] == ["models", "list"]):
            asked = taught if words[1] in {"classify", "models"} else house
            done = asked.artlake(*(str(given.get(word, word)) for word in words[1:]))
            assert done.returncode == 0, f"{line}: {done.stderr}"
            assert done.stdout.strip(), line
            ran.add(words[1])
    assert ran == asks | {"models"}
    assert sheet.stat().st_size > 1000
    with told.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {Path(row["file"]).name for row in rows} == {"a.jpg", "b.jpg"}
    assert all(row["label"] and row["why"] for row in rows)
    assert {Path(row["overlay"]) for row in rows} == set(why.iterdir())


def test_killed_and_interrupted_runs_end_in_the_tables_of_an_undisturbed_one(
    house: House, first: str, tmp_path: Path
) -> None:
    """kill -9 and Ctrl-C within steps that hold a pool's only slot; then a museum that fails for a while."""
    broken = House(tmp_path, house.museum)
    for step, number in (
        ("raw/met_objects", signal.SIGKILL),
        ("raw/wga_artists", signal.SIGINT),
        ("images/measures", signal.SIGKILL),
    ):
        run = broken.start("run")
        assert run.stderr is not None
        for line in run.stderr:
            if line.strip() == step:
                run.send_signal(number)
                break
        said = run.stderr.read()
        assert run.wait(60) == (130 if number == signal.SIGINT else -signal.SIGKILL)
        assert number == signal.SIGKILL or "goes on from here" in " ".join(said.split())
        if step == "raw/wga_artists":
            house.museum.fault("503", match="images.metmuseum.org")
            broken.run()
            house.museum.clear_faults()
            refused = broken.lake.read("images/download_rejects")["reason"].to_pylist()
            assert "http_503" in refused
            broken.lake.path("images/measures").unlink()
    broken.run()
    house.run()
    assert "http_503" not in broken.lake.read("images/download_rejects")["reason"].to_pylist()
    ours, theirs = broken.versions(), house.versions()
    decided = {"duplicates", "star", "predictions", "training", "similarity"}
    decided |= {"snapshots", "catalog", "published"}  # one of the lakes has seen a work withdrawn
    assert not any(broken.lake.read("published/reconciliation")["difference"].to_pylist())
    works = [lake.lake.read("catalog/artworks").to_pylist() for lake in (broken, house)]
    assert works[0] == [work for work in works[1] if work["withdrawn_in"] is None]
    for key in ours:
        if key.split("/")[0] not in decided or key == "catalog/image_links.parquet":
            assert ours[key] == theirs[key], key


def test_a_folder_alone_is_taken_in_remembered_and_watched(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(3):
        shade = Image.effect_mandelbrot((320, 240), (-2 + number * 0.2, -1, 1, 1), 60)
        shade.convert("RGB").save(pictures / f"{number}.jpg")
    (pictures / "broken.jpg").write_bytes(b"<html>not found</html>")
    env = {name: value for name, value in os.environ.items() if not name.startswith("ARTLAKE_")}

    def artlake(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pipelines.cli", "--lake", str(tmp_path / "lake"), *words]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)

    done = artlake("run", "--source", "folder", "--folder", str(pictures))
    assert done.returncode == 0, done.stderr
    lake = Lake.open(tmp_path / "lake")
    assert lake.read("images/measures").num_rows == 3
    refused = (
        lake.read("images/download_rejects").to_pylist() + lake.read("images/rejects").to_pylist()
    )
    assert [row["subject"].rpartition("/")[2] for row in refused] == ["broken.jpg"]
    before = set(lake.read("images/originals")["sha256"].to_pylist())
    Image.open(pictures / "0.jpg").rotate(90).save(pictures / "0.jpg")
    done = artlake("run")
    assert done.returncode == 0, done.stderr
    after = set(lake.read("images/originals")["sha256"].to_pylist())
    assert len(before - after) == len(after - before) == 1
    assert "Nothing to do" in artlake("run").stdout
