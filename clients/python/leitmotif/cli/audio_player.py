"""Plays an audio file with whatever player the machine has."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

ANY = frozenset({".ogg", ".wav", ".flac", ".mp3"})

PLAYERS: tuple[tuple[tuple[str, ...], frozenset[str]], ...] = (
    (("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"), ANY),
    (("mpv", "--no-video", "--really-quiet"), ANY),
    (("pw-play",), ANY - {".mp3"}),
    (("paplay",), ANY - {".mp3"}),
    (("afplay",), ANY - {".ogg"}),
    (("play", "-q"), ANY),
    (("aplay", "-q"), frozenset({".wav"})),
)
"""Commands by preference, each with the file formats that it plays."""

SUFFIXES = {
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "audio/x-wav": ".wav",
    "audio/flac": ".flac",
    "audio/mpeg": ".mp3",
}
"""File name suffix of each MIME type."""


def player_for(suffix: str, which: Callable[[str], str | None] = shutil.which) -> tuple[str, ...] | None:
    """The command of the first player on PATH that plays files with that suffix; None when there is none."""
    for command, formats in PLAYERS:
        if suffix in formats and which(command[0]):
            return command
    return None


def play(command: tuple[str, ...], file: Path) -> bool:
    """Play `file` to its end; False when the player failed, such as on a machine without a sound card."""
    return subprocess.run([*command, str(file)], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0
