"""Makes an encoder of this platform out of a published model: checks it, exports it to ONNX, compares the two, writes it."""
