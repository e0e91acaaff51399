"""The columns of the archive are those that Glue, Trino and Firehose accept."""

from __future__ import annotations

from botocore.loaders import Loader

from human_loop_tables.archive_schema import OUTCOME_PROPERTIES, PARTITION


def test_no_column_has_the_name_of_the_partition() -> None:
    assert len(OUTCOME_PROPERTIES) > 30
    assert PARTITION not in {each.column for each in OUTCOME_PROPERTIES}


def test_firehose_has_no_zstd_for_parquet() -> None:
    # What the choice of GZIP rests on.
    shapes = Loader().load_service_model("firehose", "service-2")["shapes"]

    assert shapes["ParquetCompression"]["enum"] == ["UNCOMPRESSED", "GZIP", "SNAPPY"]
