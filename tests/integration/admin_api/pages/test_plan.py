"""The plan: seen, applied, applied only as seen."""

from __future__ import annotations

from collections.abc import Callable

from functions.db.connection import Connection
from tests.integration.admin_api.aws import Aws
from tests.integration.admin_api.pages.browser import Browser

RULE = "lamplighter-local-job-cleanup"


def test_nothing_to_do_is_said(ada: Browser, deployed: Connection) -> None:
    shown = ada.get("/admin/plan")
    assert "Nothing to do." in shown.text
    assert "/plan/apply" not in shown.body
    assert "There is nothing to do." in ada.get("/admin/plan/apply").text


def test_what_somebody_changed_is_shown_and_undone(ada: Browser, deployed: Connection, aws: Aws) -> None:
    aws.client("events").disable_rule(Name=RULE)
    shown = ada.get("/admin/plan")
    assert "1 trigger was changed in AWS by somebody else" in shown.text
    assert "switched off in AWS by somebody" in shown.text
    assert "<code>&#34;DISABLED&#34;</code>" in shown.body
    asked = ada.get("/admin/plan/apply")
    answer = ada.post("/admin/plan/apply", {"etag": asked.hidden("etag")})
    assert (answer.status, answer.location) == (303, "/admin/plan?done=applied")
    assert "Nothing to do." in ada.get(answer.location).text
    assert aws.client("events").describe_rule(Name=RULE)["State"] == "ENABLED"


def test_another_plan_than_the_one_that_was_seen_is_not_applied(ada: Browser, deployed: Connection, aws: Aws) -> None:
    aws.client("events").disable_rule(Name=RULE)
    etag = ada.get("/admin/plan/apply").hidden("etag")
    aws.client("events").disable_rule(Name="lamplighter-local-job-restore")
    answer = ada.post("/admin/plan/apply", {"etag": etag})
    assert answer.status == 412
    assert "Somebody else was faster" in answer.text
    assert "2 steps" in answer.text
    assert aws.client("events").describe_rule(Name=RULE)["State"] == "DISABLED"


def test_a_deep_look_stays_deep_when_applied(ada: Browser, deployed: Connection, aws: Aws) -> None:
    aws.client("events").put_targets(
        Rule=RULE, Targets=[{"Id": "job", "Arn": "arn:aws:lambda:eu-central-1:1:function:x"}]
    )
    assert "deep=true" in ada.get("/admin/plan?deep=true").body
    asked = ada.get("/admin/plan/apply?deep=true")
    assert asked.hidden("deep") == "true"
    answer = ada.post("/admin/plan/apply", {"etag": asked.hidden("etag"), "deep": "true"})
    assert answer.location == "/admin/plan?done=applied"


def test_aws_away_is_said(ada: Browser, deployed: Connection, aws: Aws) -> None:
    with aws.away():
        shown = ada.get("/admin/plan")
    assert shown.status == 200
    assert "AWS does not answer at the moment" in shown.text


def test_who_may_only_look_gets_no_button_and_is_refused(
    browser_of: Callable[..., Browser], deployed: Connection, aws: Aws
) -> None:
    aws.client("events").disable_rule(Name=RULE)
    vera = browser_of("vera", "viewer")
    assert "/plan/apply" not in vera.get("/admin/plan").body
    assert vera.get("/admin/plan/apply").status == 403
    assert vera.post("/admin/plan/apply").status == 403
    assert aws.client("events").describe_rule(Name=RULE)["State"] == "DISABLED"
