"""The offline side: composed music, simulated listeners, training, ingestion of a music folder, bundle writing."""
