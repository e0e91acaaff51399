"""The two flat tables of outcomes, and the queries on them.

The archive of a stack has them as views in Amazon Athena, the command line makes them in DuckDB.
This package needs the standard library only.
"""
