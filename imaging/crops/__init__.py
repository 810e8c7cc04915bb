"""Where a picture could be cut: what is salient, and windows of wanted ratios ranked by it.

What belongs here: proposals, which are numbers. Files and sidecars are written by `imaging.files`.
"""
