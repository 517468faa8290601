"""Sets the end of a text aside, to score what training did not see."""

import re

from leitmotif_services.evaluation.inputs.documents import Documents

_ENDS = {
    Documents.WHOLE: re.compile(r"\s+"),
    Documents.LINES: re.compile(r"\r\n|\r|\n"),
    Documents.PARAGRAPHS: re.compile(r"(?:\r\n|\r|\n)[^\S\r\n]*(?:\r\n|\r|\n)\s*"),
}


def split_held_out(text: str, share: float, division: Documents) -> tuple[str, str]:
    """The text to train on and the held-out rest, which begins at the first end of a document at or behind 1 − share of it.

    Where no document ends there, the last one is cut at white space, and where there is none, between two characters. Together
    both are the text, unchanged. Nothing is held out for a share of 0.
    """
    if not share:
        return text, ""
    wanted = round(len(text) * (1 - share))
    for end in (_ENDS[division], _ENDS[Documents.WHOLE]):
        found = end.search(text, wanted)
        if found is not None and found.end() < len(text):
            return text[: found.end()], text[found.end() :]
    return text[:wanted], text[wanted:]
