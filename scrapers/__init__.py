"""Museums: records and original files, brought in politely and resumably.

What belongs here: everything between a source's own server and the contract of `storage.schemas`. To
add a source, put a module with a `MUSEUM` into `scrapers/museums/`; nothing names it anywhere else.
Light to import: Scrapy, BeautifulSoup and requests are loaded by the functions that need them.
"""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from scrapers import museums
from scrapers.museum import WHOLE, Catalog, Museum, Noun, Site
from scrapers.net import Net


def _found() -> dict[str, Museum]:
    modules = [
        import_module(f"{museums.__name__}.{m.name}") for m in iter_modules(museums.__path__)
    ]
    found = sorted((module.MUSEUM for module in modules), key=lambda m: (m.rank, m.name))
    return {museum.name: museum for museum in found}


MUSEUMS: Mapping[str, Museum] = _found()

__all__ = ["MUSEUMS", "WHOLE", "Catalog", "Museum", "Net", "Noun", "Site"]
