"""CloudFormation on this machine imports what our stacks need, and all else when a template names it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[3]

# Each in a process of its own: what is imported once stays.
_BEGIN = """
import json, sys, boto3
from moto import mock_aws
from infra.local.cloudformation_services import import_cloudformation

import_cloudformation()
heavy = {"moto.ec2", "moto.apigateway", "openapi_spec_validator"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)

def client(service):
    return boto3.client(service, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
"""

_NETWORK = """
with mock_aws():
    resources = {
        "Network": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}},
        "Topic": {"Type": "AWS::SNS::Topic"},
    }
    client("cloudformation").create_stack(StackName="network", TemplateBody=json.dumps({"Resources": resources}))
    ours = [{"Name": "tag:aws:cloudformation:stack-name", "Values": ["network"]}]
    assert [vpc["CidrBlock"] for vpc in client("ec2").describe_vpcs(Filters=ours)["Vpcs"]] == ["10.9.0.0/16"]
    assert len(client("sns").list_topics()["Topics"]) == 1
"""

_COMMAND = """
with mock_aws():
    machine = client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    client("ec2").create_tags(Resources=[machine], Tags=[{"Key": "Part", "Value": "batch"}])
    where = [{"Key": "tag:Part", "Values": ["batch"]}]
    sent = client("ssm").send_command(DocumentName="AWS-RunShellScript", Targets=where)["Command"]
    assert sent["InstanceIds"] == [machine]
"""


def test_a_resource_of_another_service_is_made_like_any_other() -> None:
    _run(_BEGIN + _NETWORK)


def test_another_service_is_motos_own_for_its_callers_and_for_ssm() -> None:
    _run(_BEGIN + _COMMAND)


def _run(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, cwd=PROJECT, check=False
    )
    assert done.returncode == 0, done.stderr
