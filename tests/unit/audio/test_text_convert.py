import numpy as np
import pytest

from leitmotif.api.audio.v1 import audio_pb2 as pb
from leitmotif_services.audio.convert import encoder_message, phrase_of, text_encoder_message, texts_response_of
from leitmotif_services.audio.encoder_artifact import EncoderArtifact
from leitmotif_services.audio.segmentation import Segmentation
from leitmotif_services.audio.text_embedding import EmbeddedPhrase, PhraseOutcomes
from leitmotif_services.audio.text_encoder_artifact import TextEncoderArtifact
from leitmotif_services.audio.waveform_input import WaveformInput
from leitmotif_services.runtime.errors import Reason, ServiceError

TEXT = TextEncoderArtifact("clap-text", "clap", 2, 77, 1, "MIT", "Reads.", "here", "5a")
AUDIO = EncoderArtifact("clap", 2, WaveformInput(48_000), Segmentation(), "MIT", "Hears.", "6b", "here")


def test_an_answer_holds_every_outcome_in_order():
    phrase = EmbeddedPhrase(np.array([0.6, 0.8], np.float32), 5)
    batch = PhraseOutcomes((ServiceError(Reason.TEXT_EMPTY, "empty"), phrase, ValueError("a defect")), 0.25, 0.5, 0.75)
    message = texts_response_of(batch, TEXT, "clap", "r-1")
    assert (message.encoder_id, message.text_encoder_id) == ("clap", "clap-text")
    assert message.timings == pb.EmbedTimings(queue_s=0.25, decode_s=0.5, compute_s=0.75)
    refused, embedded, failed = message.results
    assert (refused.status.code, failed.status.code) == (3, 13)
    assert "a defect" not in failed.status.message
    read = phrase_of(embedded.text)
    np.testing.assert_array_equal(read.embedding, phrase.embedding)
    assert read.tokens == 5


@pytest.mark.parametrize("matrix", [{}, {"values": bytes(16), "dimension": 2}, {"values": bytes(7), "dimension": 2}])
def test_an_embedding_of_no_or_several_rows_is_refused(matrix):
    with pytest.raises(ServiceError) as caught:
        phrase_of(pb.TextEmbedding(embedding=matrix))
    assert caught.value.reason is Reason.FIELD_INVALID


def test_a_text_tower_is_described_with_its_audio_encoder():
    assert encoder_message(AUDIO, TEXT).text_encoder == text_encoder_message(TEXT)
    described = pb.TextEncoder(text_encoder_id="clap-text", sha256="5a", max_tokens=77, license="MIT", description="Reads.")
    assert text_encoder_message(TEXT) == described
    assert not encoder_message(AUDIO).HasField("text_encoder")
