"""A state machine that has applications reviewed, and resumes with the outcome.

The loop of an application is started by the state machine. For a document that Amazon Textract
sent to people already, the input of the execution has the ARN of the human loop.

Run it with `npx cdk synth --app "python examples/state_machine_app.py"`.
"""

from __future__ import annotations

from aws_cdk import App, CfnOutput, Duration, Stack
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from human_loop_events import FlowDefinitions, HumanLoopEvents, HumanLoopTask, OutputLocation


class Applications(Stack):
    """Reviews of applications, and the state machine that waits for them."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        loops = HumanLoopEvents(
            self,
            "HumanLoops",
            flow_definitions=FlowDefinitions.from_names("applications"),
            output=OutputLocation.from_s3_output_path(
                self, "Output", "s3://human-loop-outputs/reviews/"
            ),
        )
        callbacks = loops.add_callbacks()

        review = HumanLoopTask(
            self,
            "Review",
            callbacks=callbacks,
            flow_definition="applications",
            human_loop_name=sfn.JsonPath.format(
                "application-{}", sfn.JsonPath.string_at("$.applicationId")
            ),
            input_content=sfn.TaskInput.from_object(
                {"taskObject": sfn.JsonPath.string_at("$.document")}
            ),
            timeout=Duration.days(5),
            result_path="$.review",
        )
        wait = HumanLoopTask(
            self,
            "WaitForReview",
            callbacks=callbacks,
            human_loop_arn=sfn.JsonPath.string_at("$.humanLoopArn"),
            accept_stopped=True,
            result_path="$.review",
        )
        done = sfn.Succeed(self, "Reviewed")
        expired = sfn.Pass(self, "NobodyReviewed")
        for state in (review, wait):
            state.add_catch(expired, errors=["HumanLoop.Failed.Expired"], result_path="$.error")
            state.next(done)
        started = sfn.Condition.is_present("$.humanLoopArn")
        machine = sfn.StateMachine(
            self,
            "StateMachine",
            definition_body=sfn.DefinitionBody.from_chainable(
                sfn.Choice(self, "Started?").when(started, wait).otherwise(review)
            ),
        )
        CfnOutput(self, "StateMachineArn", value=machine.state_machine_arn)
        CfnOutput(self, "CallbackTableName", value=callbacks.table.table_name)
        CfnOutput(self, "LedgerTableName", value=loops.review_handler.ledger.table.table_name)


app = App()
Applications(app, "Applications")
app.synth()
