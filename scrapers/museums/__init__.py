"""The museums and other sources: one module each, with a `MUSEUM` in it. Nothing else belongs here."""
