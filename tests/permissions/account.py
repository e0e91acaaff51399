"""A stack's resources and policies as they are once deployed, read from its template."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.infrastructure.templates import RESOURCE_POLICIES, listed
from tests.permissions.evaluator import Context, Request

PARTITION = "aws"

#: A role that may do anything that no policy of a resource denies.
ADMINISTRATOR = "arn:aws:iam::111122223333:role/Administrator"
_ANYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}

#: ARNs by type of resource, without "arn:aws:", and of what Ref is where that is not the name.
_ARNS = {
    "AWS::CloudWatch::Alarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "AWS::DynamoDB::GlobalTable": "dynamodb:{region}:{account}:table/{name}",
    "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{name}",
    "AWS::Events::Archive": "events:{region}:{account}:archive/{name}",
    "AWS::Events::EventBus": "events:{region}:{account}:event-bus/{name}",
    "AWS::Events::Rule": "events:{region}:{account}:rule/{name}",
    "AWS::IAM::ManagedPolicy": "iam::{account}:policy/{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::KinesisFirehose::DeliveryStream": "firehose:{region}:{account}:deliverystream/{name}",
    "AWS::KMS::Key": "kms:{region}:{account}:key/{name}",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
}
_REFERENCED_BY_ARN = {"AWS::IAM::ManagedPolicy", "AWS::SNS::Topic"}

#: The property with the customer managed key, by type of resource.
_KEY_PROPERTIES = {
    "AWS::DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
}

#: What AWS adds to the ARN of a resource with a key, by the service that uses it.
_ENCRYPTION_CONTEXTS = {"s3": "aws:s3:arn", "sns": "aws:sns:topicArn", "sqs": "aws:sqs:arn"}


@dataclass(frozen=True)
class Resource:
    """A resource of the stack."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    """With all references resolved."""
    arn: str

    @property
    def key(self) -> str | None:
        """The ARN or id of its customer managed key."""
        if self.type == "AWS::S3::Bucket":
            rules = self.properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
            default: dict[str, str] = rules[0]["ServerSideEncryptionByDefault"]
            return default.get("KMSMasterKeyID")
        if self.type == "AWS::DynamoDB::GlobalTable":
            (replica,) = self.properties["Replicas"]
            specification: dict[str, str] = replica.get("SSESpecification", {})
            return specification.get("KMSMasterKeyId")
        value: Any = self.properties
        for name in _KEY_PROPERTIES.get(self.type, ()):
            value = value.get(name, {})
        return value if isinstance(value, str) else None


class Account:
    """The resources and policies of a stack in its account.

    Parameters
    ----------
    template
        The resources of the template.
    names
        The physical names, by logical id. Default: the logical ids.
    account, region
        Where it is deployed.
    own
        The logical ids of the resources that the constructs made. Default: all.
    """

    def __init__(
        self,
        template: Mapping[str, Any],
        names: Mapping[str, str] | None = None,
        *,
        account: str,
        region: str,
        own: Collection[str] | None = None,
    ) -> None:
        self.id = account
        self.own = template.keys() if own is None else own
        self.region = region
        self._template = template
        self._names = names or {logical_id: logical_id for logical_id in template}
        self.resources = {
            logical_id: Resource(
                logical_id,
                resource["Type"],
                self._resolved(resource.get("Properties", {})),
                self._arn(logical_id) if resource["Type"] in _ARNS else "",
            )
            for logical_id, resource in template.items()
        }
        self._by_arn = {each.arn: each for each in self.resources.values() if each.arn}
        self.policies: dict[str, dict[str, Any]] = {"Administrator": _ANYTHING}
        self._of_roles = {ADMINISTRATOR: ["Administrator"]}
        self._of_resources: dict[str, str] = {}
        for each in self.resources.values():
            self._read_policies(each)

    def of_type(self, *types: str) -> list[Resource]:
        """Return the resources of some types."""
        return [each for each in self.resources.values() if each.type in types]

    def find(self, arn: str) -> Resource | None:
        """Return the resource with an ARN, None for one of somebody else."""
        return self._by_arn.get(arn)

    @property
    def identity_policies(self) -> set[str]:
        """The names of the policies of roles."""
        return {name for names in self._of_roles.values() for name in names}

    def policies_of_role(self, role_arn: str) -> tuple[str, ...]:
        """Return the names of a role's policies."""
        return tuple(self._of_roles.get(role_arn, ()))

    def add_role(self, role_arn: str, policy: str, document: dict[str, Any]) -> None:
        """Add a role with a policy, beside those of the stack."""
        self.policies[policy] = document
        self._of_roles[role_arn] = [policy]

    def without_names(self, text: str) -> str:
        """Write logical ids in the place of physical names."""
        for logical_id, name in sorted(self._names.items(), key=lambda each: -len(each[1])):
            text = text.replace(name, logical_id)
        return text

    def request(
        self,
        why: str,
        principal: str,
        action: str,
        resource: str,
        context: Context,
        *,
        role: str | None = None,
        must_be_allowed: bool = True,
    ) -> Request:
        """Build a request on a resource, with the policies that apply."""
        bucket = re.match(r"arn:aws:s3:::[^/]+", resource)
        return Request(
            why=why,
            principal=principal,
            action=action,
            resource=resource,
            account=self.id,
            context={"aws:SecureTransport": "true", **context},
            identity=self.policies_of_role(role) if role else (),
            resource_policy=self._of_resources.get(bucket[0] if bucket else resource),
            must_be_allowed=must_be_allowed,
        )

    def key_of(self, resource_arn: str) -> str | None:
        """Return the ARN of the customer managed key of a resource."""
        bucket = re.match(r"arn:aws:s3:::[^/]+", resource_arn)
        resource = self.find(bucket[0] if bucket else resource_arn.partition("/index/")[0])
        key = resource.key if resource else None
        if key is None or key.startswith("arn:"):
            return key
        return f"arn:{PARTITION}:kms:{self.region}:{self.id}:key/{key}"

    def encryption_context(self, resource_arn: str) -> dict[str, str]:
        """Return the condition keys by which a service names a resource to its key."""
        name = _ENCRYPTION_CONTEXTS.get(resource_arn.split(":")[2])
        return {} if name is None else {f"kms:EncryptionContext:{name}": resource_arn}

    def _read_policies(self, resource: Resource) -> None:
        properties, name = resource.properties, resource.logical_id
        if resource.type in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
            self.policies[name] = properties["PolicyDocument"]
            for role in properties["Roles"]:
                arn = f"arn:{PARTITION}:iam::{self.id}:role/{role}"
                self._of_roles.setdefault(arn, []).append(name)
        elif resource.type == "AWS::Lambda::Permission":
            self._add_permission(properties)
        elif resource.type in RESOURCE_POLICIES:
            self.policies[name] = properties[RESOURCE_POLICIES[resource.type]]
            for owner in _owners(resource):
                arn = owner if owner.startswith("arn:") else self._arn_by_reference(owner)
                self._of_resources[arn] = name
        elif resource.type == "AWS::Events::EventBus" and "Policy" in properties:
            self.policies[name] = properties["Policy"]
            self._of_resources[resource.arn] = name

    def _add_permission(self, properties: Mapping[str, Any]) -> None:
        """Add a statement to the policy of a function, as Lambda writes it."""
        function = properties["FunctionName"]
        arn = function if function.startswith("arn:") else self._arn_by_reference(function)
        name = self._of_resources.setdefault(arn, f"policy of {arn}")
        policy = self.policies.setdefault(name, {"Version": "2012-10-17", "Statement": []})
        conditions = {"ArnLike": {"AWS:SourceArn": properties["SourceArn"]}}
        if "SourceAccount" in properties:
            conditions["StringEquals"] = {"AWS:SourceAccount": properties["SourceAccount"]}
        policy["Statement"].append(
            {
                "Effect": "Allow",
                "Principal": {"Service": properties["Principal"]},
                "Action": properties["Action"],
                "Resource": arn,
                "Condition": conditions,
            }
        )

    def _arn_by_reference(self, reference: str) -> str:
        """Return the ARN of the resource whose Ref has a value."""
        for logical_id, resource in self._template.items():
            if resource["Type"] in _ARNS and self._ref(logical_id) == reference:
                return self._arn(logical_id)
        raise AssertionError(f"no resource of the template is referenced by {reference}")

    def _arn(self, logical_id: str) -> str:
        resource = self._template[logical_id]
        name = self._names[logical_id]
        if resource["Type"] == "AWS::Events::Rule" and "EventBusName" in resource["Properties"]:
            bus = self._resolved(resource["Properties"]["EventBusName"]).rpartition("/")[2]
            name = f"{bus}/{name}"
        pattern = _ARNS[resource["Type"]]
        located = pattern.format(region=self.region, account=self.id, name=name)
        return f"arn:{PARTITION}:{located}"

    def _ref(self, logical_id: str) -> str:
        name = self._names[logical_id]
        match self._template[logical_id]["Type"]:
            case "AWS::SQS::Queue":
                return f"https://sqs.{self.region}.amazonaws.com/{self.id}/{name}"
            case resource_type if resource_type in _REFERENCED_BY_ARN:
                return self._arn(logical_id)
        return name

    def _attribute(self, logical_id: str, attribute: str) -> str:
        if attribute == "Arn":
            return self._arn(logical_id)
        return f"{self._names[logical_id]}.{attribute}"

    def _resolved(self, value: Any) -> Any:
        match value:
            case list():
                return [self._resolved(each) for each in value]
            case {"Ref": "AWS::AccountId"}:
                return self.id
            case {"Ref": "AWS::Region"}:
                return self.region
            case {"Ref": "AWS::Partition"}:
                return PARTITION
            case {"Ref": "AWS::URLSuffix"}:
                return "amazonaws.com"
            case {"Ref": str(logical_id)} if logical_id in self._template:
                return self._ref(logical_id)
            case {"Fn::GetAtt": [str(logical_id), str(attribute)]}:
                return self._attribute(logical_id, attribute)
            case {"Fn::Join": [delimiter, parts]}:
                return str(delimiter).join(self._resolved(part) for part in parts)
            case {"Fn::Split": [delimiter, text]}:
                return self._resolved(text).split(delimiter)
            case {"Fn::Select": [index, values]}:
                return self._resolved(values)[int(index)]
            case dict() if any(each == "Ref" or each.startswith("Fn::") for each in value):
                # In texts of alarms and messages. It matches nothing, should a policy contain it.
                return f"unresolved {value}"
            case dict():
                return {key: self._resolved(each) for key, each in value.items()}
        return value


def _owners(resource: Resource) -> Iterator[str]:
    """Yield the ARNs or references of what a resource policy is of."""
    for name in ("Queues", "Topics", "Bucket"):
        if name in resource.properties:
            yield from listed(resource.properties[name])
            return
    yield resource.arn
