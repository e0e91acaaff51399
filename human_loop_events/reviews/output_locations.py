"""The output locations of a construct: one, or several with the flow definitions of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

from aws_cdk import Token
from aws_cdk import aws_iam as iam

from human_loop_events.events.flow_definitions import FlowDefinitions
from human_loop_events.reviews.output_location import OutputLocation


@dataclass(frozen=True, slots=True)
class OutputLocations:
    """Output locations, and the flow definitions that write to them. `of` creates it."""

    locations: tuple[OutputLocation, ...]
    """The locations. There is at least one."""
    flow_definitions: FlowDefinitions
    """The flow definitions of the construct, which write to each location without its own."""

    @classmethod
    def of(
        cls,
        output: OutputLocation | Sequence[OutputLocation] | None,
        flow_definitions: FlowDefinitions,
    ) -> OutputLocations:
        """Return the locations, or refuse those that some flow definition does not have.

        Parameters
        ----------
        output
            One location, or several.
        flow_definitions
            The flow definitions of the construct.

        Raises
        ------
        ValueError
            If the value is something else, two locations are the same, a location has other flow
            definitions than the construct, or a flow definition has no location.
        """
        given = [output] if isinstance(output, OutputLocation) else output
        if (
            not isinstance(given, list | tuple)
            or not given
            or not all(isinstance(each, OutputLocation) for each in given)
        ):
            raise ValueError(
                "output: expected OutputLocation(bucket, prefix=…), or a list of them, got "
                f"{output!r}"
            )
        _refuse_repetition(given)
        _refuse_other_flow_definitions(given, flow_definitions)
        return cls(tuple(given), flow_definitions)

    @property
    def only(self) -> OutputLocation:
        """The location, if there is one.

        Raises
        ------
        ValueError
            If there are several.
        """
        if len(self.locations) > 1:
            raise ValueError(
                f"output: there are {len(self.locations)} output locations; expected "
                "output_locations"
            )
        return self.locations[0]

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow reading the output of the flow definitions at their locations."""
        grants = [each.grant_read(grantee, self._writing_to(each)) for each in self.locations]
        return reduce(lambda one, other: one.combine(other), grants)

    def grant_write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the execution role of flow definitions to write their output."""
        grants = [each.grant_write(grantee, self._writing_to(each)) for each in self.locations]
        return reduce(lambda one, other: one.combine(other), grants)

    def pattern_groups(self) -> Iterator[tuple[OutputLocation, list[str]]]:
        """Return the key patterns of each location, in groups that fit into a managed policy."""
        for each in self.locations:
            for patterns in each._pattern_groups(self._writing_to(each)):
                yield each, patterns

    def stack_outputs(self) -> dict[str, str]:
        """Return the stack outputs of all locations. From the second on, names have a number."""
        outputs: dict[str, str] = {}
        for number, each in enumerate(self.locations, start=1):
            suffix = "" if number == 1 else str(number)
            bucket = each.bucket.bucket_name
            outputs[f"OutputBucketName{suffix}"] = bucket
            outputs[f"S3OutputPath{suffix}"] = f"s3://{bucket}/{each.prefix}"
            if each.encryption_key is not None:
                outputs[f"OutputKeyArn{suffix}"] = each.encryption_key.key_arn
        return outputs

    def _writing_to(self, location: OutputLocation) -> FlowDefinitions:
        return location.flow_definitions or self.flow_definitions


def _refuse_repetition(locations: Sequence[OutputLocation]) -> None:
    places = [f"s3://{each.bucket.bucket_name}/{each.prefix.strip('/')}" for each in locations]
    for place in places:
        if places.count(place) > 1:
            raise ValueError(
                f"output: {place} is there twice; expected one OutputLocation for each place, with "
                "all its flow definitions"
            )


def _refuse_other_flow_definitions(
    locations: Sequence[OutputLocation], flow_definitions: FlowDefinitions
) -> None:
    named = [each.flow_definitions for each in locations if each.flow_definitions is not None]
    known = flow_definitions.names
    for each in named:
        unknown = [name for name in each.names if known and name not in known]
        if unknown:
            raise ValueError(
                f"output: {unknown[0]!r} writes to one of the locations, but is none of the flow "
                f"definitions {', '.join(known)}; expected one of these"
            )
    if len(named) < len(locations) or not all(each.names for each in named):
        return
    if not flow_definitions.values:
        raise ValueError(
            "output: each location has its flow definitions, but the construct matches all of the "
            "account; expected flow_definitions with those of the locations, or a location "
            "without flow_definitions"
        )
    written = {name for each in named for name in each.names}
    missing = [name for name in known if name not in written and not Token.is_unresolved(name)]
    if missing:
        raise ValueError(
            f"output: {missing[0]!r} writes to none of the locations; expected it in the "
            "flow_definitions of one of them"
        )
