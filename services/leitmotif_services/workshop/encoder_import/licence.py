"""The licence of a model: as given, or as its card states it."""

import re

from leitmotif_services.workshop.encoder_import.model_files import MAX_JSON_BYTES, ModelFiles
from leitmotif_services.workshop.encoder_import.refusal import ImportRefusedError

MODEL_CARD = "README.md"

_SPDX_EXPRESSION = re.compile(r"\(*[A-Za-z0-9][A-Za-z0-9.+-]*\)*( (AND|OR|WITH) \(*[A-Za-z0-9][A-Za-z0-9.+-]*\)*)*")

SPDX_BY_CARD = {
    spdx.lower(): spdx
    for spdx in (
        "AGPL-3.0", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-NC-ND-4.0",
        "CC-BY-NC-SA-4.0", "CC-BY-SA-4.0", "CC0-1.0", "GPL-3.0", "ISC", "LGPL-3.0", "MIT", "MPL-2.0", "Unlicense",
    )
}  # fmt: skip
"""Model cards write SPDX identifiers in lower case, beside names of their own that are none."""


def licence_of(files: ModelFiles, given: str) -> str:
    """An SPDX expression: `given` if there is one, else the model card's. Refused where neither is one."""
    if given:
        if not _SPDX_EXPRESSION.fullmatch(given) or len(given) > 128:
            raise ImportRefusedError(f"--license {given[:128]!r} is not an SPDX identifier")
        return given
    stated = _stated(files)
    if stated.lower() not in SPDX_BY_CARD:
        found = f"states the licence {stated[:64]!r}, which has no SPDX identifier" if stated else "states no licence"
        raise ImportRefusedError(f"the model card {found}; name the licence with --license")
    return SPDX_BY_CARD[stated.lower()]


def _stated(files: ModelFiles) -> str:
    """The `license` line of the card's header; empty where there is none."""
    if not 0 < files.sizes.get(MODEL_CARD, 0) <= MAX_JSON_BYTES:
        return ""
    lines = files.path(MODEL_CARD).read_text("utf-8", errors="replace").splitlines()
    if not lines or lines[0].strip() != "---":
        return ""
    for line in lines[1:]:
        if line.strip() == "---":
            return ""
        if line.startswith("license:"):
            return line.removeprefix("license:").strip().strip("\"'")
    return ""
