"""Commands over any folder of pictures, no museum needed: `artlake cull`, `crops`, `rename`, `fixity` and their kin.

What belongs here: the command lines of photographers and digitisation teams. The work is done by `imaging.files`.
"""

import typer

from pipelines.pictures import accession, crops, cull, fixity, plans, rename

app = typer.Typer()
for _module in (cull, crops, rename, plans, fixity, accession):
    app.add_typer(_module.app)
