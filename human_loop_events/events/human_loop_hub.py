"""The hub: the event bus to which other accounts and Regions forward human loop events."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from aws_cdk import Names, Stack, Token
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk.region_info import RegionInfo
from constructs import Construct

from human_loop_events.aws.argument_types import checks_arguments
from human_loop_events.aws.arguments import require_texts
from human_loop_events.aws.bounds import TextForm
from human_loop_reviews.contract import (
    HUMAN_LOOP_DETAIL_TYPES,
    HUMAN_LOOP_SOURCES,
    MAX_HUB_NAME,
    output_role_name,
    reader_role_name,
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
#: https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
#: The forms of those who may forward events.
ACCOUNT_ID: Final = TextForm(r"[0-9]{12}", "ids of 12 digits")
ORGANIZATION_ID: Final = TextForm(
    r"o-[a-z0-9]{10,32}", "the id of an organization such as o-a1b2c3d4e5"
)

#: The policy of a bus holds 10 KB.
#: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
_MAX_ACCOUNTS = 200


@checks_arguments
class HumanLoopHub(events.EventBus):
    """An event bus that admits the human loop events of listed accounts, or of an organization.

    Pass it as ``event_bus`` to a `HumanLoopEvents` in the central account, and deploy a
    `HumanLoopSpoke` to each account and Region with human loops. The bus admits human loop events
    only. EventBridge encrypts them with a key that AWS owns.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    accounts
        The ids of the accounts that can forward events. Specify either these or the organization.
    organization_id
        The id of the organization with the accounts that can forward events, such as
        ``"o-a1b2c3d4e5"``.
    event_bus_name
        The name of the bus, at most 40 characters. The names of the roles on both sides begin with
        it. Default: the path of the construct, shortened with a hash. CloudFormation requires a
        name for an event bus, and the spokes are configured with it.

    Raises
    ------
    ValueError
        If neither or both of `accounts` and `organization_id` are specified, an id is malformed, or
        the name is too long.

    Examples
    --------
    >>> hub = HumanLoopHub(self, "Hub", accounts=["444455556666"])  # doctest: +SKIP
    >>> HumanLoopEvents(self, "HumanLoops", event_bus=hub)  # doctest: +SKIP
    """

    hub_name: str
    """The name of the bus, known at synthesis."""
    accounts: tuple[str, ...]
    """The accounts that can forward events. Empty for an organization."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        accounts: Sequence[str] | None = None,
        organization_id: str | None = None,
        event_bus_name: str | None = None,
    ) -> None:
        self.accounts = _validate_accounts(accounts, organization_id)
        self._reader: str | None = None
        self.hub_name = _validate_bus_name(event_bus_name or _default_name(scope, construct_id))
        super().__init__(
            scope,
            construct_id,
            event_bus_name=self.hub_name,
            description="Human loop events that other accounts and Regions forward",
        )
        resource = self.node.default_child
        assert isinstance(resource, events.CfnEventBus)  # noqa: S101 - the resource of an EventBus
        # A property of the bus, so that the bus never exists without its policy.
        resource.policy = self._create_policy(organization_id)

    @property
    def _reader_role_name(self) -> str:
        """The name of the role with which the review handler assumes the roles of the spokes."""
        return reader_role_name(self.hub_name, Stack.of(self).region)

    @property
    def _output_role_arns(self) -> list[str]:
        """Patterns for the ARNs of the spokes' roles. The Regions of the spokes are not known."""
        return [
            Stack.of(self).format_arn(
                service="iam",
                region="",
                account=account,
                resource="role",
                resource_name=output_role_name(self.hub_name, "*"),
            )
            for account in self.accounts or ("*",)
        ]

    def _arn_for(self, stack: Stack) -> str:
        """Return the ARN of the bus for a spoke in another stack of the app, without a reference.

        With a reference, the deployment of each stack would depend on the outputs of the other.

        Parameters
        ----------
        stack
            The stack of the spoke.

        Raises
        ------
        ValueError
            If the account or the Region of the hub is not known at synthesis.
        """
        own = Stack.of(self)
        if own == stack:
            return self.event_bus_arn
        if Token.is_unresolved(own.account) or Token.is_unresolved(own.region):
            raise ValueError(
                f"hub: the account and Region of {own.stack_name}, the stack of {self.node.path}, "
                "are not known at synthesis; expected env=Environment(account=…, region=…) for "
                "that stack, or the ARN of the hub's event bus"
            )
        partition = RegionInfo.get(own.region).partition or "aws"
        return f"arn:{partition}:events:{own.region}:{own.account}:event-bus/{self.hub_name}"

    def _register_reader(self, handler: Construct) -> str:
        """Register the review handler that reads the outputs, and return the name of its role.

        Raises
        ------
        ValueError
            If another review handler is registered. The spokes admit one role.
        """
        if self._reader is not None:
            raise ValueError(
                f"hub: {self._reader} reads the outputs of the spokes of {self.node.path} already, "
                "and these admit one role; expected one HumanLoopEvents or ReviewHandler for a "
                "hub, and further rules with on_event() or StatusEvents"
            )
        self._reader = handler.node.path
        return self._reader_role_name

    def _create_policy(self, organization_id: str | None) -> iam.PolicyDocument:
        # A rule forwards with a role, so EventBridge knows the organization of the role's account.
        member = {"StringEquals": {"aws:PrincipalOrgID": organization_id}}
        return iam.PolicyDocument(
            statements=[
                iam.PolicyStatement(
                    sid="AdmitSpokes",
                    principals=[iam.AccountPrincipal(each) for each in self.accounts]
                    or [iam.AnyPrincipal()],
                    actions=["events:PutEvents"],
                    resources=[
                        Stack.of(self).format_arn(
                            service="events", resource="event-bus", resource_name=self.hub_name
                        )
                    ],
                    # The keys have several values. ForAllValues is also true without any value,
                    # which Null excludes.
                    conditions={
                        "ForAllValues:StringEquals": {
                            "events:source": list(HUMAN_LOOP_SOURCES),
                            "events:detail-type": list(HUMAN_LOOP_DETAIL_TYPES),
                        },
                        "Null": {"events:source": "false", "events:detail-type": "false"},
                        **(member if organization_id else {}),
                    },
                )
            ]
        )


def _validate_accounts(
    accounts: Sequence[str] | None, organization_id: str | None
) -> tuple[str, ...]:
    if (accounts is None) == (organization_id is None):
        raise ValueError(
            "HumanLoopHub: expected either accounts or organization_id, got "
            f"accounts={accounts!r} and organization_id={organization_id!r}"
        )
    if accounts is None:
        ORGANIZATION_ID.require("organization_id", organization_id)
        return ()
    listed = require_texts("accounts", accounts, example="['444455556666']")
    for account in listed:
        ACCOUNT_ID.require("accounts", account)
    if len(listed) > _MAX_ACCOUNTS:
        raise ValueError(
            f"accounts: {len(listed)} do not fit into the policy of an event bus; expected at most "
            f"{_MAX_ACCOUNTS}, or organization_id"
        )
    return listed


def _default_name(scope: Construct, construct_id: str) -> str:
    path = Names.unique_resource_name(
        scope,
        allowed_special_characters="-",
        max_length=max(MAX_HUB_NAME - len(f"-{construct_id}"), 1),
    )
    return f"{path}-{construct_id}"


def _validate_bus_name(name: str) -> str:
    if Token.is_unresolved(name) or len(name) > MAX_HUB_NAME or not _NAME.fullmatch(name):
        raise ValueError(
            f"event_bus_name: expected 1 to {MAX_HUB_NAME} letters, digits, '.', '-' and '_', "
            f"because the names of roles are made from it, got {name!r}"
        )
    return name
