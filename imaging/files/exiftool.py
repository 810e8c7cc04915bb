"""The real ExifTool, kept open: metadata out of pictures, and into sidecars of ours.

What belongs here: all that asks `exiftool`. It is never given a file of the user's to write to: it reads
those, and writes copies in a folder of its own, which a plan then puts in place. PyExifTool (0.5.6) is not
used: it waits for ever when ExifTool dies over a file, which one file of a hundred thousand may do.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from storage.errors import MendableError

# One command's worth of files: ExifTool answers when it has read them all.
_BATCH = 100
_OLDEST = 12.15  # what PyExifTool asks for too; the tests ran on 12.57
# What a sidecar is made of, the later winning: IPTC and EXIF where XMP has a property for them (the mapping of the
# Metadata Working Group's guidelines and of ExifTool's exif2xmp and iptc2xmp), then the picture's own XMP.
_TO_XMP = (
    "-XMP-dc:Creator<EXIF:Artist",
    "-XMP-dc:Creator<IPTC:By-line",
    "-XMP-dc:Rights<EXIF:Copyright",
    "-XMP-dc:Rights<IPTC:CopyrightNotice",
    "-XMP-dc:Description<EXIF:ImageDescription",
    "-XMP-dc:Description<IPTC:Caption-Abstract",
    "-XMP-dc:Title<IPTC:ObjectName",
    "-XMP-dc:Subject<IPTC:Keywords",
    "-XMP-photoshop:Headline<IPTC:Headline",
    "-XMP-photoshop:Credit<IPTC:Credit",
    "-XMP-photoshop:Source<IPTC:Source",
    "-XMP-photoshop:City<IPTC:City",
    "-XMP-photoshop:State<IPTC:Province-State",
    "-XMP-photoshop:Country<IPTC:Country-PrimaryLocationName",
    "-XMP-tiff:all<EXIF:all",
    "-XMP-exif:all<EXIF:all",
    "-XMP-exifEX:all<EXIF:all",
    "-XMP-exif:GPSLatitude<Composite:GPSLatitude",
    "-XMP-exif:GPSLongitude<Composite:GPSLongitude",
    "-XMP-exif:DateTimeOriginal<Composite:SubSecDateTimeOriginal",
    "-XMP:all<XMP:all",
)
# All that it says over a picture without metadata: no fault of the picture.
_NOTHING = re.compile(r"Warning: No writable tags set from [^\n]*\nError: Nothing to write[^\n]*")


class ExiftoolMissing(MendableError):  # noqa: N818
    """There is no exiftool on this machine, or one too old to be kept open."""


class ExiftoolError(ValueError):
    """ExifTool could not read or write this one file; the message is its own."""


@contextmanager
def session() -> Iterator["Session"]:
    """Keep one ExifTool open. Raises ExiftoolMissing with how to install it."""
    version = _version()
    with tempfile.TemporaryDirectory(prefix="artlake-exiftool-") as folder:
        opened = Session(Path(folder), version)
        try:
            yield opened
        finally:
            opened.close()


def _version() -> str:
    try:
        asked = ["exiftool", "-ver"]
        said = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True).stdout
        version = float(said)
    except FileNotFoundError:
        raise ExiftoolMissing(
            "This needs ExifTool, and there is no `exiftool` on the PATH. Install it: "
            "`apt install libimage-exiftool-perl` (Debian, Ubuntu), `brew install exiftool` (macOS), "
            "or the program from https://exiftool.org (Windows), then call this again."
        ) from None
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise ExiftoolMissing(
            f"The `exiftool` on the PATH does not answer ({error}). Install ExifTool again."
        ) from None
    if version < _OLDEST:
        raise ExiftoolMissing(
            f"The `exiftool` on the PATH is version {said.strip()}. Install {_OLDEST} or newer."
        )
    return said.strip()


class Session:
    """An ExifTool that is open."""

    def __init__(self, folder: Path, version: str):
        self.version = version
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._said = (folder / "stderr").open("w+b")

    def close(self) -> None:
        """End it."""
        if self._process:
            self._process.kill()
            self._process.communicate()
        self._said.close()

    def read(self, files: Sequence[Path], tags: Iterable[str]) -> Iterator[dict[str, str]]:
        """Yield a file's values by tag name, in the order of `files`; `Error` tells what is wrong.

        Every value is text as ExifTool prints it; lists are joined by "; ". Tags that are absent or
        empty have no entry.
        """
        asked = [f"-{tag}" for tag in (*tags, "Error")]
        for start in range(0, len(files), _BATCH):
            batch = files[start : start + _BATCH]
            try:
                yield from self._read(batch, asked)
            except ExiftoolError:  # it died over one of them: which?
                for file in batch:
                    try:
                        yield from self._read([file], asked)
                    except ExiftoolError as error:
                        yield {"Error": str(error)}

    def sidecar(self, picture: Path, target: Path, existing: Path | None = None) -> bool:
        """Write what is embedded in `picture` to `target` as XMP; whether that holds anything new.

        With `existing`, `target` is a copy of it with what it lacks: its own values, and what ExifTool
        does not know, stay. Raises ExiftoolError.
        """
        staged = self._folder / "sidecar.xmp"
        try:
            if existing:
                shutil.copyfile(existing, staged)
                if existing.stat().st_size == 0:
                    raise ExiftoolError(f"the sidecar {existing.name} is empty")
            # -wm cg: create tags and groups, edit none.
            done, said = self._ask(
                "-m", "-overwrite_original", "-wm", "cg", "-tagsfromfile",
                self._plain(picture, 0), *_TO_XMP, str(staged),
            )  # fmt: skip
            if _NOTHING.fullmatch(said.strip()):
                return False
            new = "1 image files created" in done or "1 image files updated" in done
            if "Error" in said or not (new or "unchanged" in done or "0 image files" in done):
                words = said.strip().replace(f"{self._folder}/", "").replace("\n", "; ")
                raise ExiftoolError(words or "ExifTool wrote nothing")
            if new:
                shutil.move(staged, target)
            return new
        finally:
            staged.unlink(missing_ok=True)
            self._tidy()

    def _read(self, batch: Sequence[Path], asked: Sequence[str]) -> list[dict[str, str]]:
        names = [self._plain(file, number) for number, file in enumerate(batch)]
        try:
            # -m: minor faults of a file are no reason to say nothing of it.
            answer, _ = self._ask("-json", "-m", "-fast", *asked, *names)
        finally:
            self._tidy()
        found = json.loads(answer or "[]", parse_float=str, parse_int=str)
        by_name = {row.pop("SourceFile"): row for row in found}
        absent = {"Error": "it is not there, or cannot be read"}
        return [
            {
                tag: text
                for tag, value in by_name.get(name, absent).items()
                if (text := _text(value))
            }
            for name in names
        ]

    def _ask(self, *params: str) -> tuple[str, str]:
        """ExifTool's answer, and what it complains of. Raises ExiftoolError when it ends instead."""
        if self._process is None:
            charset = ["-charset", "filename=utf8"] if os.name == "nt" else []
            self._process = subprocess.Popen(
                ["exiftool", "-stay_open", "True", "-@", "-", "-common_args", *charset],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
            )
        process = self._process
        assert process.stdin and process.stdout
        self._said.seek(0)
        self._said.truncate()
        lines: list[bytes] = []
        try:
            process.stdin.write("\n".join([*params, "-execute\n"]).encode())
            process.stdin.flush()
            while not lines or lines[-1].rstrip() != b"{ready}":
                line = process.stdout.readline()
                if not line:
                    raise BrokenPipeError
                lines.append(line)
        except BrokenPipeError:
            process.communicate()
            self._process = None
            raise ExiftoolError("ExifTool ended over it") from None
        answer = b"".join(lines[:-1]).decode("utf-8", "replace").strip()
        return answer, (self._folder / "stderr").read_text("utf-8", "replace")

    def _plain(self, file: Path, number: int) -> str:
        """A name that fits on one line of ExifTool's arguments: the file's own, or that of a link."""
        name = str(file.absolute())
        if name.isprintable() and name == name.strip():
            return name
        link = self._folder / f"link-{number}{file.suffix if file.suffix.isascii() else ''}"
        link.symlink_to(file.absolute())
        return str(link)

    def _tidy(self) -> None:
        for link in self._folder.glob("link-*"):
            link.unlink()


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(str(item) for item in value)
    return str(value).strip()
