"""A weekly training job that learns from the corrections of reviewers.

The job reads the outputs of the reviews in S3, and no other objects in their bucket. The outcomes
of the week are in a queue. They say which outputs have fields with wrong predictions.

Run it with `npx cdk synth --app "python examples/retraining_app.py"`.
"""

from __future__ import annotations

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from human_loop_events import FlowDefinitions, HumanLoopEvents, OutputLocation

IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/invoices:training"


class Retraining(Stack):
    """Reviews of invoices, and the training job that reads them."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        reviews = s3.Bucket.from_bucket_name(self, "Output", "example-reviews")
        loops = HumanLoopEvents(
            self,
            "HumanLoops",
            flow_definitions=FlowDefinitions.from_names("invoices"),
            output=OutputLocation(reviews, prefix="a2i/"),
        )

        outcomes = sqs.Queue(self, "Outcomes", enforce_ssl=True, retention_period=Duration.days(14))
        loops.on_outcome("Learn", target=targets.SqsQueue(outcomes))

        role = iam.Role(
            self, "TrainingRole", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com")
        )
        loops.grant_read_output(role)
        outcomes.grant_consume_messages(role)
        models = s3.Bucket(
            self, "Models", enforce_ssl=True, block_public_access=s3.BlockPublicAccess.BLOCK_ALL
        )
        models.grant_put(role)

        train = tasks.SageMakerCreateTrainingJob(
            self,
            "Train",
            training_job_name=sfn.JsonPath.format(
                "invoices-{}", sfn.JsonPath.string_at("$$.Execution.Name")
            ),
            role=role,
            algorithm_specification=tasks.AlgorithmSpecification(
                training_image=tasks.DockerImage.from_registry(IMAGE),
                training_input_mode=tasks.InputMode.FILE,
            ),
            input_data_config=[
                tasks.Channel(
                    channel_name="reviews",
                    data_source=tasks.DataSource(
                        s3_data_source=tasks.S3DataSource(
                            s3_location=tasks.S3Location.from_bucket(reviews, "a2i/invoices/")
                        )
                    ),
                )
            ],
            output_data_config=tasks.OutputDataConfig(
                s3_output_location=tasks.S3Location.from_bucket(models, "invoices/")
            ),
            integration_pattern=sfn.IntegrationPattern.RUN_JOB,
        )
        training = sfn.StateMachine(
            self, "Training", definition_body=sfn.DefinitionBody.from_chainable(train)
        )
        weekly = events.Rule(self, "Weekly", schedule=events.Schedule.rate(Duration.days(7)))
        weekly.add_target(targets.SfnStateMachine(training))


app = App()
Retraining(app, "Retraining")
app.synth()
