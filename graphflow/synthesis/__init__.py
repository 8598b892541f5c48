"""Generated cases with planted truth, at any size; and toys, small enough to check by hand."""
