"""A tokenizer of one token a letter and an encoder whose rows can be told by hand."""

import asyncio
import threading
from contextlib import asynccontextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif_services.audio.text_embedding import BATCH_TOKENS, PhraseTokens, TextEmbedder, TextEngine
from leitmotif_services.audio.text_encoder_artifact import TextEncoderArtifact
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError

BEGIN, END, PAD = 0, 2, 1


class Letters:
    """Drops question marks, as a vocabulary without them would."""

    def encode(self, phrase):
        own = [ord(letter) for letter in phrase if letter != "?"]
        return PhraseTokens((BEGIN, *own, END), len(own))


class Angles:
    """A phrase's angle is its number of tokens, in degrees. Fails where a phrase holds an exclamation mark."""

    artifact = TextEncoderArtifact("e-text", "e", 2, 300, PAD, "MIT", "-", "here", "00")

    def __init__(self):
        self.batches = []

    def encode(self, phrases):
        self.batches.append([len(ids) for ids in phrases])
        if any(ord("!") in ids for ids in phrases):
            raise RuntimeError("the graph failed")
        angles = np.deg2rad([len(ids) for ids in phrases])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def engine():
    return TextEngine(Angles(), Letters())


def embedding_of(letters):
    return pytest.approx([np.cos(np.deg2rad(letters + 2)), np.sin(np.deg2rad(letters + 2))], abs=1e-6)


def test_each_phrase_has_its_own_outcome_in_order():
    outcomes = engine().embed_all(["abc", "", "a", "\n", "??", "x" * 299, "y" * 298]).outcomes
    assert [getattr(outcome, "reason", None) for outcome in outcomes] == [
        *(None, Reason.TEXT_EMPTY, None, Reason.TEXT_EMPTY, Reason.TEXT_EMPTY, Reason.LIMIT_EXCEEDED, None)
    ]
    for place, letters in ((0, 3), (2, 1), (6, 298)):
        assert outcomes[place].embedding == embedding_of(letters)
        assert outcomes[place].tokens == letters + 2
    assert outcomes[5].metadata == {"limit": "300", "actual": "301"}


def test_one_phrase_is_given_or_its_refusal_raised():
    assert engine().embed("abc").embedding == embedding_of(3)
    with pytest.raises(ServiceError, match="empty"):
        engine().embed("")


@given(st.lists(st.integers(1, 298), max_size=40))
def test_no_batch_is_larger_than_its_bound_and_none_is_lost(lengths):
    text_engine = engine()
    outcomes = text_engine.embed_all(["x" * length for length in lengths]).outcomes
    assert [outcome.tokens for outcome in outcomes] == [length + 2 for length in lengths]
    for outcome, length in zip(outcomes, lengths, strict=True):
        assert outcome.embedding == embedding_of(length)
    batches = text_engine._encoder.batches
    assert all(len(batch) * max(batch) <= BATCH_TOKENS and max(batch) <= 2 * min(batch) for batch in batches)
    assert sorted(tokens for batch in batches for tokens in batch) == sorted(length + 2 for length in lengths)


def test_a_graph_that_fails_harms_its_own_batch_alone():
    long = "x" * 290
    outcomes = engine().embed_all([long, long, long, "a!", "b"]).outcomes
    assert [isinstance(outcome, RuntimeError) for outcome in outcomes] == [False, False, False, True, True]


def test_what_was_not_begun_says_so():
    work = engine().work(["x" * 290] * 5)
    assert work.step()
    begun = work.outcomes(queue_s=0.5)
    assert [getattr(one, "reason", None) for one in begun.outcomes] == [None, None, None, *[Reason.DEADLINE_EXCEEDED] * 2]
    assert begun.queue_s == 0.5
    work.refuse_rest(ServiceError(Reason.OVERLOADED, "full"))
    assert [one.reason for one in work.outcomes(0.0).outcomes[3:]] == [Reason.OVERLOADED] * 2
    assert not work.step()
    assert all(one.embedding == embedding_of(290) for one in work.outcomes(0.0).outcomes)


class Wrong(Angles):
    def encode(self, phrases):
        return super().encode(phrases) * np.float32(2)


class Failing(Angles):
    def encode(self, phrases):
        raise IndexError("an id beyond the vocabulary")


@pytest.mark.parametrize(("encoder", "why"), [(Wrong, "unit length"), (Failing, "does not run")])
def test_an_encoder_that_cannot_be_used_fails_at_warm_up(encoder, why):
    engine().warm_up()
    with pytest.raises(ServiceError, match=f"e-text .*{why}") as caught:
        TextEngine(encoder(), Letters()).warm_up()
    assert caught.value.reason is Reason.BUNDLE_CORRUPT


class Gated(Angles):
    def __init__(self):
        super().__init__()
        self.gate, self.entered = threading.Event(), threading.Event()

    def encode(self, phrases):
        self.entered.set()
        assert self.gate.wait(20)
        return super().encode(phrases)


@asynccontextmanager
async def pool(*, waiting):
    admission = Admission("texts", workers=1, waiting=waiting)
    try:
        yield admission
    finally:
        await admission.close()


LONG = ["x" * 290] * 9
"""Three batches."""


async def test_overload_is_refused_and_a_deadline_in_the_past_begins_nothing():
    gated = Gated()
    async with pool(waiting=0) as admission:
        embedder = TextEmbedder(admission)
        first = asyncio.create_task(embedder.embed(TextEngine(gated, Letters()), ["abc"], None))
        await asyncio.to_thread(gated.entered.wait, 20)
        with pytest.raises(ServiceError) as caught:
            await embedder.embed(engine(), ["abc"], None)
        assert caught.value.reason is Reason.OVERLOADED
        gated.gate.set()
        batch = await first
        assert batch.outcomes[0].embedding == embedding_of(3)
        assert min(batch.queue_s, batch.tokenize_s, batch.compute_s) >= 0
        late = await embedder.embed(engine(), ["abc"], -1.0)
        assert late.outcomes[0].reason is Reason.DEADLINE_EXCEEDED


async def test_one_phrase_overtakes_the_later_batches_of_many():
    gated, order = Gated(), []

    async def call(text_engine, texts):
        batch = await embedder.embed(text_engine, texts, None)
        order.append(len(texts))
        return batch

    async with pool(waiting=4) as admission:
        embedder = TextEmbedder(admission)
        many = asyncio.create_task(call(TextEngine(gated, Letters()), LONG))
        await asyncio.to_thread(gated.entered.wait, 20)
        one = asyncio.create_task(call(engine(), ["abc"]))
        while not admission.waiting:
            await asyncio.sleep(0)
        gated.gate.set()
        await one
        assert all(outcome.embedding == embedding_of(290) for outcome in (await many).outcomes)
    assert order == [1, 9]
    assert gated.batches == [[292] * 3] * 3


async def test_nobody_works_on_for_a_caller_who_has_gone():
    gated = Gated()
    async with pool(waiting=0) as admission:
        call = asyncio.create_task(TextEmbedder(admission).embed(TextEngine(gated, Letters()), LONG, None))
        await asyncio.to_thread(gated.entered.wait, 20)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        gated.gate.set()
    assert gated.batches == [[292] * 3]
