"""The ledger: the table of outcomes, one item for each human loop."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from human_loop_events.aws.acknowledgements import acknowledge
from human_loop_events.aws.argument_types import checks_arguments
from human_loop_events.aws.bounds import TimeBounds
from human_loop_events.aws.encryption import USE_ACTIONS, grant_through, supplied_or_new_key
from human_loop_events.aws.environments import (
    LEDGER_BY_NAME,
    LEDGER_TABLE,
    check_environment,
)
from human_loop_reviews.contract import (
    LEDGER_INDEX,
    LEDGER_INDEX_PARTITION_KEY,
    LEDGER_INDEX_SORT_KEY,
    LEDGER_PARTITION_KEY,
    LEDGER_SORT_KEY,
    LEDGER_TIME_TO_LIVE,
)

_STRING = dynamodb.AttributeType.STRING


#: How long after a loop's end its item is kept.
LEDGER_RETENTION: Final = TimeBounds(timedelta(days=1))


@checks_arguments
class Ledger(Construct):
    """The table in which a review handler records the outcome of each human loop.

    The table has the partition key ``humanLoopArn`` and the sort key ``creationTime``. Its index
    ``ByFlowDefinition`` has the partition key ``flowDefinitionArn`` and the sort key ``endTime``,
    and all attributes. All are strings. A supplied table needs the same.

    An item has the properties of the outcome (``docs/outcome.schema.json``), with values as JSON
    texts, and

    - ``expiresAt``: the time in seconds after which DynamoDB deletes it.
    - ``recovered``: true if only A2I's API says that the loop ended. Then ``endTime`` is the time
      of the confirmation.
    - ``precedence`` and ``writeId``, with which writes are idempotent.

    The items of the reconciler have sort keys that begin with ``reconciler#``. They are not in the
    index. A scan has to leave them out.

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    table
        An existing table. Synthesis checks the keys of a table of the app. Default: a new one, on
        demand, with point-in-time recovery, deletion protection and an index by flow definition. It
        is kept when the stack is deleted, also after a first deployment that failed.
    encryption_key
        The customer managed key of the table. Default: a new key, with rotation, or the key of a
        supplied table. CDK does not know the key of a table that is imported by name or ARN.
    retention
        The time from a loop's end until DynamoDB deletes its item, from 1 day. Default: 400 days.

    Raises
    ------
    ValueError
        If the retention is shorter than a day, or the table has other keys or is in another Region.

    Examples
    --------
    >>> ledger = Ledger(self, "Ledger", retention=Duration.days(90))  # doctest: +SKIP
    >>> ledger.grant_read(analyst)  # doctest: +SKIP
    """

    table: dynamodb.ITable
    """The table."""
    retention: Duration
    """The time from a loop's end until DynamoDB deletes its item."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        table: dynamodb.ITable | None = None,
        encryption_key: kms.IKey | None = None,
        retention: Duration | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.retention = LEDGER_RETENTION.require(
            "retention of the ledger", retention or Duration.days(400)
        )
        if table is None:
            encryption_key = supplied_or_new_key(self, encryption_key)
            table = self._create_table(encryption_key)
        _refuse_other_key_schema(table)
        check_environment("table", table, table.table_arn, self, LEDGER_TABLE)
        self.table = table
        self._key = encryption_key or table.encryption_key

    def _name_for(self, scope: Construct) -> str:
        """Return the name of the table for a function of a construct.

        Raises
        ------
        ValueError
            If the table is in another account, where its name is not enough.
        """
        check_environment("ledger", self.table, self.table.table_arn, scope, LEDGER_BY_NAME)
        return self.table.table_name

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow reading the table and its index."""
        return self.table.grant_read_data(grantee)

    def _grant_record(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow recording an outcome: reading and writing one item."""
        return self._grant(grantee, "dynamodb:GetItem", "dynamodb:PutItem")

    def _grant_query(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow finding the outcomes of a loop by its ARN."""
        return self._grant(grantee, "dynamodb:Query")

    def _grant_reconcile(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow reconciliation: finding outcomes, and writing the reconciler's items."""
        return self._grant(
            grantee,
            "dynamodb:BatchGetItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
        )

    def _grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        # Not table.grant(): it would add a wildcard for the index.
        grant = iam.Grant.add_to_principal(
            grantee=grantee, actions=list(actions), resource_arns=[self.table.table_arn]
        )
        if self._key is None:
            return grant
        return grant.combine(grant_through(self._key, grantee, "dynamodb", USE_ACTIONS))

    def _create_table(self, key: kms.IKey) -> dynamodb.Table:
        table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name=LEDGER_PARTITION_KEY, type=_STRING),
            sort_key=dynamodb.Attribute(name=LEDGER_SORT_KEY, type=_STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute=LEDGER_TIME_TO_LIVE,
            deletion_protection=True,
            # Not KEEP: if the first deployment fails, CloudFormation would try to delete the table,
            # which its protection refuses, and end in ROLLBACK_FAILED.
            removal_policy=RemovalPolicy.RETAIN,
        )
        table.add_global_secondary_index(
            index_name=LEDGER_INDEX,
            partition_key=dynamodb.Attribute(name=LEDGER_INDEX_PARTITION_KEY, type=_STRING),
            sort_key=dynamodb.Attribute(name=LEDGER_INDEX_SORT_KEY, type=_STRING),
        )
        acknowledge(
            table,
            "Point-in-time recovery restores any second of the last 35 days. A backup plan belongs "
            "to the account: a construct cannot choose its vault, schedule and tags.",
            "HIPAA.Security-DynamoDBInBackupPlan",
            "NIST.800.53.R5-DynamoDBInBackupPlan",
        )
        return table


def _refuse_other_key_schema(table: dynamodb.ITable) -> None:
    """Refuse a table of the app in which the functions cannot write items.

    The keys of an imported table are not known at synthesis.
    """
    resource = table.node.default_child
    if not isinstance(resource, dynamodb.CfnTable | dynamodb.CfnGlobalTable):
        return
    stack = Stack.of(table)
    types = {
        each["attributeName"]: each["attributeType"]
        for each in stack.resolve(resource.attribute_definitions)
    }
    keys = {
        each["keyType"]: (each["attributeName"], types.get(each["attributeName"]))
        for each in stack.resolve(resource.key_schema)
    }
    expected = {"HASH": (LEDGER_PARTITION_KEY, "S"), "RANGE": (LEDGER_SORT_KEY, "S")}
    if keys != expected:
        raise ValueError(
            f"table: expected the partition key {LEDGER_PARTITION_KEY!r} and the sort key "
            f"{LEDGER_SORT_KEY!r}, both of the type STRING, got {table.node.path} with "
            + ", ".join(f"{name!r} ({kind})" for name, kind in keys.values())
        )
