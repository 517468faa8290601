"""The prototypes as people deal with them: what they are called, how one is found, and how a new one is made."""
