"""The spokes of a hub: other accounts and Regions. The hub has a role in each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import boto3

from human_loop_reviews.a2i.event import HumanLoopEvent
from human_loop_reviews.a2i.validation import Place
from human_loop_reviews.aws.calls import client_config, naming
from human_loop_reviews.contract import output_role_name

_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_REGION: Final = re.compile(r"[a-z0-9-]+")
_SESSION_NAME: Final = "human-loop-reviews"

#: A client is replaced before its credentials expire. Lambda ends an invocation after 15 minutes.
_SPARE: Final = timedelta(minutes=15)

#: Each client takes some megabytes of memory, and a role has one or two.
_MAX_ROLES: Final = 16


@dataclass(frozen=True, slots=True)
class _Role:
    """A role that was assumed, and the clients that were made with it, by service."""

    credentials: dict[str, Any]
    clients: dict[str, Any] = field(default_factory=dict)

    @property
    def is_lasting(self) -> bool:
        expiration: datetime = self.credentials["Expiration"]
        return expiration > datetime.now(UTC) + _SPARE


class Spokes:
    """Asks A2I about each human loop, and reads its output, with the role of its account's spoke.

    So an event of one account cannot make the hub read a bucket of another one.

    Parameters
    ----------
    sts
        A client.
    hub
        The name of the hub's event bus, with which the names of the roles begin.
    create_client
        Creates a client from the name of a service, credentials and a Region.
    """

    def __init__(
        self,
        sts: Any,
        hub: str,
        create_client: Callable[[str, dict[str, Any], str], Any] | None = None,
    ) -> None:
        self._sts = sts
        self._hub = hub
        self._create_client = create_client or _create_client
        self._roles: dict[str, _Role] = {}

    def s3(self, loop: HumanLoopEvent) -> Any:
        """Return a client of S3 that may read the output of a human loop.

        Raises
        ------
        UnreadableOutputError
            If the ARN of the loop does not name an account and a Region.
        CallError
            If the spoke's role does not exist or does not admit the hub.
        """
        return self._client("s3", loop)

    def a2i_runtime(self, loop: HumanLoopEvent) -> Any:
        """Return a client of ``sagemaker-a2i-runtime`` that may describe a human loop.

        Raises
        ------
        UnreadableOutputError, CallError
            See `s3`.
        """
        return self._client("sagemaker-a2i-runtime", loop)

    def _client(self, service: str, loop: HumanLoopEvent) -> Any:
        role = self._assume(loop)
        if service not in role.clients:
            role.clients[service] = self._create_client(service, role.credentials, loop.region)
        return role.clients[service]

    def _assume(self, loop: HumanLoopEvent) -> _Role:
        if not _ACCOUNT.fullmatch(loop.account) or not _REGION.fullmatch(loop.region):
            raise (
                Place(f"output of human loop {loop.human_loop_arn}")
                .at("humanLoopArn")
                .expected(
                    "an ARN with the account and the Region of the spoke that gives the output"
                )
            )
        name = output_role_name(self._hub, loop.region)
        role = f"arn:{loop.partition}:iam::{loop.account}:role/{name}"
        known = self._roles.get(role)
        if known is not None and known.is_lasting:
            return known
        with naming(f"role {role} of the spoke"):
            answer = self._sts.assume_role(RoleArn=role, RoleSessionName=_SESSION_NAME)
        while len(self._roles) >= _MAX_ROLES:
            del self._roles[next(iter(self._roles))]
        self._roles[role] = _Role(answer["Credentials"])
        return self._roles[role]


def _create_client(service: str, credentials: dict[str, Any], region: str) -> Any:
    client: Any = boto3.client  # its type has one signature for each service
    return client(
        service,
        config=client_config(),
        region_name=region,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
