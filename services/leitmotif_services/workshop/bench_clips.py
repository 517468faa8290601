"""The audio that embedding benchmarks run on: files of a folder, or composed clips in every usual format."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from leitmotif_services.audio.audio_decoding import decode
from leitmotif_services.runtime.errors import ServiceError
from leitmotif_services.workshop.composer.track import compose_track
from leitmotif_services.workshop.soundfile_music_files import write_audio_file

CLIP_S = 10.0
_FORMATS = (("wav", 44_100, 2), ("flac", 44_100, 2), ("mp3", 44_100, 2), ("ogg", 48_000, 2))
_MOST_FILES = 64


def composed_clips(count: int = 8) -> list[bytes]:
    """`count` stereo files of CLIP_S seconds: WAV, FLAC, MP3 and OGG Vorbis in turn, the same on every machine."""
    with TemporaryDirectory() as folder:

        def write(index: int) -> bytes:
            suffix, rate_hz, channels = _FORMATS[index % len(_FORMATS)]
            path = Path(folder) / f"{index}.{suffix}"
            piece = compose_track(index, CLIP_S)
            write_audio_file(path, piece.waveform, piece.sample_rate_hz, file_rate_hz=rate_hz, channels=channels)
            return path.read_bytes()

        with ThreadPoolExecutor(2) as threads:
            return list(threads.map(write, range(count)))


def clips_in(folder: Path) -> list[bytes]:
    """Files in a folder that can be embedded, by name, at most 64."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        try:
            decode(content, 22_050)
        except ServiceError:
            continue
        found.append(content)
        if len(found) == _MOST_FILES:
            break
    return found
