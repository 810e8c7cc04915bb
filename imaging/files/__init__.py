"""Work on people's own folders: walking, plans that can be undone, sidecars, exiftool, names, culling.

What belongs here: everything that reads or moves files outside the lake. Nothing in here deletes or
overwrites a file of the user's: what is to change is a plan first.
"""
