"""What jobs and commands read: files below a root, and texts."""
