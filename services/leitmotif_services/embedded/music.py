"""From a folder of music to the model that answers, through a running platform.

`python -m leitmotif_services.embedded.music ADDRESS MUSIC MODELS` does it from a process of its own.
"""

import sys
from pathlib import Path

from leitmotif import Client, LeitmotifError, PreconditionError, Reason
from leitmotif.cli.console import stage_progress, stderr
from leitmotif_services.audio.engine import DEFAULT_ENCODER
from leitmotif_services.embedded.platform_embedder import PlatformEmbedder
from leitmotif_services.runtime.errors import ServiceError
from leitmotif_services.workshop.ingest import IngestError, IngestReport, ingest
from leitmotif_services.workshop.training import Progress


def serve_music(
    client: Client,
    music: Path,
    *,
    models_root: Path,
    interactions_csv: Path | None = None,
    tags_csv: Path | None = None,
    on_progress: Progress | None = None,
) -> IngestReport:
    """Embed a folder by the platform's audio service, train on it, write the bundle and have it answer.

    Where the bundle was there before and another model is active, that one stays so: somebody chose it since, or it grew from
    the bundle and holds prototypes that were created. Raises what `ingest` raises, and the SDK's LeitmotifError.
    """
    versions_before = {bundle.name for bundle in models_root.iterdir()} if models_root.exists() else set()
    report = ingest(
        music,
        embedder=PlatformEmbedder(client),
        models_root=models_root,
        interactions_csv=interactions_csv,
        tags_csv=tags_csv,
        encoder_artifact=DEFAULT_ENCODER,
        on_progress=on_progress,
    )
    if report.model_version not in versions_before or active_version(client) is None:
        client.models.activate(report.model_version)
    return report


def active_version(client: Client) -> str | None:
    """Version of the model that answers; None where none does yet."""
    try:
        return client.models.active().model_version
    except PreconditionError as error:
        if error.reason != Reason.MODEL_NOT_LOADED:
            raise
        return None


def main(address: str, music: str, models_root: str) -> int:
    """Serve the music and name what failed; the exit code."""
    try:
        with Client(address) as client, stage_progress() as show:
            report = serve_music(client, Path(music), models_root=Path(models_root), on_progress=show)
            active = active_version(client)
    except (IngestError, LeitmotifError, OSError, ServiceError) as error:
        stderr.print(f"leitmotif: {error}", markup=False, soft_wrap=True)
        return 1
    for failed in report.failed:
        stderr.print(f"{failed.path}: {failed.reason}", markup=False, soft_wrap=True)
    stderr.print(f"{report.tracks} tracks, {report.prototypes} prototypes, model {report.model_version}", markup=False)
    if active != report.model_version:
        kept = f"the model {active} stays active; `leitmotif models activate {report.model_version}` for the one of {music}"
        stderr.print(kept, markup=False, soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
