"""Tracing: given some money, where did it go, through whom, and how much of it is where."""

from graphflow.tracing.comparing import compare_rules
from graphflow.tracing.question import trace
from graphflow.tracing.result import END_KINDS, Trace
from graphflow.tracing.rules import RULES, Rule
from graphflow.tracing.telling import Chain

__all__ = ["END_KINDS", "RULES", "Chain", "Rule", "Trace", "compare_rules", "trace"]
