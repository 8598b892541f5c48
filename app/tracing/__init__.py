"""The parts of the Trace screen's answer."""
