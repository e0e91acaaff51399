"""The stack that is deployed into one account and Region."""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from human_loop_events import AlertFormat, HandlerDelivery, HumanLoopEvents, HumanLoopStatus
from human_loop_events.acknowledgements import acknowledge
from stacks.deployment import Deployment


class HumanLoopStack(Stack):
    """Human loop events as one `Deployment` describes them."""

    def __init__(self, scope: Construct, construct_id: str, *, deployment: Deployment) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Events, alerts and reviews of Amazon A2I human loops",
            env=Environment(account=deployment.account, region=deployment.region),
        )
        bucket, key = deployment.output_bucket, deployment.output_key_arn
        self.human_loops = HumanLoopEvents(
            self,
            "HumanLoops",
            flow_definitions=deployment.flow_definitions_matched,
            statuses=[HumanLoopStatus(status) for status in deployment.statuses],
            output_bucket=s3.Bucket.from_bucket_name(self, "Output", bucket) if bucket else None,
            output_prefix=deployment.output_prefix,
            output_encryption_key=kms.Key.from_key_arn(self, "OutputKey", key) if key else None,
            handler_delivery=HandlerDelivery(deployment.handler_delivery),
            mappings=deployment.field_mappings,
            include_values=deployment.include_values,
            alert_format=AlertFormat(deployment.alert_format),
            runbook=deployment.runbook,
            failed_loops_threshold=deployment.failed_loops_threshold,
        )
        for address in deployment.alert_emails:
            acknowledge(
                self.human_loops.alerts.add_subscription(subscriptions.EmailSubscription(address)),
                "SNS tries an e-mail for hours. After that it is old news: the alarm stays on, "
                "and the loop stands in the queue and in the ledger.",
                "Serverless-SNSRedrivePolicy",
            )
        self._add_outputs(buffered=deployment.handler_delivery == HandlerDelivery.BUFFERED)

    def _add_outputs(self, *, buffered: bool) -> None:
        loops = self.human_loops
        outputs = {
            "TopicArn": loops.topic.topic_arn,
            "QueueUrl": loops.queue.queue_url,
            "QueueDeadLettersUrl": loops.queue_dead_letters.queue_url,
            "AlertsTopicArn": loops.alerts.topic_arn,
            "DeadLettersUrl": loops.dead_letters.queue_url,
            "HandlerName": loops.handler.function_name,
            "LedgerTableName": loops.review_handler.ledger.table_name,
            "OutputBucketName": loops.output_bucket.bucket_name,
            "StatusChangeRuleName": loops.status_change_rule.rule_name,
            "FailedRuleName": loops.failed_rule.rule_name,
            "FailedLoopsAlarmName": loops.alarms.failed_loops.alarm_name,
        }
        if buffered:
            outputs["HandlerQueueUrl"] = loops.handler_queue.queue_url
            outputs["HandlerQueueDeadLettersUrl"] = loops.handler_queue_dead_letters.queue_url
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
