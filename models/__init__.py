"""What is learned from pictures: weights, features, heads, evaluation, outliers, look-alikes, plots.

torch lives in this room and nowhere else, and importing the room or any of its modules stays light:
torch, timm, faiss, sklearn and matplotlib are imported inside the functions that need them. The room
gets tables of `storage.schemas` handed in and hands tables, folders and PNG bytes back; it knows
nothing of Dagster.
"""
