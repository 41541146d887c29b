"""Functions run in processes of their own, with AWS's environment, limits and errors."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from infra.local.executor import Executor
from tests.integration.local.account import WAITS_AT_GATE, Account, Gate, function_in, package

TELLS_PID = "import os\ndef handler(event, context):\n    return os.getpid()\n"
ECHOES = "def handler(event, context):\n    return event\n"


def test_a_function_answers_with_what_its_handler_returns(account: Account) -> None:
    answer = account.invoke(account.deploy(ECHOES), {"said": "čau"})
    assert (answer.status, answer.payload, answer.function_error) == (200, {"said": "čau"}, None)


def test_the_second_invocation_finds_the_first_ones_process_warm(account: Account) -> None:
    name = account.deploy(TELLS_PID)
    assert account.invoke(name).payload == account.invoke(name).payload


def test_a_function_process_is_not_the_hosts(account: Account) -> None:
    assert account.invoke(account.deploy(TELLS_PID)).payload != os.getpid()


def test_the_context_carries_the_request_the_arn_and_the_remaining_time(account: Account) -> None:
    source = """
def handler(event, context):
    return [context.aws_request_id, context.invoked_function_arn, context.get_remaining_time_in_millis(),
            context.function_name, context.memory_limit_in_mb]
"""
    name = account.deploy(source, timeout_s=9, MemorySize=256)
    answer = account.invoke(name)
    request_id, arn, remaining_ms, function_name, memory_mb = answer.payload
    assert f"START RequestId: {request_id}" in answer.log
    assert arn == f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    assert 8_000 < remaining_ms <= 9_000
    assert (function_name, memory_mb) == (name, "256")


def test_a_function_sees_its_own_variables_and_lambdas_but_none_of_the_hosts(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST_SECRET", "of the host")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a real credential")
    monkeypatch.setenv("AWS_PROFILE", "production")
    variables = {"STAGE": "local", "AWS_ENDPOINT_URL": "https://lambda.us-east-1.amazonaws.com"}
    name = account.deploy(
        "import os\ndef handler(event, context):\n    return dict(os.environ)\n", Environment={"Variables": variables}
    )
    seen = account.invoke(name).payload
    assert seen["STAGE"] == "local"
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert seen["AWS_SECRET_ACCESS_KEY"] == "local"
    assert seen["AWS_ENDPOINT_URL"] == account.endpoint_url
    assert "HOST_SECRET" not in seen
    assert "AWS_PROFILE" not in seen
    assert seen["HOME"] != os.environ.get("HOME")


@pytest.mark.parametrize("module", ["requests", "moto", "psycopg", "functions", "infra"])
def test_a_dependency_missing_from_the_package_is_missing_in_the_function(account: Account, module: str) -> None:
    answer = account.invoke(account.deploy(f"import {module}\n" + ECHOES))
    assert answer.function_error == "Unhandled"
    assert answer.payload["errorType"] == "Runtime.ImportModuleError"
    assert answer.payload["errorMessage"] == f"Unable to import module 'app': No module named '{module}'"


def test_boto3_inside_a_function_reaches_the_local_aws(account: Account) -> None:
    source = """
import boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=event, MessageBody="from inside")
"""
    url, _ = account.queue()
    assert account.invoke(account.deploy(source), url).function_error is None
    assert account.receive(url)["Body"] == "from inside"


def test_an_exception_is_reported_and_keeps_the_process_warm(account: Account) -> None:
    source = """
import os
def handler(event, context):
    if event == "fail":
        raise ValueError("too hot")
    return os.getpid()
"""
    name = account.deploy(source)
    pid = account.invoke(name).payload
    failed = account.invoke(name, "fail")
    assert (failed.status, failed.function_error) == (200, "Unhandled")
    assert (failed.payload["errorType"], failed.payload["errorMessage"]) == ("ValueError", "too hot")
    assert 'raise ValueError("too hot")' in failed.payload["stackTrace"][-1]
    assert account.invoke(name).payload == pid


def test_what_a_function_prints_is_in_the_log_of_its_invocation(account: Account) -> None:
    name = account.deploy("def handler(event, context):\n    print('said', event)\n")
    account.invoke(name, "one")
    log = account.invoke(name, "two").log
    assert "said two" in log
    assert "said one" not in log


def test_the_log_of_a_function_is_a_file(account: Account, local_aws_dir: Path) -> None:
    name = account.deploy("def handler(event, context):\n    print('said', event)\n")
    account.invoke(name, "this")
    assert "said this" in (local_aws_dir / "logs" / f"{name}.log").read_text()


def test_a_function_is_killed_at_its_timeout_and_the_next_invocation_starts_afresh(
    account: Account, gate: Gate
) -> None:
    name = account.deploy(WAITS_AT_GATE, timeout_s=1)
    with ThreadPoolExecutor(1) as caller:
        running = caller.submit(account.invoke, name, gate.event)
        first_pid, connection = gate.arrival()
        answer = running.result()
        assert connection.recv(1) == b"", "the process must be gone"
        assert answer.function_error == "Unhandled"
        assert answer.payload["errorMessage"].endswith("Task timed out after 1.00 seconds")
        again = caller.submit(account.invoke, name, gate.event)
        second_pid, connection = gate.arrival()
        connection.sendall(b"x")
        assert again.result().payload == second_pid != first_pid


def test_a_timeout_kills_the_processes_a_function_started_too(account: Account, gate: Gate) -> None:
    source = """
import subprocess, sys, time
VISIT = "import os, socket, sys; s = socket.create_connection(('127.0.0.1', int(sys.argv[1]))); \\
s.sendall(str(os.getpid()).encode()); s.recv(1)"
def handler(event, context):
    subprocess.Popen([sys.executable, "-c", VISIT, str(event["gate"])]).wait()
"""
    name = account.deploy(source, timeout_s=2)
    with ThreadPoolExecutor(1) as caller:
        running = caller.submit(account.invoke, name, gate.event)
        _, connection = gate.arrival()
        assert "timed out" in running.result().payload["errorMessage"]
        assert connection.recv(1) == b""


@pytest.mark.parametrize(
    ("crash", "reason"),
    [
        ("import os; os._exit(3)", "Runtime exited with error: exit status 3"),
        ("import os; os._exit(0)", "Runtime exited without providing a reason"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "Runtime exited with error: signal: segmentation"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "Runtime exited with error: signal: killed"),
    ],
)
def test_a_crash_is_told_apart_and_the_next_invocation_starts_afresh(account: Account, crash: str, reason: str) -> None:
    name = account.deploy(
        f"import sys\ndef handler(event, context):\n    if event == 'crash':\n        {crash}\n    return 1\n"
    )
    assert account.invoke(name).payload == 1
    crashed = account.invoke(name, "crash")
    assert crashed.function_error == "Unhandled"
    assert crashed.payload["errorType"] == "Runtime.ExitError"
    assert reason in crashed.payload["errorMessage"]
    assert account.invoke(name).payload == 1


def test_a_process_that_died_while_it_was_idle_is_replaced(account: Account, gate: Gate) -> None:
    source = """
import os, socket, threading
def leave(port):
    with socket.create_connection(("127.0.0.1", port)) as gate:
        gate.sendall(str(os.getpid()).encode())
        gate.recv(1)
        os._exit(1)
def handler(event, context):
    if event:
        threading.Thread(target=leave, args=(event["gate"],)).start()
    return os.getpid()
"""
    name = account.deploy(source)
    first_pid = account.invoke(name, gate.event).payload
    _, connection = gate.arrival()
    connection.sendall(b"x")
    assert connection.recv(1) == b""
    assert account.invoke(name).payload not in (None, first_pid)


def test_a_crash_of_one_instance_does_not_disturb_another(account: Account, gate: Gate) -> None:
    bystander = account.deploy(WAITS_AT_GATE)
    crashing = account.deploy("import os\ndef handler(event, context):\n    os._exit(1)\n")
    with ThreadPoolExecutor(1) as caller:
        running = caller.submit(account.invoke, bystander, gate.event)
        pid, connection = gate.arrival()
        assert account.invoke(crashing).payload["errorType"] == "Runtime.ExitError"
        connection.sendall(b"x")
        assert running.result().payload == pid


def test_an_answer_that_is_not_json_is_an_error(account: Account) -> None:
    answer = account.invoke(account.deploy("def handler(event, context):\n    return object()\n"))
    assert (answer.function_error, answer.payload["errorType"]) == ("Unhandled", "Runtime.MarshalError")


@pytest.mark.parametrize(
    ("source", "error_type"),
    [
        ("def handler(event, context) return 1\n", "Runtime.UserCodeSyntaxError"),
        ("def other(event, context):\n    pass\n", "Runtime.HandlerNotFound"),
        ("raise KeyError('no settings')\n", "KeyError"),
        ("import os\nos._exit(7)\n", "Runtime.ExitError"),
    ],
)
def test_a_module_that_cannot_be_loaded_is_told_apart(account: Account, source: str, error_type: str) -> None:
    answer = account.invoke(account.deploy(source))
    assert (answer.function_error, answer.payload["errorType"]) == ("Unhandled", error_type)


def test_a_module_that_never_finishes_loading_is_killed(tmp_path: Path, runtime_python: Path) -> None:
    function = function_in(tmp_path, "import threading\nthreading.Event().wait()\n")
    with Executor(python=runtime_python, state_dir=tmp_path, init_timeout=timedelta(seconds=0.5)) as executor:
        result = executor.invoke(lambda: function, b"{}")
        assert b"Init timed out after 0.50 seconds" in result.payload
        assert list((tmp_path / "instances").iterdir()) == [], "nothing of the instance may be left"


def test_two_invocations_at_a_time_run_in_two_processes(account: Account, gate: Gate) -> None:
    name = account.deploy(WAITS_AT_GATE)
    with ThreadPoolExecutor(2) as callers:
        running = [callers.submit(account.invoke, name, gate.event) for _ in range(2)]
        arrivals = [gate.arrival() for _ in range(2)]
        for _, connection in arrivals:
            connection.sendall(b"x")
        pids = {call.result().payload for call in running}
    assert pids == {pid for pid, _ in arrivals}
    assert len(pids) == 2


def test_reserved_concurrency_zero_refuses_every_invocation(account: Account) -> None:
    name = account.deploy(TELLS_PID)
    account.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError) as refused:
        account.invoke(name)
    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


def test_reserved_concurrency_refuses_what_goes_over_it_and_frees_up(account: Account, gate: Gate) -> None:
    name = account.deploy(WAITS_AT_GATE)
    account.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    with ThreadPoolExecutor(1) as caller:
        for _ in range(2):
            running = caller.submit(account.invoke, name, gate.event)
            _, connection = gate.arrival()
            with pytest.raises(ClientError, match="TooManyRequestsException"):
                account.invoke(name, gate.event)
            connection.sendall(b"x")
            assert running.result().function_error is None


def test_new_code_replaces_the_warm_process(account: Account) -> None:
    name = account.deploy("def handler(event, context):\n    return 'old'\n")
    assert account.invoke(name).payload == "old"
    account.lambda_.update_function_code(
        FunctionName=name, ZipFile=package("def handler(event, context):\n    return 'new'\n")
    )
    assert account.invoke(name).payload == "new"


def test_a_new_configuration_replaces_the_warm_process(account: Account) -> None:
    name = account.deploy("import os\ndef handler(event, context):\n    return os.environ.get('COLOUR')\n")
    assert account.invoke(name).payload is None
    account.lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": {"COLOUR": "red"}})
    assert account.invoke(name).payload == "red"


def test_code_that_was_replaced_while_it_ran_ends_its_invocation_and_then_its_process(
    account: Account, gate: Gate
) -> None:
    name = account.deploy(WAITS_AT_GATE)
    with ThreadPoolExecutor(1) as caller:
        running = caller.submit(account.invoke, name, gate.event)
        old_pid, connection = gate.arrival()
        account.lambda_.update_function_code(FunctionName=name, ZipFile=package(TELLS_PID))
        assert account.invoke(name).payload != old_pid
        connection.sendall(b"x")
        assert running.result().payload == old_pid
    assert account.invoke(name).payload != old_pid


def test_an_idle_process_is_ended_after_a_while(tmp_path: Path, runtime_python: Path) -> None:
    function = function_in(tmp_path, TELLS_PID)
    with Executor(python=runtime_python, state_dir=tmp_path, idle_timeout=timedelta(0)) as executor:
        executor.invoke(lambda: function, b"{}")
        assert len(list((tmp_path / "instances").iterdir())) == 1
        executor.keep_house()
        assert list((tmp_path / "instances").iterdir()) == []


def test_a_dry_run_runs_nothing(account: Account, gate: Gate) -> None:
    answer = account.invoke(account.deploy("raise SystemExit\n"), InvocationType="DryRun")
    assert (answer.status, answer.function_error) == (204, None)


def test_a_payload_that_is_not_json_is_refused(account: Account) -> None:
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        account.lambda_.invoke(FunctionName=account.deploy(ECHOES), Payload=b"{not json")


def test_a_package_that_is_not_a_zip_is_refused(account: Account) -> None:
    name = account.deploy(ECHOES)
    account.lambda_.update_function_code(FunctionName=name, ZipFile=b"not a zip")
    with pytest.raises(ClientError, match="InvalidZipFileException"):
        account.invoke(name)


def test_an_answer_over_six_megabytes_is_an_error(account: Account) -> None:
    name = account.deploy("def handler(event, context):\n    return 'x' * event\n")
    answer = account.invoke(name, 6_300_000)
    assert (answer.function_error, answer.payload["errorType"]) == ("Unhandled", "Function.ResponseSizeTooLarge")
    assert account.invoke(name, 3).payload == "xxx"
