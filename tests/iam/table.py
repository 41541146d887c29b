"""Who may do what: each line of the table in docs/permissions.md, and nobody but those it names may.

`python -m tests.iam.table` writes the table into the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from functions import naming
from tests.iam.evaluator import Request, decide
from tests.iam.stage import (
    API,
    CLOSING,
    DEPLOYER,
    EXPORT,
    OPERATIONS,
    PLANNER,
    PROXY,
    PROXY_ID,
    REGION,
    SCHEDULER,
    arn,
    job_role,
    statements_of,
)
from tests.unit.infra.variants import KEY

PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"
_BEGIN, _END = "<!-- the table: python -m tests.iam.table -->\n", "<!-- its end -->\n"
PLAIN, SWEEP, ASKING, ENQUEUING, MAILING = (
    job_role(job_id) for job_id in ("retention", "mark-lost-executions", EXPORT.id, CLOSING.id, "send-email")
)
# Every other job of ours has what a plain one has.
LIKE_PLAIN = {job_role(job_id) for job_id in ("expired-refresh-token-cleanup", "prepare-partitions")}
COLUMNS = {
    DEPLOYER: "deployer",
    PLANNER: "planner",
    OPERATIONS: "operations",
    API: "API",
    SCHEDULER: "Scheduler",
    PLAIN: "a job (`retention`)",
    SWEEP: "the sweep",
    ENQUEUING: "a job with `MAY_ENQUEUE`",
    ASKING: "a job with `s3:PutObject`",
    MAILING: "`send-email`",
    PROXY: "RDS Proxy",
}
JOBS = {PLAIN, SWEEP, ASKING, ENQUEUING, MAILING}
FUNCTIONS = JOBS | {API, OPERATIONS}
STARTING = {DEPLOYER, API, SCHEDULER, SWEEP, ENQUEUING}
NOBODY: set[str] = set()
_S = "lamplighter-dev"
_QUEUE = arn("sqs", f"{_S}-dead-letters")
_PASSED = "iam:PassedToService"


@dataclass(frozen=True)
class Line:
    """One thing that may be asked for, in words, and who is allowed it."""

    section: str
    words: str
    request: Request
    allowed: frozenset[str]


def _lines(section: str, *rows: tuple[str, str, str, set[str]]) -> Iterator[Line]:
    for words, action, resource, allowed in rows:
        action, _, service = action.partition(" to ")
        action, _, by = action.partition(" by ")
        context = {_PASSED: f"{service}.amazonaws.com"} if service else {}
        context |= {"lambda:SourceFunctionArn": _function(by)} if by else {}
        yield Line(section, words, Request(action=action, resource=resource, context=context), frozenset(allowed))


def _function(name: str) -> str:
    return arn("lambda", f"function:{name}")


def _rule(name: str) -> str:
    return arn("events", f"rule/{name}")


def _schedule(name: str, group: str = _S) -> str:
    return arn("scheduler", f"schedule/{group}/{name}")


def _role(name: str) -> str:
    return f"arn:aws:iam::123456789012:role/{name}"


def _group(name: str) -> str:
    return arn("logs", f"log-group:/aws/lambda/{name}")


def _stack(name: str) -> str:
    return arn("cloudformation", f"stack/{name}/1")


_BUCKET = f"arn:aws:s3:::{_S}-123456789012-{REGION}"
_OTHER_REGION = _function(f"{_S}-job-a").replace(REGION, "us-east-1")
_OTHER_ACCOUNT = _function(f"{_S}-job-a").replace("123456789012", "999999999999")
LINES = [
    *_lines(
        "Functions",
        ("start a job", "lambda:InvokeFunction", _function(f"{_S}-job-a"), STARTING),
        ("ask the operations function", "lambda:InvokeFunction", _function(f"{_S}-operations"), {DEPLOYER, PLANNER}),
        ("call the API's function past API Gateway", "lambda:InvokeFunction", _function(f"{_S}-api"), {DEPLOYER}),
        ("start a job of stage dev2", "lambda:InvokeFunction", _function("lamplighter-dev2-job-a"), NOBODY),
        ("start a job in another region", "lambda:InvokeFunction", _OTHER_REGION, NOBODY),
        ("start a job in another account", "lambda:InvokeFunction", _OTHER_ACCOUNT, NOBODY),
        ("invoke a function of somebody else", "lambda:InvokeFunction", _function("payroll"), NOBODY),
        ("change a job's code", "lambda:UpdateFunctionCode", _function(f"{_S}-job-a"), {DEPLOYER}),
        ("let others invoke a job", "lambda:AddPermission", _function(f"{_S}-job-a"), {DEPLOYER}),
        ("change code of stage dev2", "lambda:UpdateFunctionCode", _function("lamplighter-dev2-job-a"), NOBODY),
        ("read a function's environment", "lambda:GetFunction", _function(f"{_S}-api"), {DEPLOYER}),
    ),
    *_lines(
        "Rules and schedules",
        ("make a job's rule", "events:PutRule", _rule(f"{_S}-job-a"), {OPERATIONS, API}),
        ("delete a job's rule", "events:DeleteRule", _rule(f"{_S}-job-a"), {OPERATIONS, API, DEPLOYER}),
        ("make a rule that is no job's", "events:PutRule", _rule(f"{_S}-other"), NOBODY),
        ("delete a rule of stage dev2", "events:DeleteRule", _rule("lamplighter-dev2-job-a"), NOBODY),
        ("delete a rule of somebody else", "events:DeleteRule", _rule("payroll"), NOBODY),
        ("make a job's schedule", "scheduler:CreateSchedule", _schedule(f"{_S}-job-a"), {OPERATIONS, API}),
        ("change a job's schedule", "scheduler:UpdateSchedule", _schedule(f"{_S}-job-a"), {OPERATIONS, API}),
        ("delete a job's schedule", "scheduler:DeleteSchedule", _schedule(f"{_S}-job-a"), {OPERATIONS, API, DEPLOYER}),
        ("schedule an execution", "scheduler:CreateSchedule", _schedule(f"{_S}-start-a"), {API, ENQUEUING}),
        ("schedule a retry", "scheduler:CreateSchedule", _schedule(f"{_S}-retry-a"), JOBS),
        ("delete a retry's schedule", "scheduler:DeleteSchedule", _schedule(f"{_S}-retry-a"), {DEPLOYER}),
        (
            "make a schedule in no group of ours", "scheduler:CreateSchedule", _schedule(f"{_S}-job-a", "default"),
            NOBODY,
        ),
        (
            "make a schedule of stage dev2", "scheduler:CreateSchedule",
            _schedule("lamplighter-dev2-job-a", "lamplighter-dev2"), NOBODY,
        ),
        ("delete the group", "scheduler:DeleteScheduleGroup", arn("scheduler", f"schedule-group/{_S}"), {DEPLOYER}),
        (
            "delete the group of stage dev2", "scheduler:DeleteScheduleGroup",
            arn("scheduler", "schedule-group/lamplighter-dev2"), NOBODY,
        ),
        ("list the names of rules", "events:ListRules", "*", {OPERATIONS, API, DEPLOYER}),
    ),
    *_lines(
        "Roles",
        ("give Scheduler its role", "iam:PassRole to scheduler", _role(f"{_S}-scheduler-{REGION}"), FUNCTIONS),
        ("give Lambda Scheduler's role", "iam:PassRole to lambda", _role(f"{_S}-scheduler-{REGION}"), {DEPLOYER}),
        ("give Scheduler the API's role", "iam:PassRole to scheduler", _role(f"{_S}-api-{REGION}"), NOBODY),
        (
            "give Scheduler its role of region us-east-1", "iam:PassRole to scheduler",
            _role(f"{_S}-scheduler-us-east-1"), NOBODY,
        ),
        ("give EC2 a job's role", "iam:PassRole to ec2", _role(f"{_S}-job-a-{REGION}"), NOBODY),
        (
            "give Lambda the role of a function of stage dev2", "iam:PassRole to lambda",
            _role(f"lamplighter-dev2-api-{REGION}"), NOBODY,
        ),
        ("give Lambda a role of somebody else", "iam:PassRole to lambda", _role("administrator"), NOBODY),
        ("make a role of this stage", "iam:CreateRole", _role(f"{_S}-job-a-{REGION}"), {DEPLOYER}),
        ("make a role of stage dev2", "iam:CreateRole", _role(f"lamplighter-dev2-job-a-{REGION}"), NOBODY),
        ("change a role of somebody else", "iam:PutRolePolicy", _role("administrator"), NOBODY),
        ("act as another role", "sts:AssumeRole", _role(f"{_S}-operations-{REGION}"), NOBODY),
        ("change one's own user", "iam:PutUserPolicy", "arn:aws:iam::123456789012:user/deployer", NOBODY),
    ),
    *_lines(
        "Logs and dead letters",
        (
            "write into the log of `retention`", "logs:PutLogEvents",
            f"{_group(f'{_S}-job-retention')}:log-stream:1", {PLAIN},
        ),
        ("read a job's log", "logs:FilterLogEvents", _group(f"{_S}-job-retention"), {SWEEP}),
        ("read the API's log", "logs:FilterLogEvents", _group(f"{_S}-api"), NOBODY),
        ("read a job's log of stage dev2", "logs:FilterLogEvents", _group("lamplighter-dev2-job-retention"), NOBODY),
        ("delete a job's log", "logs:DeleteLogGroup", _group(f"{_S}-job-retention"), {DEPLOYER}),
        ("put an event into the dead-letter queue", "sqs:SendMessage", _QUEUE, FUNCTIONS | {SCHEDULER}),
        ("take one out", "sqs:ReceiveMessage", _QUEUE, NOBODY),
        ("send to another queue", "sqs:SendMessage", arn("sqs", "lamplighter-dev2-dead-letters"), NOBODY),
    ),
    *_lines(
        "Logins and data",
        (
            "read the database's login", "secretsmanager:GetSecretValue",
            arn("secretsmanager", "secret:prod/jobs-AbCdEf"), FUNCTIONS,
        ),
        (
            "read a secret that begins with its name", "secretsmanager:GetSecretValue",
            arn("secretsmanager", "secret:prod/jobs-admin-AbCdEf"), NOBODY,
        ),
        (
            "read a secret of the stage's own", "secretsmanager:GetSecretValue",
            arn("secretsmanager", f"secret:{_S}-other-AbCdEf"), NOBODY,
        ),
        (
            "read the keys that tokens are signed with", "secretsmanager:GetSecretValue",
            arn("secretsmanager", "secret:prod/auth-AbCdEf"), {API},
        ),
        (
            "read those that its stack has made", "secretsmanager:GetSecretValue",
            arn("secretsmanager", f"secret:{naming.auth_secret('dev')}-AbCdEf"), {API},
        ),
        (
            "read the mail server's login", "secretsmanager:GetSecretValue",
            arn("secretsmanager", "secret:prod/mail-AbCdEf"), {MAILING},
        ),
        ("log in as the application", "rds-db:connect", arn("rds-db", "dbuser:cluster-ABC1/jobs"), FUNCTIONS),
        ("log in as somebody else", "rds-db:connect", arn("rds-db", "dbuser:cluster-ABC1/postgres"), NOBODY),
        (
            "log in through RDS Proxy as the application", "rds-db:connect", arn("rds-db", f"dbuser:{PROXY_ID}/jobs"),
            FUNCTIONS,
        ),
        ("log in through another proxy", "rds-db:connect", arn("rds-db", "dbuser:prx-1/jobs"), NOBODY),
        (
            "read the login RDS Proxy has", "secretsmanager:GetSecretValue",
            arn("secretsmanager", "secret:prod/proxy-AbCdEf"), {PROXY},
        ),
        ("log in to another database", "rds-db:connect", arn("rds-db", "dbuser:cluster-XYZ9/jobs"), NOBODY),
        ("do what a job's `permissions` ask for", "s3:PutObject", "arn:aws:s3:::exports/dev/a.csv", {ASKING}),
        ("do it where another stage does", "s3:PutObject", "arn:aws:s3:::exports/prod/a.csv", NOBODY),
        ("write a package", "s3:PutObject", f"{_BUCKET}/functions/a.zip", {DEPLOYER}),
        ("write a template to plan with", "s3:PutObject", f"{_BUCKET}/templates/a.json", {DEPLOYER, PLANNER}),
        ("read a template", "s3:GetObject", f"{_BUCKET}/templates/a.json", {DEPLOYER, PLANNER}),
        ("write the list of versions", "s3:PutObject", f"{_BUCKET}/deploys/versions.json", {DEPLOYER}),
        ("write one of stage dev2", "s3:PutObject", f"{_BUCKET.replace('dev', 'dev2')}/functions/a.zip", NOBODY),
        ("delete a bucket of somebody else", "s3:DeleteBucket", "arn:aws:s3:::exports", NOBODY),
    ),
    *_lines(
        "Network and key",
        (
            "put a function into a subnet, as Lambda does for it", "ec2:CreateNetworkInterface",
            arn("ec2", "network-interface/eni-1"), FUNCTIONS,
        ),
        (
            "do the same in a function's own code", f"ec2:CreateNetworkInterface by {_S}-job-retention",
            arn("ec2", "network-interface/eni-1"), NOBODY,
        ),
        ("read what the stage's key has encrypted", "kms:Decrypt", KEY, FUNCTIONS | {SCHEDULER}),
        ("read what another key has", "kms:Decrypt", arn("kms", "key/1"), NOBODY),
    ),
    *_lines(
        "Stacks",
        (
            "ask what would become of a stack", "cloudformation:CreateChangeSet", _stack(f"{_S}-api"),
            {DEPLOYER, PLANNER},
        ),
        ("change a stack", "cloudformation:ExecuteChangeSet", _stack(f"{_S}-api"), {DEPLOYER}),
        ("delete a stack of this stage", "cloudformation:DeleteStack", _stack(f"{_S}-api"), {DEPLOYER, PLANNER}),
        ("delete a stack of stage dev2", "cloudformation:DeleteStack", _stack("lamplighter-dev2"), NOBODY),
        ("delete a stack of somebody else", "cloudformation:DeleteStack", _stack("payroll"), NOBODY),
    ),
]  # fmt: skip


def answer(line: Line, role: str) -> str:
    """What the role is answered by the policy that ships."""
    return decide(statements_of(role), line.request)


def table() -> str:
    """All lines as Markdown, with what the policies that ship answer."""
    return "\n".join(_rows()) + "\n"


def _rows() -> Iterator[str]:
    section = ""
    for line in LINES:
        if line.section != section:
            section = line.section
            yield f"\n| {section} | Action | {' | '.join(COLUMNS.values())} |"
            yield "|---" * (len(COLUMNS) + 2) + "|"
        answers = ["yes" if answer(line, role) == "allow" else "–" for role in COLUMNS]
        yield f"| {line.words} | `{line.request.action}` | {' | '.join(answers)} |"


def page_with(text: str, made: str) -> str:
    """The page with this table in place of the one it has."""
    before, _, rest = text.partition(_BEGIN)
    return before + _BEGIN + made + "\n" + _END + rest.partition(_END)[2]


if __name__ == "__main__":
    PAGE.write_text(page_with(PAGE.read_text("utf-8"), table()), "utf-8")
