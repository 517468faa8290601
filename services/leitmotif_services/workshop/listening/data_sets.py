"""Data sets by the name that the command line has for them."""

from collections.abc import Callable
from pathlib import Path

from leitmotif_services.workshop.listening import lastfm, tables
from leitmotif_services.workshop.listening.loading_report import LoadedListening

COMPOSED = "composed"
NAMES = (lastfm.NAME, tables.NAME, COMPOSED)


class UnknownDataSetError(Exception):
    """No data set has the name; the text names those that there are."""


def load_data_set(name: str, folder: Path, on_progress: Callable[[str, int, int], None]) -> LoadedListening:
    """Read the data set of a name in NAMES from a folder; `composed` is made there first.

    UnknownDataSetError for another name, TableError for a folder that does not hold it.
    """
    if name == lastfm.NAME:
        return lastfm.load(folder)
    if name == tables.NAME:
        return tables.load_folder(folder)
    if name != COMPOSED:
        raise UnknownDataSetError(f"no data set is called {name!r}; there are {', '.join(NAMES)}")
    from leitmotif_services.workshop.listening import composed_catalogue
    from leitmotif_services.workshop.local_embedder import LocalEmbedder

    with LocalEmbedder() as embedder:
        return composed_catalogue.load(folder, embedder, on_progress=on_progress)
