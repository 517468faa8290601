"""How far a domain is from a reference, each measure beside its null."""
