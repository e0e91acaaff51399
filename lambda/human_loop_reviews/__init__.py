"""Read human reviews: what people said of a model's prediction in Amazon Augmented AI (A2I)."""
