"""The files of a model on the Hugging Face hub, pinned to one commit, fetched one by one into the hub's own cache."""

import re
from collections.abc import Mapping
from pathlib import Path

from leitmotif_services.workshop.encoder_import.refusal import ImportRefusedError

HUB_ID = re.compile(r"(?P<id>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")
"""Owner and name, then perhaps a revision: branch, tag or commit."""


class HubModelFiles:
    """One model at the commit that its revision names now."""

    def __init__(self, hub_id: str, revision: str | None = None) -> None:
        """Asks the hub which files there are; none is fetched yet."""
        from huggingface_hub import HfApi

        self._hub_id = hub_id
        try:
            info = HfApi().model_info(hub_id, revision=revision, files_metadata=True)
        except Exception as error:  # the client raises those of its HTTP library besides its own
            raise ImportRefusedError(f"the hub gives no model {hub_id!r}: {_first_line(error)}") from error
        self._commit = str(info.sha)
        self._sizes = {file.rfilename: int(file.size or 0) for file in info.siblings or ()}

    @property
    def name(self) -> str:
        return self._hub_id.partition("/")[2]

    @property
    def sizes(self) -> Mapping[str, int]:
        return self._sizes

    def path(self, name: str) -> Path:
        from huggingface_hub import hf_hub_download

        try:
            path = Path(hf_hub_download(self._hub_id, name, revision=self._commit))
        except Exception as error:
            raise ImportRefusedError(f"{name} of {self._hub_id} cannot be fetched: {_first_line(error)}") from error
        if path.stat().st_size != self._sizes[name]:
            raise ImportRefusedError(f"{name} of {self._hub_id} is not as long as the hub says")
        return path

    def source(self, weights: list[Path]) -> str:  # noqa: ARG002 (a commit pins the weights)
        return f"hub {self._hub_id}@{self._commit}"


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
