"""Each user's taste: what listening says, what the person asked for, and how it came to be."""
