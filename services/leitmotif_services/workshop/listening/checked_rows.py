"""Checks the rows of interactions and of tags, the same for every command that reads them."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

from leitmotif_services.workshop.listening.table_rows import OnFault, Row, positive_number, text_problem

Track = TypeVar("Track", bound=Hashable)

Resolve = Callable[[str], tuple[Track, str]]
"""The track that a table means by a text, and what is wrong with the text: empty when nothing is."""

INTERACTION_COLUMNS = ("user_id", "track_id")
TAG_COLUMNS = ("track_id", "tag")

UNKNOWN_TRACK = "the track is not among the tracks"


def checked_interactions(rows: Iterable[Row], resolve: Resolve[Track], on_fault: OnFault) -> Iterator[tuple[str, Track, float]]:
    """Person, track and count of each row that is in order; without a column `count`, each row counts 1.

    At fault are ids that are empty or not printable, tracks that `resolve` does not know, counts that are no number above 0 and
    at most LARGEST_COUNT, and a pair of person and track that came before.
    """
    seen: set[tuple[str, Track]] = set()
    for row, values in rows:
        user, text = values["user_id"], values["track_id"]
        count, count_problem = positive_number(values.get("count", "1"))
        track, track_problem = resolve(text)
        if problem := text_problem("user_id", user) or text_problem("track_id", text):
            on_fault(row, problem, "")
        elif track_problem:
            on_fault(row, track_problem, text)
        elif count_problem:
            on_fault(row, f"the count is {count_problem}", repr(values["count"][:40]))
        elif (user, track) in seen:
            on_fault(row, "the person and the track came before", f"{user} {text}")
        else:
            seen.add((user, track))
            yield user, track, count


def checked_tags(
    rows: Iterable[Row], resolve: Resolve[Track], on_fault: OnFault, *, by_person: bool
) -> Iterator[tuple[Track, str, str, float]]:
    """Track, tag, person and weight of each row that is in order; without a column `weight`, each row weighs 1.

    Tags come in lower case without surrounding spaces; the person is empty where the row is everybody's. At fault are what is at
    fault in interactions, and the same tag of a track that came before: from the same person, if `by_person`.
    """
    seen: set[tuple[str, Track, str]] = set()
    for row, values in rows:
        text, tag, user = values["track_id"], " ".join(values["tag"].split()).lower(), values.get("user_id", "")
        weight, weight_problem = positive_number(values.get("weight", "1"))
        track, track_problem = resolve(text)
        key = (user if by_person else "", track, tag)
        if problem := text_problem("tag", tag) or text_problem("track_id", text):
            on_fault(row, problem, "")
        elif track_problem:
            on_fault(row, track_problem, text)
        elif weight_problem:
            on_fault(row, f"the weight is {weight_problem}", repr(values["weight"][:40]))
        elif key in seen:
            on_fault(row, "the track had the same tag before", f"{text} {tag}")
        else:
            seen.add(key)
            yield track, tag, user, weight
