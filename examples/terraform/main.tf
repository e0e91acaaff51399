# Human loop events from the CloudFormation template of human-loop-events-VERSION.zip.
#
# Formatted with `terraform fmt`. It is not validated: the tests of this project have no AWS
# provider. docs/terraform.md describes how to use it.

terraform {
  required_version = ">= 1.5"

  required_providers {
    archive = {
      source  = "hashicorp/archive"
      version = "~> 2.4"
    }
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "zip_folder" {
  description = "The folder that the zip was unpacked to."
  type        = string
}

variable "template" {
  description = "The template, or human-loop-events-with-archive.template.json."
  type        = string
  default     = "human-loop-events.template.json"
}

variable "artifacts_bucket" {
  description = "An existing bucket for the code, in the Region of the stack."
  type        = string
}

variable "parameters" {
  description = "The parameters of the template. OutputBucket is required."
  type        = map(string)
}

variable "stack_name" {
  description = "The name of the stack. The command line uses HumanLoops by default."
  type        = string
  default     = "HumanLoops"
}

locals {
  code = toset(["function", "mappings"])

  # What `aws cloudformation package` does: objects take the place of local folders.
  packaged = replace(
    replace(
      file("${var.zip_folder}/${var.template}"),
      "\"./function\"",
      jsonencode(local.objects["function"]),
    ),
    "\"./mappings\"",
    jsonencode(local.objects["mappings"]),
  )

  objects = {
    for name in local.code : name => {
      S3Bucket = aws_s3_object.code[name].bucket
      S3Key    = aws_s3_object.code[name].key
    }
  }
}

data "archive_file" "code" {
  for_each = local.code

  type        = "zip"
  source_dir  = "${var.zip_folder}/${each.key}"
  output_path = "${path.root}/.terraform/human-loop-events-${each.key}.zip"
}

# The key changes with the content. Otherwise CloudFormation would not update the function.
resource "aws_s3_object" "code" {
  for_each = local.code

  bucket = var.artifacts_bucket
  key    = "human-loop-events/${each.key}-${data.archive_file.code[each.key].output_md5}.zip"
  source = data.archive_file.code[each.key].output_path

  lifecycle {
    create_before_destroy = true
  }
}

# CloudFormation takes a template of more than 51,200 bytes from S3 only.
resource "aws_s3_object" "template" {
  bucket  = var.artifacts_bucket
  key     = "human-loop-events/${md5(local.packaged)}.template.json"
  content = local.packaged

  lifecycle {
    create_before_destroy = true
  }
}

data "aws_s3_bucket" "artifacts" {
  bucket = var.artifacts_bucket
}

resource "aws_cloudformation_stack" "human_loops" {
  name         = var.stack_name
  template_url = "https://${data.aws_s3_bucket.artifacts.bucket_regional_domain_name}/${aws_s3_object.template.key}"
  parameters   = var.parameters
  capabilities = ["CAPABILITY_IAM"]
}

output "human_loops" {
  description = "The outputs of the stack, such as TopicArn, QueueUrl and LedgerTableName."
  value       = aws_cloudformation_stack.human_loops.outputs
}
