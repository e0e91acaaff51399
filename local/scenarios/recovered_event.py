"""Drops an event. The reconciler finds that its human loop is missing, and sends it again."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from local.a2i_server import Loop
from local.cases import CONFIGURATION, Case, reviewed
from local.observer import Observer
from local.report import arrivals_table, table
from local.samples import OutputSample
from local.scenario import DemoEnvironment, Result, Scenario
from local.sending import write_output
from local.waiting import wait_until

DEPLOYMENT = "demo"


def run(environment: DemoEnvironment) -> Result:
    """Run the reconciler, end a loop without an event, and run the reconciler again."""
    emulator = environment.emulator
    observer = Observer(emulator, environment.stacks[DEPLOYMENT])
    case = _case(datetime.now(UTC).replace(microsecond=318_000) - timedelta(hours=3))
    function = observer.stack["ReconcilerName"]
    # The reconciler does not recover loops that ended before its first run.
    _reconcile(environment, function)
    write_output(emulator, case)
    environment.a2i.add(_as_listed(case))
    runs = [_reconcile(environment, function), _reconcile(environment, function)]
    wait_until(lambda: bool(observer.observe(case.loop).records))
    runs.append(_reconcile(environment, function))
    observation = observer.observe(case.loop)
    found = [(each["missingLoops"], len(each["recoveredLoops"])) for each in runs]
    recovered = sum(each for _, each in found)
    marked = [record.get("recovered") for record in observation.records]
    differences = observation.differences(case)
    if found != [(1, 0), (1, 1), (0, 0)] or marked != [True]:
        differences.append(
            f"the reconciler: expected one loop missing twice and recovered once, got {runs}, "
            f"recovered in the ledger: {marked}"
        )
    return Result(
        shown="\n\n".join(
            [
                f"The event of {case.loop} was dropped. Three runs of the reconciler:",
                table(
                    ["run", "loops missing", "events sent again"],
                    [[number, *counts] for number, counts in enumerate(found, start=1)],
                ),
                arrivals_table([case], {case.loop: observation}),
            ]
        ),
        counted=f"{recovered} recovered",
        differences=differences,
    )


def _case(created: datetime) -> Case:
    case = reviewed(
        "recovered by the reconciler",
        "invoice-1045",
        "invoices",
        OutputSample.named("textract-invoice"),
    )
    time = created.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event = {**case.event, "detail": {**case.detail, "creationTime": time}}
    return dataclasses.replace(case, event=event)


def _as_listed(case: Case) -> Loop:
    return Loop(
        name=case.loop,
        flow_definition="invoices",
        status=case.status,
        creation_time=datetime.fromisoformat(case.detail["creationTime"]),
        output_s3_uri=case.output_uri,
    )


def _reconcile(environment: DemoEnvironment, function: str) -> dict[str, Any]:
    response = environment.emulator.client("lambda").invoke(FunctionName=function)
    answer: dict[str, Any] = json.loads(response["Payload"].read())
    if "FunctionError" in response:
        raise RuntimeError(f"the reconciler failed: {answer}")
    return answer


SCENARIO = Scenario(
    title="Dropping an event, and running the reconciler",
    deployment=DEPLOYMENT,
    configuration=CONFIGURATION,
    run=run,
)
