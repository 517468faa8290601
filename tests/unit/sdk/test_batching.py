from hypothesis import given
from hypothesis import strategies as st

from leitmotif._batching import MAX_ITEM_BYTES, Batch, checked_item
from leitmotif.errors import InvalidArgumentError
from leitmotif.types import AudioItem, EmbedFailure

FAILURE = EmbedFailure("bad", InvalidArgumentError("bad"))
ENTRIES = st.lists(st.integers(0, 12).map(lambda size: AudioItem("t", bytes(size))) | st.just(FAILURE))


@given(entries=ENTRIES, max_items=st.integers(1, 5), max_bytes=st.integers(1, 20))
def test_batches_keep_the_order_and_their_bounds(entries, max_items, max_bytes):
    batches = [Batch(max_items, max_bytes)]
    for entry in entries:
        if not batches[-1].fits(entry):
            batches.append(Batch(max_items, max_bytes))
        batches[-1].add(entry)
    assert [entry for batch in batches for entry in batch.entries] == entries
    for batch in batches:
        assert len(batch.entries) <= max_items
        assert batch.item_bytes == sum(len(item.content) for item in batch.items)
        assert batch.item_bytes <= max_bytes or sum(bool(item.content) for item in batch.items) == 1


@given(entries=ENTRIES)
def test_merging_puts_each_result_in_the_place_of_its_item(entries):
    batch = Batch(100, 1000)
    for entry in entries:
        batch.add(entry)
    merged = batch.merged([str(place) for place, _ in enumerate(batch.items)])
    assert [outcome is FAILURE for outcome in merged] == [entry is FAILURE for entry in entries]
    assert [outcome for outcome in merged if outcome is not FAILURE] == [str(place) for place, _ in enumerate(batch.items)]


def test_the_largest_item_is_sent_and_one_byte_more_is_not():
    assert isinstance(checked_item(AudioItem("t", bytes(MAX_ITEM_BYTES))), AudioItem)
    refused = checked_item(AudioItem("t", bytes(MAX_ITEM_BYTES + 1)))
    assert isinstance(refused, EmbedFailure)
    assert refused.error.metadata == {"limit": str(MAX_ITEM_BYTES), "actual": str(MAX_ITEM_BYTES + 1)}
