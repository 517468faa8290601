"""The iterative core: people and items with enough listening to learn from."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Positions = NDArray[np.int64]


def interaction_core(counts: "csr_array", *, user_items: int, item_users: int) -> tuple[Positions, Positions]:
    """Positions of the users and of the items that are left, ascending.

    Users with fewer than `user_items` items and items with fewer than `item_users` users are dropped in turns until none is:
    what is left is the largest part in which everybody has enough, and does not depend on the order.
    """
    heard = (counts > 0).astype(np.float64).tocsr()
    users = np.ones(heard.shape[0], bool)
    items = np.ones(heard.shape[1], bool)
    while True:
        of_user = np.where(users, heard @ items.astype(np.float64), 0.0)
        kept_users = of_user >= user_items
        of_item = np.where(items, heard.T @ kept_users.astype(np.float64), 0.0)
        kept_items = of_item >= item_users
        if (kept_users == users).all() and (kept_items == items).all():
            return np.flatnonzero(users), np.flatnonzero(items)
        users, items = kept_users, kept_items
