"""Phrases to embeddings: checked, tokenized, encoded in batches, each with its own outcome. Needs no server."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from leitmotif_services.audio.embedding import Matrix
from leitmotif_services.audio.encoder_artifact import malformed
from leitmotif_services.audio.phrase import checked_phrase
from leitmotif_services.audio.text_encoder_artifact import TextEncoderArtifact
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError

BATCH_TOKENS = 1024
"""Of one call of the graph, padding included. Attention takes memory by the square of a phrase's length, so that a batch of
short phrases may be large and one of the longest holds two. Measured for a tower of RoBERTa's base size on one core: 2.6 ms for
each token, padding included, and 15 ms for a call of the graph, so that padding to twice the length costs no more than a call.
"""


@dataclass(frozen=True)
class PhraseTokens:
    """A phrase as its encoder reads it."""

    ids: tuple[int, ...]
    own: int
    """How many come from the phrase itself; the others begin and end every phrase."""


class PhraseTokenizer(Protocol):
    """Turns a phrase into tokens."""

    def encode(self, phrase: str) -> PhraseTokens: ...


class TextEncoder(Protocol):
    """A text tower."""

    @property
    def artifact(self) -> TextEncoderArtifact: ...

    def encode(self, phrases: Sequence[Sequence[int]]) -> Matrix:
        """Token ids to (n, D) unit rows."""


@dataclass(frozen=True)
class EmbeddedPhrase:
    """A phrase in the space of an audio encoder."""

    embedding: Matrix
    """(D,) float32, unit length."""
    tokens: int


@dataclass(frozen=True)
class PhraseOutcomes:
    """What became of a call's phrases."""

    outcomes: tuple[EmbeddedPhrase | Exception, ...]
    """In the order of the phrases."""
    queue_s: float
    """From the call until its work began, in seconds."""
    tokenize_s: float
    compute_s: float


class TextEngine:
    """A text encoder with its tokenizer. Thread-safe."""

    def __init__(self, encoder: TextEncoder, tokenizer: PhraseTokenizer) -> None:
        self._encoder = encoder
        self._tokenizer = tokenizer

    @property
    def encoder(self) -> TextEncoderArtifact:
        """What the encoder says of itself."""
        return self._encoder.artifact

    def tokens(self, text: str) -> PhraseTokens:
        """The tokens of a phrase; refused as `checked_phrase` says, TEXT_EMPTY also where no token of its own is left, and
        LIMIT_EXCEEDED where there are more than the encoder reads: nothing is cut off silently.
        """
        tokens = self._tokenizer.encode(checked_phrase(text))
        if not tokens.own:
            raise ServiceError(Reason.TEXT_EMPTY, "no token of the phrase is known to the encoder")
        longest = self.encoder.max_tokens
        if len(tokens.ids) > longest:
            raise ServiceError(
                Reason.LIMIT_EXCEEDED,
                f"the phrase has {len(tokens.ids)} tokens, {self.encoder.text_encoder_id} reads {longest}",
                limit=longest,
                actual=len(tokens.ids),
            )
        return tokens

    def embed(self, text: str) -> EmbeddedPhrase:
        """One phrase; refused as `tokens` says."""
        (outcome,) = self.embed_all([text]).outcomes
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def embed_all(self, texts: Sequence[str]) -> PhraseOutcomes:
        """Every phrase; one that is refused or fails leaves the others as they are."""
        work = self.work(texts)
        while work.step():
            pass
        return work.outcomes(queue_s=0.0)

    def work(self, texts: Sequence[str]) -> "PhraseWork":
        """As `embed_all`, to be done step by step."""
        return PhraseWork(self, self._encoder, texts)

    def warm_up(self) -> None:
        """Run the whole path once, so that the first caller does not pay for it. BUNDLE_CORRUPT when it fails."""
        name = self.encoder.text_encoder_id
        try:
            ids = self._tokenizer.encode("music").ids[: self.encoder.max_tokens] or (self.encoder.pad_token_id,)
            (row,) = self._encoder.encode([ids])
        except Exception as error:
            raise malformed(name, f"its graph does not run ({type(error).__name__})") from error
        if not abs(float(row @ row) - 1.0) < 1e-3:
            raise malformed(name, "its embeddings are not of unit length")


class PhraseWork:
    """The phrases of one call. Steps are taken one after another, in any thread."""

    def __init__(self, engine: TextEngine, encoder: TextEncoder, texts: Sequence[str]) -> None:
        self._engine = engine
        self._encoder = encoder
        self._texts = texts
        self._read: dict[int, PhraseTokens] = {}
        self._waiting: deque[list[int]] | None = None
        self._outcomes: list[EmbeddedPhrase | Exception] = [_not_begun() for _ in texts]
        self._tokenize_s = self._compute_s = 0.0

    def step(self) -> bool:
        """Encode one batch; the first step reads every phrase before. Tells whether there is another."""
        started = time.perf_counter()
        if self._waiting is None:
            self._waiting = self._read_all()
            self._tokenize_s = time.perf_counter() - started
            started += self._tokenize_s
        if self._waiting:
            self._encode(self._waiting.popleft())
            self._compute_s += time.perf_counter() - started
        return bool(self._waiting)

    def outcomes(self, queue_s: float) -> PhraseOutcomes:
        """As far as the steps have come: what was not begun says DEADLINE_EXCEEDED. `queue_s` is passed on."""
        return PhraseOutcomes(tuple(self._outcomes), queue_s, self._tokenize_s, self._compute_s)

    def refuse_rest(self, refusal: ServiceError) -> None:
        """Give every phrase that was not begun this outcome."""
        for index in (index for batch in self._waiting or () for index in batch):
            self._outcomes[index] = refusal

    def _read_all(self) -> deque[list[int]]:
        for index, text in enumerate(self._texts):
            try:
                self._read[index] = self._engine.tokens(text)
            except Exception as error:
                self._outcomes[index] = error
        return deque(_batches(self._read))

    def _encode(self, batch: list[int]) -> None:
        try:
            rows = self._encoder.encode([self._read[index].ids for index in batch])
        except Exception as error:
            for index in batch:
                self._outcomes[index] = error
        else:
            for index, row in zip(batch, rows, strict=True):
                self._outcomes[index] = EmbeddedPhrase(row, len(self._read[index].ids))


class TextEmbedder:
    """Embeds phrases on a bounded pool, apart from that of audio: a phrase takes milliseconds.

    A call gives its thread up after each batch and queues again, so that somebody's one phrase does not wait for another's
    sixty-four long ones.
    """

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    async def embed(self, engine: TextEngine, texts: Sequence[str], remaining_s: float | None) -> PhraseOutcomes:
        """OVERLOADED when no place is left; where that comes to be so between two batches, for the phrases that are left.

        Phrases not begun within `remaining_s` get DEADLINE_EXCEEDED; None means no end.
        """
        asked = time.monotonic()
        deadline = float("inf") if remaining_s is None else asked + remaining_s
        work = engine.work(texts)
        begun = 0.0

        def step() -> bool:
            nonlocal begun
            begun = begun or time.monotonic()
            return time.monotonic() < deadline and work.step()

        more = await self._admission.run(step)
        while more:
            try:
                more = await self._admission.run(step)
            except ServiceError as refusal:
                work.refuse_rest(refusal)
                break
        return work.outcomes(begun - asked)


def _batches(read: dict[int, PhraseTokens]) -> Iterator[list[int]]:
    """Indices by length: at most BATCH_TOKENS a batch, no phrase more than twice as long as another, at least one phrase."""
    batch: list[int] = []
    for index in sorted(read, key=lambda index: len(read[index].ids)):
        length = len(read[index].ids)
        if batch and (length * (len(batch) + 1) > BATCH_TOKENS or length > 2 * len(read[batch[0]].ids)):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _not_begun() -> ServiceError:
    return ServiceError(Reason.DEADLINE_EXCEEDED, "the deadline passed before the phrase was taken up")
