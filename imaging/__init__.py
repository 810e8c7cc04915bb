"""Bytes to facts about a picture: decoding, derivatives, hashes, quality, duplicates, crops, sheets.

What belongs here: everything that can be said from pixels without learning. What does not: networks
and embeddings (`models`; their vectors are handed in), where pictures come from, Dagster.
"""
