"""Corrected documents: the prediction of each task type with the reviewers' corrections applied."""
