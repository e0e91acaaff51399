"""A state machine that has each page of a document reviewed, and continues when all are.

One execution waits for any number of human loops: a Map enters the state once for each page. A
caller that waits for the document, such as another state machine, starts this one and gets one
answer. The input of an execution is `{"documentId": "doc-7", "pages": ["s3://…/1.png", …]}`.

Run it with `npx cdk synth --app "python examples/document_pages_app.py"`.
"""

from __future__ import annotations

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from human_loop_events import FlowDefinitions, HumanLoopEvents, HumanLoopTask, OutputLocation


class Documents(Stack):
    """Reviews of pages, and the state machine that waits for all pages of a document."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        loops = HumanLoopEvents(
            self,
            "HumanLoops",
            flow_definitions=FlowDefinitions.from_names("pages"),
            output=OutputLocation.from_s3_output_path(self, "Output", "s3://example-reviews/"),
        )
        review = HumanLoopTask(
            self,
            "ReviewPage",
            callbacks=loops.add_callbacks(),
            flow_definition="pages",
            # Each page has another name, so that no page waits for the loop of another one.
            human_loop_name="{% $states.input.documentId & '-page-' & $states.input.number %}",
            input_content=sfn.TaskInput.from_object({"taskObject": "{% $states.input.page %}"}),
            timeout=Duration.days(5),
            query_language=sfn.QueryLanguage.JSONATA,
            # An outcome can have 128 KiB, and the outputs of all pages 256 KiB together.
            outputs={
                "page": "{% $states.input.page %}",
                "agreement": "{% $states.result.agreement %}",
                "outputS3Uri": "{% $states.result.outputS3Uri %}",
            },
        )
        # Without it, the first page that nobody reviews ends the Map, and all other waits with it.
        review.add_catch(
            sfn.Pass.jsonata(self, "NotReviewed"),
            errors=["HumanLoop.Failed.Expired"],
            outputs={
                "page": "{% $states.input.page %}",
                "error": "{% $states.errorOutput.Error %}",
            },
        )
        pages = sfn.Map.jsonata(
            self,
            "EachPage",
            items=sfn.ProvideItems.jsonata("{% $states.input.pages %}"),
            item_selector={
                "documentId": "{% $states.input.documentId %}",
                "number": "{% $states.context.Map.Item.Index + 1 %}",
                "page": "{% $states.context.Map.Item.Value %}",
            },
            max_concurrency=40,
        )
        sfn.StateMachine(
            self,
            "StateMachine",
            definition_body=sfn.DefinitionBody.from_chainable(pages.item_processor(review)),
        )


app = App()
Documents(app, "Documents")
app.synth()
