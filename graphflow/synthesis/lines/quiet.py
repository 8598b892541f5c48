"""The quiet case: honest entities of every kind that red lines look at, and nothing to be found."""
