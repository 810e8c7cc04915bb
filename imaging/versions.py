"""Versions of the kernels: raised by hand when a kernel's results change. Light, so that assets can name them.

A new version makes Dagster run the asset again and the memo work every row again. What reads derivatives is kept
by the derivative's own content, so that a new measure alone makes no crop and no comparison anew.
"""

MEASURE = "measure-2"
CROPS = "crops-2"
COMPARE = "compare-2"
