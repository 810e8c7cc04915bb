"""The wiring: settings, resources, definitions, jobs, schedules, sensors and the command line.

What belongs here: what connects the stages with a machine and its people. What does not: any work on
records, pictures or models (the rooms), and what an asset is (`assets/`).
"""
