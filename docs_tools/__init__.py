"""Parts of the pages in docs/ that are computed."""
