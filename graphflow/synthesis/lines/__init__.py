"""Toys of red lines, one file a line: ``toy()`` shows it, ``near_miss()`` is what looks like it and is not.

``NAME_tables()`` gives the frames of each, ``NAME()`` the case made of them. `quiet` is the case on which
every red line is silent.
"""
