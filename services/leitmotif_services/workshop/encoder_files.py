"""Finds the file of an encoder that a command names by its path or, where it comes with the package, by its id."""

from pathlib import Path


def encoder_file(named: str) -> Path | None:
    """The file; the package's own encoder where nothing is named. None where it is neither."""
    from leitmotif_services.audio.engine import DEFAULT_ENCODER

    if not named:
        return DEFAULT_ENCODER
    if Path(named).is_file():
        return Path(named)
    return DEFAULT_ENCODER.with_name(f"{named}.onnx") if named in packaged_encoders() else None


def packaged_encoders() -> list[str]:
    """Ids of the encoders that come with the package."""
    from leitmotif_services.audio.engine import DEFAULT_ENCODER

    return sorted(file.stem for file in DEFAULT_ENCODER.parent.glob("*.onnx"))
