"""Reads labels of audio files from a CSV file. A row at fault is left out and told by its number; a file at fault is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from leitmotif_services.workshop.listening.loading_report import RowFault
from leitmotif_services.workshop.listening.table_rows import csv_rows, text_problem


@dataclass(frozen=True)
class LabelTable:
    """Label by path, in the order of the rows."""

    labels: Mapping[Path, str]
    faults: tuple[RowFault, ...]


def read_labels(path: Path, folder: Path) -> LabelTable:
    """Read file,label, with files below `folder`; further columns are ignored.

    At fault are rows without a file or a label, and files that came before: of two labels, nobody can tell which is meant, and
    the first stays. TableError for a file that is not UTF-8 CSV with that header.
    """
    faults: list[RowFault] = []

    def on_fault(row: int, reason: str, detail: str) -> None:
        faults.append(RowFault(path.name, row, f"{reason}: {detail}" if detail else reason))

    labels: dict[Path, str] = {}
    for row, values in csv_rows(path, required=("file", "label"), on_fault=on_fault):
        file, label = values["file"], values["label"]
        place = folder / file
        if not file:
            on_fault(row, "file is empty", "")
        elif problem := text_problem("label", label):
            on_fault(row, problem, file)
        elif place in labels:
            same = "the same label" if labels[place] == label else f"the label {labels[place]!r}, which stays"
            on_fault(row, f"the file came before with {same}", file)
        else:
            labels[place] = label
    return LabelTable(labels, tuple(faults))
