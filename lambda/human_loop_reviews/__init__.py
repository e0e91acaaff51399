"""Review human loops of Amazon Augmented AI (A2I): predictions beside reviewers' answers."""
