"""What loading left out, and why: every row at fault is counted by its reason, and the first of each are told one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from leitmotif_services.workshop.listening.listening_data import ListeningData
from leitmotif_services.workshop.listening.table_rows import OnFault

EXAMPLES = 20
"""Rows that are told one by one, for each file and reason."""

SHOWN = 3
"""Of those, in the lines for a person."""


@dataclass(frozen=True)
class RowFault:
    """A row that was left out."""

    file: str
    row: int
    """From 1, the header being row 1."""
    reason: str


@dataclass(frozen=True)
class Counted:
    """Rows, or things with a name, that one thing is to be said of."""

    file: str
    """The file that held them; empty for what a filter over all files found."""
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
    left_out: tuple[Counted, ...]
    noted: tuple[Counted, ...] = ()
    """What got in, and should be known nevertheless."""

    def lines(self) -> list[str]:
        """One line for the whole and one for each reason, with its first examples."""
        whole = (
            f"{self.users} people, {self.items} items ({self.items_with_audio} with audio), {self.pairs} pairs, "
            f"{self.tag_assignments} tag assignments"
        )
        return [whole, *(_line(entry, "left out ") for entry in self.left_out), *(_line(entry, "") for entry in self.noted)]

    def as_json(self) -> dict[str, object]:
        """The same for `--json`."""
        return {
            "users": self.users,
            "items": self.items,
            "pairs": self.pairs,
            "tag_assignments": self.tag_assignments,
            "items_with_audio": self.items_with_audio,
            "left_out": [_json(entry) for entry in self.left_out],
            "noted": [_json(entry) for entry in self.noted],
        }


@dataclass(frozen=True)
class LoadedListening:
    """A data set with the report of its loading."""

    data: ListeningData
    report: LoadingReport


@dataclass
class FaultLedger:
    """Collects what is left out while a data set is loaded; memory is bounded by EXAMPLES for each reason."""

    _left_out: dict[tuple[str, str], "_Count"] = field(default_factory=dict)
    _noted: dict[tuple[str, str], "_Count"] = field(default_factory=dict)

    def row(self, file: str, row: int, reason: str, detail: str = "") -> None:
        """A row at fault. `reason` is the kind of fault, the same text for all of its kind; `detail` says what stood there."""
        self.add(file, reason, f"row {row}: {detail}" if detail else f"row {row}")

    def of(self, file: str) -> OnFault:
        """Takes the rows at fault of one file."""
        return lambda row, reason, detail: self.row(file, row, reason, detail)

    def name(self, file: str, reason: str, name: str) -> None:
        """A thing that is left out by its name."""
        self.add(file, reason, name)

    def names(self, file: str, reason: str, names: Sequence[str]) -> None:
        """Several of them."""
        for name in names:
            self.add(file, reason, name)

    def add(self, file: str, reason: str, example: str) -> None:
        """One more that is left out for a reason."""
        self._left_out.setdefault((file, reason), _Count()).add(example)

    def note(self, file: str, what: str, name: str) -> None:
        """One more that is not left out, of which `what` should be known."""
        self._noted.setdefault((file, what), _Count()).add(name)

    def left_out(self) -> tuple[Counted, ...]:
        """By file and reason, in the order in which they were first met."""
        return _counted(self._left_out)

    def noted(self) -> tuple[Counted, ...]:
        """The same of what was noted."""
        return _counted(self._noted)


@dataclass
class _Count:
    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str) -> None:
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)


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
        noted=ledger.noted(),
    )


def _counted(counts: Mapping[tuple[str, str], _Count]) -> tuple[Counted, ...]:
    return tuple(Counted(file, reason, told.count, tuple(told.examples)) for (file, reason), told in counts.items())


def _line(entry: Counted, what: str) -> str:
    shown = entry.examples[:SHOWN]
    more = f"; … --json names {len(entry.examples)}" if len(entry.examples) > len(shown) else ""
    where = f"{entry.file}: " if entry.file else ""
    return f"{where}{what}{entry.count}: {entry.reason} ({'; '.join(shown)}{more})"


def _json(entry: Counted) -> dict[str, object]:
    return {"file": entry.file, "reason": entry.reason, "count": entry.count, "examples": list(entry.examples)}
