# Generated from leitmotif/_async/__init__.py by clients/python/generate_sync.py; edit that file instead.
"""The synchronous client, made from `leitmotif._async`."""
