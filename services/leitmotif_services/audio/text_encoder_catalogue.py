"""The text towers that are loaded, by the audio encoder whose space they share."""

from collections.abc import Sequence

from leitmotif_services.audio.encoder_artifact import EncoderArtifact, malformed
from leitmotif_services.audio.text_embedding import TextEngine
from leitmotif_services.audio.text_encoder_artifact import TextEncoderArtifact, refuse_other_space
from leitmotif_services.runtime.errors import Reason, ServiceError


class TextEncoderCatalogue:
    """At most one text tower an audio encoder."""

    def __init__(self, engines: Sequence[TextEngine], encoders: Sequence[EncoderArtifact]) -> None:
        """BUNDLE_CORRUPT for a text tower whose audio encoder is not among `encoders` or has another space, and for two towers
        of one encoder, unless they are the same bytes.
        """
        audio = {encoder.encoder_id: encoder for encoder in encoders}
        self._engines: dict[str, TextEngine] = {}
        for engine in engines:
            text = engine.encoder
            if text.audio_encoder_id not in audio:
                raise malformed(text.text_encoder_id, f"the audio encoder {text.audio_encoder_id!r} is not loaded beside it")
            refuse_other_space(text, audio[text.audio_encoder_id])
            known = self._engines.setdefault(text.audio_encoder_id, engine).encoder
            if known.sha256 != text.sha256:
                raise malformed(text.text_encoder_id, f"another text encoder for {text.audio_encoder_id} is loaded already")

    def find(self, encoder_id: str) -> TextEngine:
        """The tower of that loaded audio encoder. ENCODER_READS_NO_TEXT where it has none."""
        engine = self._engines.get(encoder_id)
        if engine is None:
            raise ServiceError(
                Reason.ENCODER_READS_NO_TEXT,
                f"no text encoder is loaded for {encoder_id!r}, so that it embeds no phrases",
                encoder_id=encoder_id,
            )
        return engine

    def described(self, encoder_id: str) -> TextEncoderArtifact | None:
        """What the tower of that audio encoder says of itself; None where it has none."""
        engine = self._engines.get(encoder_id)
        return engine.encoder if engine else None
