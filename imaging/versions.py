"""Versions of the kernels: raised by hand when a kernel's results change. Light, so that assets can name them.

A new version makes Dagster run the asset again and the memo work every row again.
"""

MEASURE = "measure-1"
# Crops are made from the derivative, so a new derivative is a new crop.
CROPS = f"crops-1-of-{MEASURE}"
