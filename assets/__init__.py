"""The asset graph: one thin file a stage.

What belongs here: which asset depends on which, what is written under its key and what the UI shows of
it. What does not: the work itself (it lives in the rooms), settings and wiring (`pipelines/`).
Everything heavy is imported inside the asset that needs it, so that loading the graph stays fast.
"""
