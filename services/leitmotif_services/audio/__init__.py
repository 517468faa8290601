"""The audio service: files in, embeddings and measured qualities out."""
