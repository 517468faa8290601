"""Trains the platform's own audio encoder on composed music and writes it as one ONNX file."""
