"""A state machine that has invoices reviewed, and continues with the corrected documents.

The handler writes the prediction with the reviewers' corrections into a bucket, and the outcome has
its URI. The state machine reads the document there. The input of an execution is
`{"invoiceId": "invoice-1042", "document": "s3://…/1042.png", "total": "1240.00"}`.

Run it with `npx cdk synth --app "python examples/corrected_documents_app.py"`.
"""

from __future__ import annotations

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from human_loop_events import (
    CorrectedDocuments,
    FieldMapping,
    FlowDefinitions,
    HumanLoopEvents,
    HumanLoopTask,
    OutputLocation,
    ReviewHandlerSettings,
)


class Invoices(Stack):
    """Reviews of invoices, the bucket of the corrected documents, and their reader."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        documents = CorrectedDocuments(self._create_bucket(), prefix="corrected/")
        loops = HumanLoopEvents(
            self,
            "HumanLoops",
            flow_definitions=FlowDefinitions.from_names("invoices"),
            output=OutputLocation.from_s3_output_path(self, "Output", "s3://example-reviews/"),
            corrected_documents=documents,
            # The task is a custom one: without a mapping, its prediction is not known.
            handler=ReviewHandlerSettings(
                mappings={
                    "invoices": [FieldMapping(name="Total", prediction="total", answer="total")]
                }
            ),
        )
        review = HumanLoopTask(
            self,
            "Review",
            callbacks=loops.add_callbacks(),
            flow_definition="invoices",
            human_loop_name="{% $states.input.invoiceId %}",
            input_content=sfn.TaskInput.from_object(
                {
                    "taskObject": "{% $states.input.document %}",
                    "total": "{% $states.input.total %}",
                }
            ),
            timeout=Duration.days(5),
            query_language=sfn.QueryLanguage.JSONATA,
            outputs={"uri": "{% $states.result.correctedDocumentS3Uri %}"},
        )
        read = tasks.CallAwsService.jsonata(
            self,
            "ReadDocument",
            service="s3",
            action="getObject",
            parameters={
                "Bucket": documents.bucket.bucket_name,
                "Key": "{% $substringAfter($substringAfter($states.input.uri, 's3://'), '/') %}",
            },
            iam_resources=[documents.bucket.arn_for_objects("corrected/*")],
            # A result has at most 256 KiB. For larger documents, pass the URI on.
            outputs="{% $parse($states.result.Body) %}",
        )
        machine = sfn.StateMachine(
            self,
            "StateMachine",
            definition_body=sfn.DefinitionBody.from_chainable(
                review.next(read).next(
                    sfn.Choice.jsonata(self, "Decided?")
                    .when(
                        sfn.Condition.jsonata("{% $states.input.complete %}"),
                        sfn.Pass.jsonata(
                            self, "Book", outputs={"total": "{% $states.input.document.total %}"}
                        ),
                    )
                    # The reviewers disagree, or a correction could not be applied.
                    .otherwise(sfn.Fail.jsonata(self, "NotDecided", error="NotDecided"))
                )
            ),
        )
        documents.grant_read(machine)

    def _create_bucket(self) -> s3.Bucket:
        """Create the bucket. How long it keeps the documents is the decision of their owner."""
        return s3.Bucket(
            self,
            "Documents",
            encryption=s3.BucketEncryption.KMS,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(90),
                    noncurrent_version_expiration=Duration.days(30),
                )
            ],
        )


app = App()
Invoices(app, "Invoices")
app.synth()
