"""Language models behind one port: what their folders must hold, and how they are computed."""
