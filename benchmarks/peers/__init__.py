"""The peers that ours is measured against: their own environment, and one script a kind of work."""
