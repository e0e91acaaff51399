"""The managed policies with which a role reads the output of flow definitions."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from constructs import Construct

from human_loop_events.aws.policy_size import refuse_oversized
from human_loop_events.reviews.output_locations import OutputLocations
from human_loop_events.reviews.runtime_function import acknowledge_wildcards

#: IAM's quota for a role is ten managed policies. One is for everything except the output.
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_MAX_OUTPUT_POLICIES = 9


def create_output_policies(
    scope: Construct,
    role: iam.IRole,
    outputs: OutputLocations,
    *,
    description: str,
) -> list[iam.ManagedPolicy]:
    """Create the policies to read output. Their number depends on the flow definitions.

    Parameters
    ----------
    scope
        The parent of the policies.
    role
        The role that reads.
    outputs
        The output that the role can read.
    description
        The policies' description.

    Raises
    ------
    ValueError
        If the number exceeds the quota of a role.
    """
    policies = []
    groups = list(outputs.pattern_groups())
    if len(groups) > _MAX_OUTPUT_POLICIES:
        raise ValueError(
            f"flow_definitions: to read the output of {len(outputs.flow_definitions.names)} flow "
            f"definitions takes {len(groups) + 1} managed policies, at least one for each output "
            f"location, but IAM allows {_MAX_OUTPUT_POLICIES + 1} for a role; use a shorter prefix "
            "of the output, shorter names, or several constructs"
        )
    for number, (output, patterns) in enumerate(groups, start=1):
        policy = iam.ManagedPolicy(
            scope,
            "OutputPolicy" if number == 1 else f"OutputPolicy{number}",
            description=description,
            roles=[role],
        )
        refuse_oversized(policy)
        output._grant_read_patterns(policy, patterns)
        acknowledge_wildcards(
            policy,
            "Read access to output objects below the configured prefix. A2I makes their keys "
            "from date, time and the human loop's name, so they cannot be listed beforehand.",
            map(output.bucket.arn_for_objects, patterns),
        )
        policies.append(policy)
    return policies
