"""Listening data: who heard what, what people call it, what it sounds like; loaded, reported on and split."""
