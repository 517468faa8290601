"""Embeds files on disk in threads, each with its own outcome."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from leitmotif_services.runtime.errors import ServiceError

R = TypeVar("R")


def for_each_file(
    paths: Sequence[Path], work: Callable[[bytes], R], *, workers: int
) -> Iterator[tuple[Path, R | ServiceError | OSError]]:
    """`work` on the bytes of each file, in the order of `paths`; an OSError for a file that cannot be read."""

    def attempt(path: Path) -> R | ServiceError | OSError:
        try:
            return work(path.read_bytes())
        except (OSError, ServiceError) as error:
            return error

    with ThreadPoolExecutor(workers) as threads:
        yield from zip(paths, threads.map(attempt, paths), strict=True)
