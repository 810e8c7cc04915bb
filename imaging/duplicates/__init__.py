"""Which pictures are the same: proposed, compared, judged, grouped, and which one to keep.

What belongs here: everything between the measures of single pictures and groups of them. Hashes and
embeddings only propose; pixels and records confirm; what people decided wins over both.
"""
