"""`python -m leitmotif_services.embedded`: what `leitmotif up` runs."""

import typer

from leitmotif_services.embedded.commands import up

if __name__ == "__main__":
    typer.run(up)
