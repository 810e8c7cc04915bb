"""Pages, slides and plots of the collection, for people.

What belongs here: turning figures that others measured into something worth looking at. What does not:
measuring, learning, and the lake's tables. Nothing made here needs the network to be read, and no
picture that may not be republished ever gets into it.
"""
