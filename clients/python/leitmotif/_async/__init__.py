"""The asynchronous client. `leitmotif._sync` is made from this package by clients/python/generate_sync.py."""
