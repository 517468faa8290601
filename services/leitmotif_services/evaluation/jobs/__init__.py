"""Jobs: what they are, where they are kept, and the workers that run them."""
