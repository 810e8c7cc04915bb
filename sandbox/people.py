"""The invented artists of the built-in collection and the kinds of work they make.

Nobody here ever lived: the families are made up, the ULAN and Wikidata numbers lie outside the
ranges in use. Add a line to invite another artist.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """An invented artist; `ulan` is filled for those whom two museums share."""

    given: str
    family: str
    nationality: str
    birth: int
    death: int
    born_in: str
    died_in: str
    kinds: tuple[str, ...]
    number: int

    @property
    def name(self) -> str:
        """Name in reading order."""
        return f"{self.given} {self.family}"

    @property
    def sort_name(self) -> str:
        """Name as catalogues sort it."""
        return f"{self.family}, {self.given}"

    @property
    def ulan(self) -> str:
        """An invented, well-formed ULAN number."""
        return str(500999000 + self.number)


_LINES = """
Joost|van Kessenvliet|Dutch|1608|1671|Haarlem|Amsterdam|river portrait
Maerten|Dorrewaard|Dutch|1615|1682|Leiden|Delft|river
Aleida|ter Winsum|Dutch|1622|1690|Zwolle|Zwolle|river still_life
Cornelis|Brantemeer|Dutch|1599|1660|Utrecht|Utrecht|portrait river
Pieter|Ossenblick|Flemish|1588|1649|Antwerpen|Antwerpen|still_life
Clara|de Mondeghem|Flemish|1605|1668|Gent|Brussel|still_life portrait
Lucas|Verhoudt|Flemish|1611|1677|Mechelen|Antwerpen|still_life river
Ambroise|Vellantine|French|1841|1911|Rouen|Giverny|garden
Mathilde|Orsonneau|French|1848|1919|Lyon|Paris|garden
Étienne|Carvaudel|French|1852|1907|Dieppe|Paris|garden
Célestin|Brumoy|French|1859|1924|Nîmes|Cassis|garden
Jacopo|di Montefero|Italian|1291|1352|Siena|Siena|gold_panel
Bartolo|Serravezzi|Italian|1318|1379|Firenze|Pisa|gold_panel
Niccolò|da Velluto|Italian|1340|1404|Lucca|Siena|gold_panel
Simone|Ardinghesi|Italian|1362|1421|Arezzo|Firenze|gold_panel
Wolf|Hagenreuter|German|1492|1553|Köln|Nürnberg|portrait
Barbara|Stüblin|German|1530|1591|Augsburg|Ulm|portrait
Edmund|Thaxcombe|British|1731|1797|Bristol|London|portrait engraving
Honor|Pellworthy|British|1744|1809|York|Bath|portrait
Giovanni|Pescarolli|Italian|1692|1761|Venezia|Roma|engraving
Agostino|Lunghetta|Italian|1711|1774|Padova|Roma|engraving
Claude|Rivenchamp|French|1640|1703|Nancy|Paris|engraving
Margarethe|Zollinghaus|German|1668|1731|Frankfurt|Basel|engraving
Osip|Velimarov|Russian|1879|1941|Kazan|Paris|abstract
Ilse|Brandorff|German|1888|1957|Dessau|Zürich|abstract
Theo|Rietkamp|Dutch|1884|1949|Groningen|Amsterdam|abstract
Lena|Kasparek|Czech|1893|1962|Brno|Praha|abstract
Haruno|Tsukigata|Japanese|1701|1768|Kyoto|Kyoto|ink_scroll
Ryōun|Shirasawa|Japanese|1739|1806|Osaka|Edo|ink_scroll
Kansetsu|Moriyori|Japanese|1754|1829|Nagoya|Kyoto|ink_scroll
Wen|Qiushan|Chinese|1478|1551|Suzhou|Suzhou|ink_scroll
Lu|Yanting|Chinese|1612|1684|Nanjing|Yangzhou|ink_scroll
Amos|Hallowgate|American|1826|1894|Boston|Denver|photograph
Lydia|Fenwright|American|1838|1902|Albany|New York|photograph
Gaston|Desmarieux|French|1820|1883|Lille|Paris|photograph
Rupert|Inglewhite|British|1831|1899|Edinburgh|London|photograph
Hans|Plattenrieder|German|1488|1548|Augsburg|Innsbruck|arms
Filippo|Corazzani|Italian|1510|1579|Milano|Milano|arms
Tadamasa|Okuhira|Japanese|1560|1631|Bizen|Edo|arms
Matteo|Sellarini|Italian|1596|1667|Cremona|Cremona|instrument
Johann|Tieflechner|German|1631|1699|Füssen|Wien|instrument
Pierre|Aubrelaine|French|1702|1770|Mirecourt|Paris|instrument
Prudence|Ashbury Lowe|American|1821|1887|Salem|Salem|quilt
"""


def _person(number: int, line: str) -> Person:
    given, family, nation, birth, death, born, died, kinds = line.split("|")
    return Person(
        given, family, nation, int(birth), int(death), born, died, tuple(kinds.split()), number
    )


PEOPLE = tuple(_person(i, line) for i, line in enumerate(_LINES.strip().splitlines(), start=1))


@dataclass(frozen=True)
class Kind:
    """What a kind of work is called by each museum."""

    department: str
    classification: str
    object_name: str
    medium: str
    style: str  # NGA's term of type Style, empty where none is given
    genre: str  # the Web Gallery's TYPE
    form: str  # the Web Gallery's FORM
    titles: tuple[str, ...]


_EP = ("European Paintings", "Paintings", "Painting")
_LAND = (
    "River Landscape near {}",
    "The Ferry at {}",
    "View of {} from the Water",
    "Sails before {}",
)
_GARDEN = ("The Garden at {}", "Poppies near {}", "Morning on the Path to {}", "Poplars at {}")
_STILL = ("Still Life with Fruit and a Jug", "Breakfast Piece with Grapes", "Fruit on a Table, {}")
_HEADS = (
    "Portrait of a Woman of {}",
    "Portrait of a Man",
    "A Burgher of {}",
    "Portrait of a Scholar",
)
_SAINTS = (
    "Saint of {} with Companions",
    "Virgin of {}",
    "Two Saints",
    "Panel of the {} Altarpiece",
)
_PLANES = ("Composition No. {n}", "Planes and Discs", "Construction {n}", "Rhythm in Red, {n}")
_INK = ("Mountains in Mist", "Pine above {}", "Clearing after Rain, {}", "Moon over {}")
_PRINT = ("Ruins near {}", "View of the Arcade at {}", "The Town of {}", "Landscape with Trees, {}")
_PHOTO = ("Valley of {}", "{}, from the North", "The Arcade, {}", "Trees near {}")
_ARMS = ("Arms of the {} Guard", "Parade Arms from {}", "Armoury Piece, {}")
_SOUND = ("Instrument of the {} Court", "Concert Instrument, {}", "Folk Instrument from {}")
_QUILT = ("Quilt, Broken Star pattern", "Quilt, {} Crossing pattern")

KINDS = {
    "river": Kind(*_EP, "Oil on canvas", "Realist", "landscape", "painting", _LAND),
    "garden": Kind(*_EP, "Oil on canvas", "Impressionist", "landscape", "painting", _GARDEN),
    "still_life": Kind(*_EP, "Oil on canvas", "Baroque", "still-life", "painting", _STILL),
    "portrait": Kind(*_EP, "Oil on wood", "Renaissance", "portrait", "painting", _HEADS),
    "gold_panel": Kind(
        *_EP, "Tempera on wood, gold ground", "Gothic", "religious", "painting", _SAINTS
    ),
    "abstract": Kind(
        "Modern Art", "Paintings", "Painting", "Oil on canvas", "Abstract", "other", "painting", _PLANES
    ),
    "ink_scroll": Kind(
        "Asian Art", "Paintings", "Hanging scroll", "Hanging scroll; ink on silk", "", "landscape",
        "painting", _INK,
    ),
    "engraving": Kind(
        "Drawings and Prints", "Prints", "Print", "Etching and engraving", "Neoclassical",
        "landscape", "graphics", _PRINT,
    ),
    "photograph": Kind(
        "Photographs", "Photographs", "Photograph", "Albumen silver print", "Pictorialist",
        "landscape", "graphics", _PHOTO,
    ),
    "arms": Kind(
        "Arms and Armor", "Arms and Armor", "Arms", "Steel, copper alloy, gold", "", "other",
        "other", _ARMS,
    ),
    "instrument": Kind(
        "Musical Instruments", "Musical instruments", "Instrument", "Spruce, maple, brass", "", "other",
        "other", _SOUND,
    ),
    "quilt": Kind("The American Wing", "Textiles", "Quilt", "Cotton", "", "other", "other", _QUILT),
}  # fmt: skip

PLACES = (
    "Oudermeer", "Vallombre", "Castelrovo", "Hohenzell", "Saint-Aubrin", "Kirkwell", "Montalera",
    "Brennhausen", "Westerveen", "Aubecourt", "Torrefina", "Lindermark",
)  # fmt: skip
