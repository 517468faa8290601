"""Tokenizes phrases with the `tokenizers` library, which `transformers` itself uses."""

from tokenizers import Tokenizer

from leitmotif_services.audio.encoder_artifact import malformed
from leitmotif_services.audio.text_embedding import PhraseTokens


class TokenizersPhraseTokenizer:
    """The tokenizer of one text encoder. May be called from several threads."""

    def __init__(self, content: str | None, file: str) -> None:
        """`content` is the text of a `tokenizer.json`. BUNDLE_CORRUPT, naming `file`, where it is none."""
        if content is None:
            raise malformed(file, "it holds no tokenizer")
        try:
            self._tokenizer = Tokenizer.from_str(content)
        except Exception as error:  # the library raises plain Exception
            raise malformed(file, "its tokenizer is not one that the tokenizers library reads") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        # "<pad>" or "</s>" in a phrase is text that somebody typed, not a token that masks or ends it.
        self._tokenizer.encode_special_tokens = True

    @property
    def largest_token_id(self) -> int:
        """-1 for an empty vocabulary."""
        return max(self._tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)

    def encode(self, phrase: str) -> PhraseTokens:
        """Every token of the phrase, with those that begin and end it."""
        encoding = self._tokenizer.encode(phrase)
        added = sum(encoding.special_tokens_mask)
        return PhraseTokens(tuple(encoding.ids), len(encoding.ids) - added)
