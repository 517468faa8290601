"""What loading left out, and why: every row at fault is counted by its reason, and the first of each are told one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from leitmotif_services.workshop.listening.listening_data import ListeningData

EXAMPLES = 20
"""Rows that are told one by one, for each file and reason."""


@dataclass(frozen=True)
class RowFault:
    """A row that was left out."""

    file: str
    row: int
    """From 1, the header being row 1."""
    reason: str


@dataclass(frozen=True)
class LeftOut:
    """Rows, or things with a name, that were left out for one reason."""

    file: str
    """The file that held them; empty for what a filter over all files left out."""
    reason: str
    count: int
    examples: tuple[str, ...]
    """What the first EXAMPLES of them are: "row 7: …", or names."""


@dataclass(frozen=True)
class LoadingReport:
    """What a data set holds, and what did not get into it."""

    users: int
    items: int
    pairs: int
    tag_assignments: int
    items_with_audio: int
    left_out: tuple[LeftOut, ...]

    def lines(self) -> list[str]:
        """One line for the whole and one for each reason, with its first examples."""
        whole = (
            f"{self.users} people, {self.items} items ({self.items_with_audio} with audio), {self.pairs} pairs, "
            f"{self.tag_assignments} tag assignments"
        )
        return [whole, *(_line(entry) for entry in self.left_out)]

    def as_json(self) -> dict[str, object]:
        """The same for `--json`."""
        return {
            "users": self.users,
            "items": self.items,
            "pairs": self.pairs,
            "tag_assignments": self.tag_assignments,
            "items_with_audio": self.items_with_audio,
            "left_out": [
                {"file": entry.file, "reason": entry.reason, "count": entry.count, "examples": list(entry.examples)}
                for entry in self.left_out
            ],
        }


@dataclass(frozen=True)
class LoadedListening:
    """A data set with the report of its loading."""

    data: ListeningData
    report: LoadingReport


@dataclass
class FaultLedger:
    """Collects what is left out while a data set is loaded; memory is bounded by EXAMPLES for each reason."""

    _counts: dict[tuple[str, str], int] = field(default_factory=dict)
    _examples: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def row(self, file: str, row: int, reason: str, detail: str = "") -> None:
        """A row at fault. `reason` is the kind of fault, the same text for all of its kind; `detail` says what stood there."""
        self.add(file, reason, f"row {row}: {detail}" if detail else f"row {row}")

    def name(self, file: str, reason: str, name: str) -> None:
        """A thing that is left out by its name."""
        self.add(file, reason, name)

    def names(self, file: str, reason: str, names: Sequence[str]) -> None:
        """Several of them."""
        for name in names:
            self.add(file, reason, name)

    def add(self, file: str, reason: str, example: str) -> None:
        """One more that is left out for a reason."""
        key = file, reason
        self._counts[key] = self._counts.get(key, 0) + 1
        examples = self._examples.setdefault(key, [])
        if len(examples) < EXAMPLES:
            examples.append(example)

    def left_out(self) -> tuple[LeftOut, ...]:
        """By file and reason, in the order in which they were first met."""
        return tuple(
            LeftOut(file, reason, count, tuple(self._examples[file, reason])) for (file, reason), count in self._counts.items()
        )


def report_on(data: ListeningData, ledger: FaultLedger) -> LoadingReport:
    """The report of a data set that is loaded."""
    import numpy as np

    with_audio = int(np.isfinite(data.audio).all(axis=1).sum()) if data.audio.shape[1] else 0
    return LoadingReport(
        users=len(data.user_ids),
        items=len(data.item_ids),
        pairs=int(data.counts.nnz),
        tag_assignments=len(data.tagging.items),
        items_with_audio=with_audio,
        left_out=ledger.left_out(),
    )


def _line(entry: LeftOut) -> str:
    shown = "; ".join(entry.examples[:3])
    more = ", …" if entry.count > len(entry.examples[:3]) else ""
    where = f"{entry.file}: " if entry.file else ""
    return f"{where}left out {entry.count}: {entry.reason} ({shown}{more})"
