"""Reports stage (placeholder until the room is there)."""
