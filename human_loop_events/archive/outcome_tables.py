"""The archived outcomes in the Glue Data Catalog: a table of the files, and views on it."""

from __future__ import annotations

import base64
import json
from typing import Final

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_glue as glue
from constructs import Construct

from human_loop_tables.archive_schema import OUTCOME_PROPERTIES, OUTCOMES, PARTITION
from human_loop_tables.archive_views import ATHENA_TYPES, GLUE_TYPES, VIEWS, AthenaView

#: The first day of the partitions. There are no earlier outcomes.
_FIRST_DAY: Final = "2026-01-01"


class OutcomeTables:
    """The database with the table of outcomes, and the views `loops` and `fields`.

    Parameters
    ----------
    scope
        The parent of the resources.
    name
        The database's name, in lower case without hyphens, as Athena requires.
    location
        The S3 URI of the files.
    """

    def __init__(self, scope: Construct, name: str, location: str) -> None:
        self._scope = scope
        self._name = name
        self._database = glue.CfnDatabase(
            scope,
            "Database",
            catalog_id=Stack.of(scope).account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=name, description="Outcomes of human loops"
            ),
        )
        self._outcomes = self._declare_outcomes(location)
        self._views = [self._declare_view(each) for each in VIEWS.values()]

    @property
    def database_name(self) -> str:
        """The database's name, as a reference."""
        return self._database.ref

    @property
    def outcomes_name(self) -> str:
        """The name of the table of outcomes, as a reference."""
        return self._outcomes.ref

    @property
    def tables(self) -> list[glue.CfnTable]:
        """The table and the views."""
        return [self._outcomes, *self._views]

    @property
    def database_arns(self) -> list[str]:
        """The resources of `glue:GetDatabase`. Athena also looks up the default database.

        https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
        """
        return self._arns("database/default", f"database/{self.database_name}")

    def table_arns(self, *names: str) -> list[str]:
        """Return the resources of `glue:GetTable`. Glue also requires the database and the catalog.

        https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html

        Parameters
        ----------
        names
            The tables and views. Default: all.
        """
        database = self.database_name
        tables = (f"table/{database}/{name}" for name in names or (OUTCOMES, *VIEWS))
        return self._arns(f"database/{database}", *tables)

    def _arns(self, *resources: str) -> list[str]:
        return [
            Stack.of(self._scope).format_arn(
                service="glue", resource=each, arn_format=ArnFormat.NO_RESOURCE_NAME
            )
            for each in ("catalog", *resources)
        ]

    def _declare_outcomes(self, location: str) -> glue.CfnTable:
        """Declare the Parquet files.

        Athena computes the partitions. The catalog does not contain them.
        https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
        """
        column = glue.CfnTable.ColumnProperty
        return self._declare(
            OUTCOMES,
            glue.CfnTable.TableInputProperty(
                name=OUTCOMES,
                description="Outcomes as they were delivered, also repeated and replaced ones",
                table_type="EXTERNAL_TABLE",
                parameters={
                    "classification": "parquet",
                    "projection.enabled": "true",
                    f"projection.{PARTITION}.type": "date",
                    f"projection.{PARTITION}.format": "yyyy-MM-dd",
                    f"projection.{PARTITION}.range": f"{_FIRST_DAY},NOW",
                },
                partition_keys=[column(name=PARTITION, type="string")],
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    columns=[
                        column(name=each.column, type=each.type) for each in OUTCOME_PROPERTIES
                    ],
                    location=location,
                    input_format="org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                    output_format="org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                    serde_info=glue.CfnTable.SerdeInfoProperty(
                        serialization_library=(
                            "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
                        )
                    ),
                ),
            ),
        )

    def _declare_view(self, view: AthenaView) -> glue.CfnTable:
        """Declare a view in the format in which Athena stores views."""
        definition = {
            "originalSql": view.sql,
            "catalog": "awsdatacatalog",
            "schema": self._name,
            "columns": [
                {"name": each.name, "type": ATHENA_TYPES[each.type]} for each in view.columns
            ],
        }
        encoded = base64.b64encode(json.dumps(definition).encode()).decode()
        return self._declare(
            view.name,
            glue.CfnTable.TableInputProperty(
                name=view.name,
                table_type="VIRTUAL_VIEW",
                parameters={"presto_view": "true", "comment": "Presto View"},
                # Athena requires the list, even if it is empty.
                # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-glue-table-tableinput.html
                partition_keys=[],
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    columns=[
                        glue.CfnTable.ColumnProperty(
                            name=each.name, type=GLUE_TYPES[each.type], comment=each.meaning
                        )
                        for each in view.columns
                    ],
                    serde_info=glue.CfnTable.SerdeInfoProperty(),
                ),
                view_original_text=f"/* Presto View: {encoded} */",
                view_expanded_text="/* Presto View */",
            ),
        )

    def _declare(self, name: str, table: glue.CfnTable.TableInputProperty) -> glue.CfnTable:
        return glue.CfnTable(
            self._scope,
            f"Table-{name}",
            catalog_id=Stack.of(self._scope).account,
            database_name=self._database.ref,
            table_input=table,
        )
