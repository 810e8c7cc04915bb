"""Museums: records and original files, brought in politely and resumably. One module a museum.

What belongs here: everything between a source's own server and the contract of `storage.schemas`.
To add a museum, write a module with a `MUSEUM` and name it below. Light to import: Scrapy,
BeautifulSoup and requests are loaded by the functions that need them.
"""

from collections.abc import Mapping
from importlib import import_module

from scrapers.museum import WHOLE, Catalog, Museum, Site
from scrapers.net import Net

_MODULES = ("met", "wga", "nga", "folder")

MUSEUMS: Mapping[str, Museum] = {
    name: import_module(f"scrapers.{name}").MUSEUM for name in _MODULES
}

__all__ = ["MUSEUMS", "WHOLE", "Catalog", "Museum", "Net", "Site"]
