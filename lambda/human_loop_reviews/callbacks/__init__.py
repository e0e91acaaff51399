"""Executions of Step Functions that wait for human loops."""
