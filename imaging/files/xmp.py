"""XMP sidecars: read, merged and written, so that nothing of a person's work in them is lost.

What belongs here: the packet and its few properties that make a crop, and how the
edges of a crop turn with EXIF orientation. What is cropped is decided elsewhere.

A crop is written as Camera Raw writes it (`crs:HasCrop`, `crs:CropTop` …, shares of the stored pixels,
before EXIF orientation), beside a property of our own namespace that repeats the edges. A crop whose edges
are not repeated there was set or changed by a person, and is never overwritten.

Camera Raw and Lightroom read sidecars of RAW files only; in JPEG and TIFF they look for a packet inside the
file, which we never write. The orientation of a RAW is that of the preview that LibRaw hands out: its own EXIF, or
the RAW's, which LibRaw puts into a preview that has none. Shares are those of the preview: where a camera trims it
(a set aspect, a few rows at the rim), the crop in the RAW lies off by as much.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass

from lxml import etree

from storage.errors import MendableError

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
CRS = "http://ns.adobe.com/camera-raw-settings/1.0/"
OURS = "urn:artlake:crops:1.0:"
_META = "adobe:ns:meta/"
_DESCRIPTION = f"{{{RDF}}}Description"
_ABOUT = f"{{{RDF}}}about"
_EDGES = ("CropLeft", "CropTop", "CropRight", "CropBottom")
_LARGEST = 64 * 2**20  # bytes; darktable's histories reach a few megabytes


class XmpError(MendableError):
    """The sidecar is no XMP that could be merged; it is left as it is."""


class PersonsCropError(MendableError):
    """The sidecar holds a crop that a person set; it is left as it is."""


@dataclass(frozen=True)
class Crop:
    """Edges as shares of width and height, 0–1, left < right and top < bottom."""

    left: float
    top: float
    right: float
    bottom: float


def to_stored(crop: Crop, orientation: int) -> Crop:
    """Edges of the picture as seen, as edges of its stored pixels; EXIF orientation 1–8."""
    left, top, right, bottom = astuple(crop)
    if orientation in (5, 6, 7, 8):  # stored rows are seen as columns
        left, top, right, bottom = top, left, bottom, right
    if orientation in (2, 3, 7, 8):
        left, right = 1 - right, 1 - left
    if orientation in (3, 4, 6, 7):
        top, bottom = 1 - bottom, 1 - top
    return Crop(left, top, right, bottom)


def with_crop(packet: bytes | None, edges: Crop, facts: Mapping[str, str]) -> bytes:
    """Return the packet with that crop; without a packet, a new one.

    edges: of the stored pixels. facts: of our namespace, name to value (Ratio, Confidence …). Every other
    property keeps its value; setting the same crop again gives the same bytes.

    Raises XmpError where the packet cannot be read, PersonsCropError where it holds a person's crop.
    """
    document = _parsed(packet) if packet is not None else _parsed(_EMPTY)
    found = _descriptions(document)
    _require_ours(found)
    numbers = [f"{edge:.6f}" for edge in astuple(edges)]
    values = {(CRS, "HasCrop"): "True"}
    values |= {(CRS, name): number for name, number in zip(_EDGES, numbers, strict=True)}
    values |= {(CRS, "CropAngle"): "0", (CRS, "CropConstrainToWarp"): "0"}
    values |= {(OURS, "Crop"): " ".join(numbers)}
    values |= {(OURS, name): value for name, value in sorted(facts.items())}
    for (namespace, name), value in values.items():
        _set(document, namespace, name, value)
    body = etree.tostring(document, encoding="utf-8", xml_declaration=False)
    return body if body.endswith(b"\n") else body + b"\n"


_EMPTY = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="{_META}" x:xmptk="artlake">
 <rdf:RDF xmlns:rdf="{RDF}">
  <rdf:Description rdf:about="" xmlns:crs="{CRS}" xmlns:artlake="{OURS}"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode()


def _parsed(packet: bytes) -> etree._ElementTree:
    if len(packet) > _LARGEST:
        raise XmpError(f"it has {len(packet):,} bytes, more than any sidecar needs.")
    # Entities are how XML reads other files and fills memory; XMP has no use for them.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(packet, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise XmpError(f"it is no well-formed XML ({error}). Mend or remove it.") from None
    document = root.getroottree()
    if document.docinfo.doctype:
        raise XmpError("it declares a document type, which no XMP has. Mend or remove it.")
    if not _descriptions(document):
        raise XmpError("it holds no rdf:Description, as XMP does. Mend or remove it.")
    return document


def _descriptions(document: etree._ElementTree) -> list[etree._Element]:
    """The top-level descriptions: those nested in a property describe something else."""
    return document.xpath(
        "/rdf:RDF/rdf:Description | /*/rdf:RDF/rdf:Description", namespaces={"rdf": RDF}
    )


def _value(descriptions: list[etree._Element], namespace: str, name: str) -> str | None:
    """A simple property, which RDF may write as an attribute or as an element."""
    tag = f"{{{namespace}}}{name}"
    for description in descriptions:
        if (attribute := description.get(tag)) is not None:
            return str(attribute).strip()
        if (element := description.find(tag)) is not None:
            return (element.text or "").strip()
    return None


def _crop(descriptions: list[etree._Element]) -> Crop | None:
    if (_value(descriptions, CRS, "HasCrop") or "").lower() != "true":
        return None
    # Camera Raw leaves out what it takes for granted.
    usual = dict(zip(_EDGES, ("0", "0", "1", "1"), strict=True))
    try:
        edges = [float(_value(descriptions, CRS, name) or usual[name]) for name in _EDGES]
    except ValueError as error:
        raise XmpError(f"its crop cannot be read ({error}). Mend or remove it.") from None
    return Crop(*edges)


def _require_ours(descriptions: list[etree._Element]) -> None:
    present, written = _crop(descriptions), _value(descriptions, OURS, "Crop")
    if present is None and written is not None:
        raise PersonsCropError("a person took away the crop that artlake had set.")
    if present is not None and written != " ".join(f"{edge:.6f}" for edge in astuple(present)):
        raise PersonsCropError(
            "it holds a crop that a person set. Remove that crop in your editor to let artlake set one."
        )


def _set(document: etree._ElementTree, namespace: str, name: str, value: str) -> None:
    """Set a property where it stands, or as an attribute beside its kin, or in a description of its own."""
    tag = f"{{{namespace}}}{name}"
    found = _descriptions(document)
    for description in found:
        if description.get(tag) is not None:
            description.set(tag, value)
            return
        if (element := description.find(tag)) is not None:
            element.text = value
            return
    home = next((one for one in found if namespace in one.nsmap.values()), None)
    if home is None:
        prefix = "crs" if namespace == CRS else "artlake"
        # Before the last one's tail, so that the packet keeps its lines.
        home = etree.Element(_DESCRIPTION, nsmap={prefix: namespace})
        home.set(_ABOUT, found[0].get(_ABOUT, ""))
        home.tail = found[-1].tail
        found[-1].addnext(home)
    home.set(tag, value)
