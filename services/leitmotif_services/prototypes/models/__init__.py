"""Which models there are, which of them answers whom, and what people call their prototypes."""
