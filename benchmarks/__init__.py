"""Benchmarks: every kernel at named sizes, peers side by side, and the targets; `make bench` prints and keeps
them.
"""
