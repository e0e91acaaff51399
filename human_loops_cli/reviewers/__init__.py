"""Who reviews well: what the reviewers of a flow definition gave, compared with each other."""
