"""Each role may do what it must, on what is its own, and nothing else; docs/permissions.md says it to people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.deployer_policy import LARGEST, deployer_policies
from tests.iam import reference, simulator, stage, table
from tests.iam.evaluator import Request, Statement, decide
from tests.iam.stage import (
    ACCOUNT,
    DEPLOYER,
    EXPORT,
    JOBS,
    PLANNER,
    PROXY,
    REGION,
    VARIANTS,
    arn,
    job_role,
    roles,
    statements_of,
)
from tests.iam.table import COLUMNS, LIKE_PLAIN, LINES, PAGE, PLAIN
from tests.unit.infra.variants import KEY

# A resource that cannot be named, by role and action, and why not.
EVERYTHING = {
    "events:ListRules": "has no resource type; lists names",
    "scheduler:ListSchedules": "has no resource type; lists names",
    "lambda:ListFunctions": "has no resource type; lists functions",
    "lambda:GetAccountSettings": "has no resource type; says the account's limits",
    "logs:DescribeLogGroups": "CloudFormation looks for its group among all; lists names",
    "logs:DescribeResourcePolicies": "has no resource type; CloudFormation reads it beside a log group",
    "logs:DescribeIndexPolicies": "has no resource type; CloudFormation reads it beside a log group",
    "secretsmanager:GetRandomPassword": "has no resource type; makes a random text",
    "ec2:DescribeNetworkInterfaces": "has no resource type; Lambda looks with it, where functions are in a VPC",
    "ec2:DescribeSubnets": "has no resource type; Lambda looks with it, where functions are in a VPC",
}
# All of a kind, as Lambda wants it; a Deny keeps the functions' own code out ("Giving Lambda functions access to
# resources in an Amazon VPC").
_OF_EC2 = {arn("ec2", f"{kind}/*") for kind in ("network-interface", "subnet", "security-group")}
EVERY_ROLE = [*COLUMNS, *sorted(LIKE_PLAIN)]


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _grants(role: str) -> Iterator[tuple[str, str]]:
    for statement in statements_of(role):
        for action in _list(statement["Action"]):
            for resource in _list(statement["Resource"]):
                if statement["Effect"] == "Allow":
                    yield action, resource


def test_every_role_in_the_templates_is_named_in_the_table_and_every_one_in_the_table_is_there() -> None:
    """A new role gets a column with what it may and may not do."""
    for variant in VARIANTS:
        proxy = {PROXY} if stage.deployment(variant).options.database_proxy else set()
        assert {*roles(variant), *proxy, DEPLOYER, PLANNER} == {*EVERY_ROLE} - ({PROXY} - proxy)
    managed = [role.name for variant in VARIANTS for role in roles(variant).values() if role.managed]
    assert managed == [], "a policy of AWS's own is nobody's to review"


def test_no_role_is_without_the_boundary_that_the_stage_names() -> None:
    wanted = stage.OPTIONS["everything"]["permissions_boundary_arn"]
    assert {role.boundary for role in roles("everything").values()} == {wanted}
    assert {role.boundary for role in roles().values()} == {None}


def test_no_policy_names_what_is_not_an_arn() -> None:
    """What a template looks up, or takes from another resource, stands there as AWS would put it in."""
    for variant in VARIANTS:
        policies = {role.name: json.dumps([*role.statements, *role.trust]) for role in roles(variant).values()}
        assert [name for name, text in policies.items() if "<" in text] == []


@pytest.mark.parametrize("role", COLUMNS)
def test_a_role_may_do_what_the_table_says_and_nothing_else_in_it(role: str) -> None:
    wrong = [line.words for line in LINES if (table.answer(line, role) == "allow") != (role in line.allowed)]
    assert wrong == []


def test_somebody_elses_evaluator_says_the_same_of_the_whole_table() -> None:
    cells = [(line, role) for line in LINES for role in COLUMNS]
    said = simulator.answers([(statements_of(role), line.request) for line, role in cells], account=ACCOUNT)
    assert [
        (line.words, role, answer)
        for (line, role), answer in zip(cells, said, strict=True)
        if answer != ("allow" if role in line.allowed else "deny")
    ] == []


def test_every_line_refuses_somebody_and_a_policy_that_is_too_wide_would_be_found() -> None:
    wide = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    assert all(line.allowed < set(COLUMNS) for line in LINES)
    assert all(decide(wide, line.request) == "allow" for line in LINES)


def test_other_jobs_of_ours_may_do_what_a_plain_one_may() -> None:
    plain = json.dumps([_of_job(statement, PLAIN) for statement in statements_of(PLAIN)])
    for role in LIKE_PLAIN:
        assert json.dumps([_of_job(statement, role) for statement in statements_of(role)]) == plain


def _of_job(statement: Statement, role: str) -> Any:
    return json.loads(json.dumps(statement).replace(role, "<this job>"))


def test_a_jobs_own_permissions_are_in_its_own_role_alone() -> None:
    holders = {role for role in EVERY_ROLE for action, _ in _grants(role) if action == "s3:PutObject"}
    assert holders - {DEPLOYER, PLANNER} == {job_role(EXPORT.id)}
    own = {job.id: [action for each in job.permissions for action in _list(each["Action"])] for job in JOBS}
    assert {job_id for job_id, asked in own.items() if asked} == {"mark-lost-executions"}


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_every_action_is_one_aws_knows_on_a_resource_it_can_be_limited_to(role: str) -> None:
    """Else a grant would be void without a word: IAM takes any pair there is."""
    wrong = [
        f"{action} on {resource}"
        for action, resource in _grants(role)
        if resource != "*" and not reference.takes(action, resource)
    ]
    assert wrong == []
    refused = [action for each in statements_of(role) if each["Effect"] == "Deny" for action in _list(each["Action"])]
    assert all(reference.resource_types(action) is not None for action in refused)  # KeyError: there is none


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_a_star_stands_alone_only_where_no_resource_can_be_named(role: str) -> None:
    starred = {action for action, resource in _grants(role) if resource == "*"}
    assert starred <= EVERYTHING.keys()
    assert not [action for action, _ in _grants(role) if "*" in action]
    nameable = {action for action in starred if reference.resource_types(action)}
    assert nameable == set(), "one of these could be limited to a resource"


def test_nothing_is_accepted_that_no_role_is_granted() -> None:
    starred = {action for role in EVERY_ROLE for action, resource in _grants(role) if resource == "*"}
    assert starred == EVERYTHING.keys()


@pytest.mark.parametrize("role", [role for role in EVERY_ROLE if role not in (DEPLOYER, PLANNER)])
def test_every_arn_names_this_account_and_region_and_begins_with_this_stage(role: str) -> None:
    named = {resource for _, resource in _grants(role) if resource != "*"}
    theirs = {"arn:aws:s3:::exports/dev/*", KEY, *_OF_EC2}  # asked for by the job's author, by an option, by Lambda
    assert {each for each in named - theirs if not _is_ours(each)} == set()


_SECRETS = [f"secret:prod/{name}-??????" for name in ("jobs", "auth", "mail")] + [
    "secret:lamplighter-dev/auth-AbCdEf",  # made by the API's stack
    "secret:prod/proxy-AbCdEf",
]


def _is_ours(named: str) -> bool:
    _, _, service, region, account, resource = named.split(":", 5)
    if service in ("secretsmanager", "rds-db"):  # what the settings name, whole
        return resource in (*_SECRETS, "dbuser:cluster-ABC1/jobs", f"dbuser:{stage.PROXY_ID}/jobs")
    is_here = account == ACCOUNT and region == ("" if service == "iam" else REGION)
    return (
        is_here
        and resource.replace("/", ":").split(":lamplighter-dev")[-1].startswith(("-", ":", ""))
        and ("lamplighter-dev-" in resource or resource.endswith("/lamplighter-dev"))
    )


# Another stage whose name begins or ends the same, or looks as if it went on; a stage has no dash in its name.
ELSEWHERE = {
    **{f"stage {name}": ("lamplighter-dev", f"lamplighter-{name}") for name in ("dev2", "de", "devjob", "mydev", "d")},
    "no stage of ours": ("lamplighter-dev", "payroll"),
    "another account": (ACCOUNT, "999999999999"),
    "another region": (REGION, "us-east-1"),
}


@pytest.mark.parametrize("place", ELSEWHERE)
def test_no_grant_reaches_beyond_this_stage_account_and_region(place: str) -> None:
    here, there = ELSEWHERE[place]
    moved = [
        (role, Request(action=action, resource=resource.replace(here, there).replace("*", "x").replace("?", "x")))
        for role in EVERY_ROLE
        for action, resource in _grants(role)
        if here in resource
    ]
    assert len(moved) > 100
    reached = [(role, asked) for role, asked in moved if _decide_whatever_the_context(role, asked) == "allow"]
    assert reached == []


def _decide_whatever_the_context(role: str, asked: Request) -> str:
    statements = [{key: value for key, value in each.items() if key != "Condition"} for each in statements_of(role)]
    return decide(statements, asked)


def test_each_role_is_assumed_by_its_service_alone_and_schedulers_for_our_group_alone() -> None:
    services = {stage.SCHEDULER: "scheduler", PROXY: "rds"}
    for role in [role for variant in VARIANTS for role in roles(variant).values()]:
        (trust,) = role.trust
        assert trust["Principal"] == {"Service": f"{services.get(role.name, 'lambda')}.amazonaws.com"}
    (trust,) = roles()[stage.SCHEDULER].trust

    def assuming(group: str, account: str = ACCOUNT) -> str:
        source = f"arn:aws:scheduler:{REGION}:{account}:schedule-group/{group}"
        context = {"aws:SourceArn": source, "aws:SourceAccount": account}
        asked = Request(action="sts:AssumeRole", resource="*", context=context, service="scheduler.amazonaws.com")
        return decide([trust], asked)

    assert assuming("lamplighter-dev") == "allow"
    assert [assuming("default"), assuming("lamplighter-dev2"), assuming("lamplighter-dev", "999999999999")] == [
        "deny", "deny", "deny",
    ]  # fmt: skip


def test_the_proxys_role_is_assumed_for_this_account_alone() -> None:
    (trust,) = roles("proxy")[PROXY].trust

    def assuming(account: str) -> str:
        context = {"aws:SourceAccount": account}
        return decide(
            [trust], Request(action="sts:AssumeRole", resource="*", context=context, service="rds.amazonaws.com")
        )

    assert [assuming(ACCOUNT), assuming("999999999999")] == ["allow", "deny"]


def test_with_a_key_of_its_own_the_proxys_secret_is_decrypted_through_secrets_manager_alone() -> None:
    def decrypting(service: str) -> str:
        context = {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"}
        return decide(statements_of(PROXY), Request(action="kms:Decrypt", resource=KEY, context=context))

    assert [decrypting("secretsmanager"), decrypting("s3")] == ["allow", "deny"]


def test_the_queue_takes_events_from_rules_of_this_stage_and_account_alone() -> None:
    (policy,) = [properties for kind, properties in stage.resources() if kind == "AWS::SQS::QueuePolicy"]

    def sending(rule: str, account: str = ACCOUNT, service: str = "events") -> str:
        context = {"aws:SourceArn": f"arn:aws:events:{REGION}:{account}:rule/{rule}", "aws:SourceAccount": account}
        queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:lamplighter-dev-dead-letters"
        asked = Request(action="sqs:SendMessage", resource=queue, context=context, service=f"{service}.amazonaws.com")
        return decide(policy["PolicyDocument"]["Statement"], asked)

    assert sending("lamplighter-dev-job-a") == "allow"
    for refused in (
        sending("lamplighter-dev2-job-a"), sending("payroll"), sending("lamplighter-dev-job-a", "999999999999"),
        sending("lamplighter-dev-job-a", service="s3"),
    ):  # fmt: skip
        assert refused == "deny"


def test_the_page_says_what_the_policies_answer() -> None:
    text = PAGE.read_text("utf-8")
    assert table.page_with(text, table.table()) == text, "run: python -m tests.iam.table"
    for action, why in EVERYTHING.items():
        assert f"| `{action}` | {why} |" in text


def test_each_of_the_deployers_policies_fits_into_a_managed_policy() -> None:
    longest = stage.deployment()
    for name, document in deployer_policies(longest, boundary=f"arn:aws:iam::{ACCOUNT}:policy/teams/boundary").items():
        assert len(json.dumps(document, separators=(",", ":"))) <= LARGEST - 1_000, name
