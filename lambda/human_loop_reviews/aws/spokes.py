"""The spokes of a hub: other accounts and Regions. A role in each reads its outputs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

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

#: Each client takes some megabytes of memory.
_MAX_CLIENTS: Final = 16


class _Client(NamedTuple):
    s3: Any
    expiration: datetime


class Spokes:
    """Reads the output of each human loop with the role that the spoke of its account gives.

    So an event of one account cannot make the hub read a bucket of another one.

    Parameters
    ----------
    sts
        A client.
    hub
        The name of the hub's event bus, with which the names of the roles begin.
    create_client
        Creates a client of S3 from credentials and a Region.
    """

    def __init__(
        self,
        sts: Any,
        hub: str,
        create_client: Callable[[dict[str, Any], str], Any] | None = None,
    ) -> None:
        self._sts = sts
        self._hub = hub
        self._create_client = create_client or _create_client
        self._clients: dict[str, _Client] = {}

    def s3(self, loop: HumanLoopEvent) -> Any:
        """Return a client of S3 that may read the output of a human loop.

        Raises
        ------
        UnreadableOutputError
            If the ARN of the loop does not name an account and a Region.
        CallError
            If the spoke's role does not exist or does not admit the hub.
        """
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
        known = self._clients.get(role)
        if known is not None and known.expiration > datetime.now(UTC) + _SPARE:
            return known.s3
        with naming(f"role {role} of the spoke"):
            answer = self._sts.assume_role(RoleArn=role, RoleSessionName=_SESSION_NAME)
        credentials = answer["Credentials"]
        while len(self._clients) >= _MAX_CLIENTS:
            del self._clients[next(iter(self._clients))]
        client = self._create_client(credentials, loop.region)
        self._clients[role] = _Client(client, credentials["Expiration"])
        return client


def _create_client(credentials: dict[str, Any], region: str) -> Any:
    return boto3.client(
        "s3",
        config=client_config(),
        region_name=region,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
