"""The links that the marked event of a verification passes, one module for each."""
