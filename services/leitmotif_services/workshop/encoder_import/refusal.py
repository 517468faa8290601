"""Why a model is not imported."""


class ImportRefusedError(Exception):
    """The model cannot be imported; the message says why, in one sentence a person can act on."""
