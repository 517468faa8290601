"""The taste of one user: history, controls, exclusions and presets as immutable values, and the rules by which they change."""
