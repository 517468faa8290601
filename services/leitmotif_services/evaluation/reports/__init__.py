"""What a result says, as one HTML page that refers to nothing else, and as pictures."""
