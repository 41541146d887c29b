"""Every stack of a stage at once: within CloudFormation's limits, the same every time, no job ever moved."""

from __future__ import annotations

import json
from pathlib import Path

from functions.definition import JobDefinition
from infra import templates
from infra.job_stacks import stack_number
from infra.resources.jobs import JOB_ID
from infra.templates import all_templates, job_templates, template_text, write_templates
from tests.unit.infra.deployments import deployment_of, packages
from tests.unit.infra.variants import everything, thousand_jobs


def test_a_thousand_jobs_with_every_option_on_stay_within_cloudformations_limits() -> None:
    made = all_templates(everything(jobs=thousand_jobs()), packages())

    assert len(made) == 21 + 2
    for name, template in made.items():
        assert len(template.resources) <= templates.MOST_RESOURCES / 2, name
        assert len(template.parameters) < templates.MOST_PARAMETERS, name
        assert len(template.outputs) < templates.MOST_OUTPUTS, name
        assert len(template_text(template).encode()) < templates.LARGEST / 2, name


def test_a_job_never_moves_because_others_come_and_go() -> None:
    jobs = [JobDefinition(id=f"job-{number:03d}") for number in range(120)]
    before = job_templates(deployment_of(jobs), packages(), deployed={})
    deployed = {stack_number("dev", name): _ids(template_text(template)) for name, template in before.items()}
    changed = [JobDefinition(id="a-first-by-name"), *jobs[1:]]
    numbered = {number: ids for number, ids in deployed.items() if number is not None}
    after = job_templates(deployment_of(changed), packages(), deployed=numbered)

    assert {name: len(_ids(template_text(template))) for name, template in before.items()} == {
        "lamplighter-dev-jobs-01": 50, "lamplighter-dev-jobs-02": 50, "lamplighter-dev-jobs-03": 20,
    }  # fmt: skip
    assert [name for name in before if template_text(before[name]) != template_text(after[name])] == [
        "lamplighter-dev-jobs-01"
    ]


def _ids(text: str) -> list[str]:
    functions = json.loads(text)["Resources"].values()
    return [each["Metadata"][JOB_ID] for each in functions if JOB_ID in each.get("Metadata", {})]


def test_templates_are_written_to_be_read_the_same_every_time_and_nothing_old_among_them(tmp_path: Path) -> None:
    folder = tmp_path / "dist" / "dev"
    deployment = deployment_of([JobDefinition(id="a")])
    first = {path.name: path.read_bytes() for path in write_templates(folder, all_templates(deployment, packages()))}
    (folder / "lamplighter-dev-jobs-07.json").write_text("{}")
    (folder / "notes.txt").write_text("mine")
    second = {path.name: path.read_bytes() for path in write_templates(folder, all_templates(deployment, packages()))}

    assert first == second
    assert {path.name for path in folder.iterdir()} == {*first, "notes.txt"}
    assert set(first) == {"lamplighter-dev.json", "lamplighter-dev-jobs-01.json", "lamplighter-dev-api.json"}
    assert all(b"\n " in text and text.endswith(b"}\n") for text in first.values()), "one thing a line"
