"""The tracks that can be recommended while they change: filters, changes since the bundle, their journal and compaction."""
