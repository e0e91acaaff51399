"""The report on reviews: one self-contained HTML file."""
