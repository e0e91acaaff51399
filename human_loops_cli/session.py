"""One run of the command line: its global options, its printer, and its AWS clients."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import boto3
from botocore.config import Config

from human_loops_cli.console import Printer
from human_loops_cli.errors import CHECK_ENDPOINT, CommandError
from human_loops_cli.foreign_answers import refuse_foreign_answers
from human_loops_cli.stack import DeployedStack, read_stack

_CONNECT_TIMEOUT: Final = 10
_READ_TIMEOUT: Final = 60

# The maximum timeout of a function.
_SECONDS_OF_AN_INVOCATION: Final = 900
_INVOKING: Final = Config(
    connect_timeout=_CONNECT_TIMEOUT,
    read_timeout=_SECONDS_OF_AN_INVOCATION + 10,
    tcp_keepalive=True,
    # The function may have run although there is no response, so the caller decides about a retry.
    retries={"total_max_attempts": 1},
)
_CALLING: Final = Config(
    connect_timeout=_CONNECT_TIMEOUT,
    read_timeout=_READ_TIMEOUT,
    retries={"mode": "standard", "total_max_attempts": 4},
)
# Commands list and read many objects at once. When S3 slows them down, they send fewer requests.
_OBJECTS: Final = _CALLING.merge(
    Config(max_pool_connections=32, retries={"mode": "adaptive", "total_max_attempts": 6})
)
_CONFIGS: Final = {"lambda": _INVOKING, "s3": _OBJECTS}


@dataclass(kw_only=True)
class Session:
    """One run of the command line."""

    stack_name: str
    """The name of the deployed stack."""
    prefix: str = ""
    """The prefix of its outputs, if it has several."""
    endpoint_url: str | None
    profile: str | None
    region: str | None
    """As the AWS CLI takes them."""
    printer: Printer
    """Prints the results."""
    _clients: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def stack(self) -> DeployedStack:
        """The deployed stack, as it is now."""
        return read_stack(self.client("cloudformation"), self.stack_name, self.prefix)

    def client(self, service: str) -> Any:
        """Return the client of a service."""
        if service not in self._clients:
            config = _CONFIGS.get(service, _CALLING)
            if self.endpoint_url:
                # Only endpoints of AWS support virtual-hosted-style requests.
                config = config.merge(Config(s3={"addressing_style": "path"}))
            self._clients[service] = self._create(service, config)
        return self._clients[service]

    def _create(self, service: str, config: Config) -> Any:
        try:
            client = self._session.client(service, endpoint_url=self.endpoint_url, config=config)
        except ValueError as error:
            raise CommandError(f"--endpoint-url: {error}", advice=CHECK_ENDPOINT) from None
        refuse_foreign_answers(client)
        return client

    @cached_property
    def _session(self) -> Any:
        return boto3.session.Session(profile_name=self.profile, region_name=self.region)
