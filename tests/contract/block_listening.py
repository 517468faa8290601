"""Listening whose right answer is known: people of four groups, each with the items of one block as their own."""

import numpy as np
from scipy.sparse import csr_array

from leitmotif_services.workshop.listening.listening_data import HeldOutPeople, TrainingData

BLOCKS = 4
ITEMS_A_BLOCK = 15
ITEMS = BLOCKS * ITEMS_A_BLOCK
BLOCK_OF_ITEM = np.arange(ITEMS) // ITEMS_A_BLOCK

_OWN = 9
"""Items of their own block that a person heard, two of which are to be found where the person is held out."""

_STRAY = 2
"""Items of any block that a person also heard."""


def block_training(*, people: int = 160, seed: int = 1) -> TrainingData:
    """The first block has half of the people, so popularity is right for them and for nobody else; tags and audio name the
    block too, with a fifth of the tags and some of the audio astray.
    """
    rng = np.random.default_rng(seed)
    heard = np.zeros((people, ITEMS))
    for person, block in enumerate(_blocks_of(people)):
        heard[person, _own_items(rng, block)] = 1.0
        heard[person, rng.choice(ITEMS, _STRAY, replace=False)] = 1.0
    tag_of_item = np.where(rng.random(ITEMS) < 0.2, rng.integers(BLOCKS, size=ITEMS), BLOCK_OF_ITEM)
    tags = np.zeros((ITEMS, BLOCKS + 1))
    tags[np.arange(ITEMS), tag_of_item] = rng.integers(1, 6, ITEMS)
    tags[:, BLOCKS] = rng.integers(0, 2, ITEMS)
    audio = np.eye(BLOCKS)[BLOCK_OF_ITEM] + rng.normal(0.0, 0.3, (ITEMS, BLOCKS))
    counts = heard * rng.integers(1, 50, heard.shape)
    return TrainingData(
        heard=csr_array(heard),
        counts=csr_array(counts),
        tag_counts=csr_array(tags),
        tags=(*(f"block {block}" for block in range(BLOCKS)), "anything"),
        audio=(audio - audio.mean(axis=0)) / audio.std(axis=0),
        artists=tuple(f"artist {item}" for item in range(ITEMS)),
    )


def block_people(*, people: int = 40, seed: int = 2) -> tuple[HeldOutPeople, np.ndarray]:
    """Held-out people, and the block (V,) of each; as many of every block."""
    rng = np.random.default_rng(seed)
    blocks = np.arange(people) % BLOCKS
    given, wanted = np.zeros((people, ITEMS)), np.zeros((people, ITEMS))
    for person, block in enumerate(blocks):
        own = _own_items(rng, block)
        wanted[person, own[:2]] = 1.0
        given[person, own[2:]] = 1.0
    return HeldOutPeople(given=csr_array(given), wanted=csr_array(wanted)), blocks


def _blocks_of(people: int) -> np.ndarray:
    return np.where(np.arange(people) % 2 == 0, 0, 1 + (np.arange(people) // 2) % (BLOCKS - 1))


def _own_items(rng: np.random.Generator, block: int) -> np.ndarray:
    return block * ITEMS_A_BLOCK + rng.choice(ITEMS_A_BLOCK, _OWN, replace=False)
