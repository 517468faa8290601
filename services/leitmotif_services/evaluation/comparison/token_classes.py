"""What kind of text a token is."""

import re
import unicodedata
from enum import StrEnum


class TokenClass(StrEnum):
    """Each token is of one class; white space around a word does not count."""

    NEWLINE = "newline"
    """White space with a line end in it."""
    WHITESPACE = "whitespace"
    PUNCTUATION = "punctuation"
    """Punctuation and symbols alone."""
    DIGITS = "digits"
    """Holds a digit and no letter."""
    FUNCTION_WORD = "function_word"
    DOMAIN_TERM = "domain_term"
    """Part of a term of the domain, whatever the token is by itself."""
    OTHER = "other"


_FUNCTION_WORD_LINES = (
    "a about above after again against all am an and any are as at be because been before being below between both but by can",
    "cannot could did do does doing down during each few for from further had has have having he her here hers herself him",
    "himself his how i if in into is it its itself just me more most my myself no nor not now of off on once only or other",
    "our ours ourselves out over own same shall she should so some such than that the their theirs them themselves then there",
    "these they this those through to too under until up upon us very was we were what when where which while who whom whose",
    "why will with would you your yours yourself yourselves 's 't 'd 'm 'll 're 've",
)
FUNCTION_WORDS = frozenset(word for line in _FUNCTION_WORD_LINES for word in line.split())
"""The closed classes of English: articles, pronouns, prepositions, conjunctions, auxiliaries, and what contractions leave."""

_LINE_END = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def class_of(text: str) -> TokenClass:
    """The class of a token by its text; DOMAIN_TERM is a matter of where it stands, and never found here."""
    word = text.strip()
    if not word:
        return TokenClass.NEWLINE if _LINE_END.search(text) else TokenClass.WHITESPACE
    if word.lower().replace("’", "'") in FUNCTION_WORDS:
        return TokenClass.FUNCTION_WORD
    kinds = {unicodedata.category(character)[0] for character in word}
    if kinds <= {"P", "S", "Z", "C"}:
        # U+FFFD stands for bytes that are a character only together with those of another token.
        return TokenClass.OTHER if "\ufffd" in word else TokenClass.PUNCTUATION
    if "N" in kinds and "L" not in kinds:
        return TokenClass.DIGITS
    return TokenClass.OTHER
