"""A base and an adapted model on the same text: how sure the change is, and which tokens it comes from."""
