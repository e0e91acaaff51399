"""URLs of pages in the AWS Management Console, in the partition of a stack."""

from __future__ import annotations

from aws_cdk import Aws, CfnMapping, Stack, Token
from aws_cdk.region_info import RegionInfo

#: The domain of the console in each partition.
_CONSOLE_DOMAINS = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-eusc": "console.amazonaws-eusc.eu",
    "aws-iso": "console.c2shome.ic.gov",
    "aws-iso-b": "console.sc2shome.sgov.gov",
    "aws-iso-e": "console.cloud.adc-e.uk",
    "aws-iso-f": "console.csp.hci.ic.gov",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
_MAPPING_ID = "HumanLoopEventsConsole"


def console_page(stack: Stack, page: str, *, region: str | None = None) -> str:
    """Build the URL of a page of the console.

    Parameters
    ----------
    stack
        The stack. Its Region is the default Region of the page.
    page
        The path of the page in the console.
    region
        The Region. Default: that of the stack.
    """
    return f"https://{region or stack.region}.{_console_domain(stack)}/{page}"


def _console_domain(stack: Stack) -> str:
    if not Token.is_unresolved(stack.region):
        return _CONSOLE_DOMAINS.get(
            RegionInfo.get(stack.region).partition or "aws", "console.aws.amazon.com"
        )
    domains = stack.node.try_find_child(_MAPPING_ID)
    if not isinstance(domains, CfnMapping):
        domains = CfnMapping(
            stack,
            _MAPPING_ID,
            mapping={
                partition: {"domain": domain} for partition, domain in _CONSOLE_DOMAINS.items()
            },
        )
    return domains.find_in_map(Aws.PARTITION, "domain")
