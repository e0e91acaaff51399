// Human loop events from the CloudFormation template of human-loop-events-VERSION.zip, in a CDK app
// in TypeScript. docs/typescript.md describes how to use it.

import { readFileSync } from "node:fs";
import * as path from "node:path";
import { App, Stack, Token, type StackProps } from "aws-cdk-lib";
import { CfnFunction, CfnLayerVersion } from "aws-cdk-lib/aws-lambda";
import { Asset } from "aws-cdk-lib/aws-s3-assets";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import type { Construct } from "constructs";

interface HumanLoopsProps extends StackProps {
  /** The folder that the zip was unpacked to. */
  readonly zipFolder: string;
  /** The parameters of the template. */
  readonly parameters: Record<string, string>;
}

class HumanLoops extends Stack {
  constructor(scope: Construct, id: string, props: HumanLoopsProps) {
    super(scope, id, props);
    const templateFile = path.join(props.zipFolder, "human-loop-events.template.json");
    refuseOtherValues(templateFile, props.parameters);
    const included = new CfnInclude(this, "HumanLoopEvents", {
      templateFile,
      parameters: props.parameters,
    });
    // CDK's assets take the place of the template's local folders.
    const code = (folder: string) => {
      const asset = new Asset(this, folder, { path: path.join(props.zipFolder, folder) });
      return { s3Bucket: asset.s3BucketName, s3Key: asset.s3ObjectKey };
    };
    const [functions, mappings] = [code("function"), code("mappings")];
    for (const each of included.node.findAll()) {
      if (each instanceof CfnFunction) {
        each.code = functions;
      } else if (each instanceof CfnLayerVersion) {
        each.content = mappings;
      }
    }
  }
}

/** CfnInclude puts the values in the place of the parameters, so CloudFormation checks none. */
function refuseOtherValues(templateFile: string, parameters: Record<string, string>) {
  const known = JSON.parse(readFileSync(templateFile, "utf-8")).Parameters;
  for (const [name, value] of Object.entries(parameters)) {
    const { AllowedPattern, ConstraintDescription } = known[name] ?? {};
    if (AllowedPattern && !Token.isUnresolved(value) && !RegExp(AllowedPattern).test(value)) {
      throw new Error(`${name}: ${ConstraintDescription}, got ${JSON.stringify(value)}`);
    }
  }
}

const app = new App();
new HumanLoops(app, "HumanLoops", {
  zipFolder: process.env.HUMAN_LOOP_EVENTS ?? "human-loop-events-0.1.0",
  parameters: {
    FlowDefinitionNames: "invoices,tickets",
    OutputBucket: "example-reviews",
    OutputPrefix: "reviews/",
    AlertEmail: "ml-oncall@example.com",
  },
});
