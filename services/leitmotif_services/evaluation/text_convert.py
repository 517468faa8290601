"""Between the messages of texts.proto and uploaded texts."""

from leitmotif.api.evaluation.v1 import texts_pb2 as pb
from leitmotif_services.evaluation.inputs.uploaded_texts import UploadedText


def text_to_pb(text: UploadedText) -> pb.Text:
    """The message."""
    message = pb.Text(text_id=text.text_id, bytes=text.bytes)
    message.uploaded_at.FromDatetime(text.uploaded_at)
    message.expires_at.FromDatetime(text.expires_at)
    return message
