"""Words of the product that pages show and code holds as data: listed here for the catalogues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from functions.text import N_

STATUSES: Mapping[str, str] = {
    "succeeded": N_("succeeded"), "running": N_("running"), "failed": N_("failed"), "lost": N_("lost"),
    "missed": N_("missed"), "retrying": N_("retrying"), "queued": N_("queued"), "scheduled": N_("scheduled"),
    "skipped": N_("skipped"), "cancelled": N_("cancelled"),
}  # fmt: skip
STATES: Mapping[str, str] = {
    "enabled": N_("enabled"), "paused": N_("paused"), "manual": N_("by hand"), "missing": N_("missing in AWS"),
    "overdue": N_("overdue"), "error": N_("last run failed"), "removed": N_("deleted"), "orphan": N_("not in code"),
}  # fmt: skip
# What a state asks of whoever looks.
ADVICE: Mapping[str, str] = {
    "enabled": N_("It runs when its schedule says so."),
    "paused": N_("Nothing of it starts until it is resumed, or its pause ends."),
    "manual": N_("No schedule fires it: trigger it, or enqueue it with params."),
    "missing": N_("AWS has no trigger for it, so nothing fires it: deploy again, or restore the jobs."),
    "overdue": N_("It was due and AWS did not fire it: look at what AWS has of it, and restore the jobs."),
    "error": N_("Its last run did not succeed: look at the error and the log, then retry it."),
    "removed": N_("It was deleted; its history stays, and Restore brings it back if it is still in code."),
    "orphan": N_("AWS still fires it, but no code has it any more: the next deploy takes its trigger away."),
}
CAUSES: Mapping[str, str] = {
    "schedule": N_("schedule"), "manual": N_("by hand"), "retry": N_("retry"), "backfill": N_("backfill"),
    "catch_up": N_("catch-up"), "one_time": N_("one-time"),
}  # fmt: skip
# What is said after a change, by the code the redirect carries.
DONE: Mapping[str, str] = {
    "paused": N_("Paused: nothing of this job starts any more."),
    "resumed": N_("Resumed: it runs again at its next occurrence."),
    "triggered": N_("Triggered."),
    "removed": N_("Removed: its history stays, and Restore brings it back."),
    "restored": N_("Restored: every definition is back."),
    "cancelled": N_("Cancelled: it will not run."),
    "asked": N_("Asked to stop: it ends when its code looks."),
    "retried": N_("Running again, as a new execution."),
    "retried_all": N_("Running again: each as a new execution."),
    "enqueued": N_("Enqueued: it is written down and will run."),
    "known": N_("Not enqueued again: this one has the same key and has not ended."),
    "rescheduled": N_("It starts at the new time."),
    "logged_out": N_("Logged out."),
    "session_ended": N_("Your session has ended: log in to go on where you were."),
    "applied": N_("Applied: AWS has what is deployed."),
    "applied_partly": N_("Applied as far as the time went: apply the rest."),
    "user_made": N_("The user is there."),
    "user_changed": N_("Changed: their sessions have ended, they log in again."),
    "user_deleted": N_("The user is gone; what they did stays in the audit."),
    "password_set": N_("The password is set: no other one lets them in."),
    "own_password_set": N_("Your password is changed: your other sessions have ended."),
    "role_made": N_("The role is there: give it to somebody."),
    "role_changed": N_("Changed: it counts from the next request on, for everybody who has it."),
    "role_deleted": N_("The role is gone, also from who had it."),
}
# What is wrong, by code, where the error's own words say no more than these; the others name values.
REFUSALS: Mapping[str, str] = {
    "auth_login_failed": N_("Name or password is wrong, or this user may not log in."),
    "auth_too_many_attempts": N_("Too many failed logins."),
    "auth_cross_site": N_("Changes are taken from our own pages only: open this page again and repeat it there."),
    "auth_oidc_login_failed": N_(
        "The login at your organisation did not work: it was refused there, took too long, or began in another window."
    ),
    "auth_oidc_not_configured": N_("There is no login at an organisation here: use name and password."),
    "auth_issuer_unavailable": N_("Your organisation's login cannot be reached: try again in a moment."),
    "server_too_many_requests": N_("You have made too many changes in a minute."),
    "precondition_failed": N_(
        "Somebody else was faster: it has changed since you looked, and nothing was done. What you typed is kept: "
        "compare, and send it again if you still want that."
    ),
    "users_password_wrong": N_("The current password is not the one you have."),
    "users_last_administrator": N_("Nobody would be left who may do everything and can log in."),
    "not_found": N_("Nothing is at this address."),
    "jobs_disabled": N_("The jobs of this deployment are switched off (JOBS_ENABLED=false): nothing is changed here."),
    "database_unavailable": N_("PostgreSQL cannot be reached. AWS goes on firing jobs, which start once it is back."),
    "secret_unavailable": N_("A secret of this deployment cannot be read: try again in a moment."),
    "database_busy": N_("PostgreSQL did not do this in time, and nothing of its last step was kept."),
    "aws_throttled": N_("AWS takes no more calls for the moment. Jobs go on being fired."),
    "server_error": N_("Something went wrong on our side: the log has the rest under this request's id."),
}
# What the audit calls a change, in words.
ACTIONS: Mapping[str, str] = {
    "jobs.pause": N_("paused the job"), "jobs.resume": N_("resumed the job"), "jobs.remove": N_("deleted the job"),
    "jobs.restore": N_("restored all jobs"), "jobs.trigger": N_("triggered the job"),
    "executions.cancel": N_("cancelled an execution"), "executions.enqueue": N_("enqueued an execution"),
    "executions.reschedule": N_("gave an execution another time"), "executions.retry": N_("ran an execution again"),
    "plan.apply": N_("applied the plan"), "sessions.open": N_("logged in"), "sessions.revoke": N_("ended a session"),
    "users.create": N_("made a user"), "users.update": N_("changed a user"), "users.delete": N_("deleted a user"),
    "users.set_password": N_("set a password"), "roles.create": N_("made a role"),
    "roles.update": N_("changed a role"), "roles.delete": N_("deleted a role"),
}  # fmt: skip
PERMISSIONS: Mapping[str, str] = {
    "jobs.view": N_("see jobs, their executions and what AWS has of them"),
    "jobs.manage": N_("do everything with jobs: the three below, cancel, restore, apply; not see them"),
    "jobs.trigger": N_("trigger and enqueue jobs, run executions again"),
    "jobs.pause": N_("pause and resume jobs"),
    "jobs.delete": N_("take jobs off the list"),
    "audit.view": N_("see who changed what"),
    "users.manage": N_("make, change and delete users, and give them roles of what one holds"),
    "roles.manage": N_("make, change and delete roles, of what one holds"),
    "*": N_("everything, also what later versions add"),
}
DRIFTS: Mapping[str, str] = {
    "disabled": N_("switched off in AWS by somebody"), "enabled": N_("on in AWS although it is held here"),
    "changed": N_("changed in AWS by somebody"), "missing": N_("deleted in AWS by somebody"),
    "orphan": N_("in AWS, and not ours any more"),
}  # fmt: skip
STEPS: Mapping[str, str] = {
    "state": N_("switch"), "remove": N_("remove"), "update": N_("change"), "move": N_("move"), "create": N_("make"),
    "record": N_("note"), "leave": N_("leave as it is"),
}  # fmt: skip
# What fires a job; also where a step of the plan finds its trigger.
BACKENDS: Mapping[str, str] = {"rule": N_("rule"), "schedule": N_("schedule")}
# The descriptions of the roles that are there from the start (migration 0010).
ROLES: Sequence[str] = (
    N_("everything, users and roles too"), N_("see, run, pause and remove jobs, and see who did what"),
    N_("see jobs and their executions"),
)  # fmt: skip
RESOURCES: Mapping[str, str] = {
    "rules": N_("Rules of the event bus"), "schedules": N_("Schedules"), "targetsPerRule": N_("Targets of a rule"),
}  # fmt: skip
PROBLEMS: Mapping[int, str] = {
    400: N_("That cannot be done as asked"), 401: N_("Not logged in"), 403: N_("Not permitted"), 404: N_("Not there"),
    405: N_("Not in this way"), 409: N_("Not now"), 412: N_("Somebody else was faster"), 429: N_("Too many changes"),
    503: N_("Not available at the moment"),
}  # fmt: skip
# What is written down in English beside executions, pauses and triggers. First the longer of two that fit.
RECORDED: Sequence[str] = (
    N_("paused"), N_("overlap"), N_("disabled"), N_("removed"),
    N_("cancelled by %(who)s"), N_("the execution it waited for ended as %(status)s"), N_("no event came"),
    N_("lease ran out"), N_("timed out"), N_("out of memory"), N_("crashed: %(how)s"), N_("taken over"),
    N_("%(count)s failures in a row"),
    N_("nothing was recorded until its lease ran out at %(at)s UTC"),
    N_("nothing was recorded until %(at)s UTC: %(detail)s; CloudWatch has its last lines"),
    N_("it was killed, timed out, ran out of memory or lost PostgreSQL"),
    N_("CloudWatch could not be asked why: %(error)s"), N_("its function has no log group any more"),
    N_("Lambda reports no more than: %(report)s"),
    N_("job %(job)s was not started: Lambda did not accept an event for function %(name)s (%(error)s); see that the "
       "job is deployed, then trigger it again"),
    N_("TRIGGER_BACKEND is scheduler"), N_("a rule has no one-time form"),
    N_("a rule has no flexible window for jitter"), N_("a rule knows UTC only, not %(timezone)s"),
    N_("all %(rules_limit)s rules (RULES_LIMIT) are taken"), N_("a rule can serve it"),
)  # fmt: skip
