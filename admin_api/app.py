"""The admin API: which noun answers where. The contract is in docs and DESIGN §6; each noun's routes in blueprints/."""

from __future__ import annotations

from chalice.app import Chalice

from chalicelib.blueprints.anything_else import anything_else
from chalicelib.blueprints.audit import audit
from chalicelib.blueprints.auth import BASE_PATH as AUTH_PATH
from chalicelib.blueprints.auth import auth
from chalicelib.blueprints.description import description
from chalicelib.blueprints.executions import executions
from chalicelib.blueprints.health import health, version
from chalicelib.blueprints.jobs import jobs
from chalicelib.blueprints.logs import logs
from chalicelib.blueprints.oidc import oidc
from chalicelib.blueprints.plan import plan
from chalicelib.blueprints.repeats import repeats
from chalicelib.blueprints.roles import roles
from chalicelib.blueprints.stats import stats
from chalicelib.blueprints.users import users
from chalicelib.incoming import BASE_PATH
from chalicelib.outgoing import finish
from chalicelib.pages import visit
from chalicelib.pages.account import account_pages
from chalicelib.pages.assets import assets
from chalicelib.pages.audit import audit_pages
from chalicelib.pages.execution_actions import execution_actions
from chalicelib.pages.executions import executions as execution_pages
from chalicelib.pages.jobs import jobs as job_pages
from chalicelib.pages.logs import logs as log_pages
from chalicelib.pages.one_time import one_time as one_time_pages
from chalicelib.pages.overview import overview_pages
from chalicelib.pages.plan import plan_pages
from chalicelib.pages.retries import retries as retry_pages
from chalicelib.pages.roles import role_pages
from chalicelib.pages.session import session
from chalicelib.pages.users import user_pages

app = Chalice(app_name="lamplighter", configure_logs=False)
app.register_middleware(finish, "http")
app.register_blueprint(jobs, url_prefix=BASE_PATH)
app.register_blueprint(executions, url_prefix=BASE_PATH)
app.register_blueprint(plan, url_prefix=BASE_PATH)
app.register_blueprint(auth, url_prefix=AUTH_PATH)
app.register_blueprint(users, url_prefix=BASE_PATH)
app.register_blueprint(roles, url_prefix=BASE_PATH)
app.register_blueprint(logs, url_prefix=BASE_PATH)
app.register_blueprint(repeats, url_prefix=BASE_PATH)
app.register_blueprint(stats, url_prefix=BASE_PATH)
app.register_blueprint(audit, url_prefix=BASE_PATH)
app.register_blueprint(oidc, url_prefix=f"{AUTH_PATH}/oidc")
app.register_blueprint(health)
app.register_blueprint(version, url_prefix=BASE_PATH)
app.register_blueprint(description)
app.register_blueprint(assets, url_prefix=visit.BASE_PATH)
app.register_blueprint(job_pages, url_prefix=visit.BASE_PATH)
app.register_blueprint(execution_pages, url_prefix=visit.BASE_PATH)
app.register_blueprint(execution_actions, url_prefix=visit.BASE_PATH)
app.register_blueprint(retry_pages, url_prefix=visit.BASE_PATH)
app.register_blueprint(log_pages, url_prefix=visit.BASE_PATH)
app.register_blueprint(one_time_pages, url_prefix=visit.BASE_PATH)
app.register_blueprint(overview_pages, url_prefix=visit.BASE_PATH)
app.register_blueprint(plan_pages, url_prefix=visit.BASE_PATH)
app.register_blueprint(audit_pages, url_prefix=visit.BASE_PATH)
app.register_blueprint(user_pages, url_prefix=visit.BASE_PATH)
app.register_blueprint(role_pages, url_prefix=visit.BASE_PATH)
app.register_blueprint(account_pages, url_prefix=visit.BASE_PATH)
app.register_blueprint(session, url_prefix=visit.BASE_PATH)
app.register_blueprint(anything_else)
