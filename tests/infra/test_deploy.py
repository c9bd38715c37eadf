"""What follows an apply, against a gcloud that keeps everything in a folder."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.deploy.smoke import trials
from tests.fakes.service import FakeService, answered
from tests.infra.terraform import ROOT

TRIGGERS = ("intake-turn", "stage-turn")
TOPIC = "projects/acme/topics/batchdrop-dead-letters"
AS_MADE = {"ackDeadlineSeconds": 10, "messageRetentionDuration": "86400s"}


@pytest.fixture
def cloud(tmp_path: Path) -> Path:
    """A folder that is the cloud, with subscriptions as Eventarc makes them."""
    gcloud = tmp_path / "bin" / "gcloud"
    gcloud.parent.mkdir()
    shutil.copy(ROOT / "tests/infra/fake_gcloud.py", gcloud)
    gcloud.chmod(0o755)
    (tmp_path / "subscriptions").mkdir()
    for trigger in TRIGGERS:
        (tmp_path / "subscriptions" / trigger).write_text(json.dumps(AS_MADE))
    write_outputs(tmp_path, {trigger: trigger for trigger in TRIGGERS})
    return tmp_path


def write_outputs(cloud: Path, subscriptions: Mapping[str, str]) -> None:
    wanted = {
        trigger: {
            "subscription": subscription,
            "ack_deadline_seconds": 600,
            "dead_letter_topic": TOPIC,
            "max_delivery_attempts": 100,
            "retention_seconds": 604800,
        }
        for trigger, subscription in subscriptions.items()
    }
    buckets = {name: f"acme-{name}" for name in ("input", "work", "predictions", "output")}
    outputs = {"event_subscriptions": {"value": wanted}, "buckets": {"value": buckets}}
    (cloud / "outputs.json").write_text(json.dumps(outputs))


def run(cloud: Path, module: str, *arguments: str, **states: str) -> subprocess.CompletedProcess[str]:
    """Run a module of infra/deploy with nothing but the standard library, as the build does."""
    environment = {
        "PATH": f"{cloud / 'bin'}:{os.environ['PATH']}",
        "FAKE_GCLOUD": str(cloud),
        "FAKE_STATES": json.dumps({f"{name}.jsonl": state for name, state in states.items()}),
    }
    command = [sys.executable, "-S", "-m", f"infra.deploy.{module}", str(cloud / "outputs.json"), *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def try_out(cloud: Path, **states: str) -> subprocess.CompletedProcess[str]:
    options = ["--model", "gemini-x", "--folder", "smoke/1", "--wait-seconds", "0", "--every-seconds", "0"]
    return run(cloud, "smoke", *options, **states)


def updates(cloud: Path) -> int:
    return (cloud / "calls").read_text().count("subscriptions update")


def test_subscriptions_are_set_as_terraform_says(cloud: Path) -> None:
    assert run(cloud, "subscriptions").returncode == 0
    for trigger in TRIGGERS:
        assert json.loads((cloud / "subscriptions" / trigger).read_text()) == {
            "ackDeadlineSeconds": 600,
            "messageRetentionDuration": "604800s",
            "deadLetterPolicy": {"deadLetterTopic": TOPIC, "maxDeliveryAttempts": 100},
        }


def test_the_second_time_nothing_is_changed(cloud: Path) -> None:
    run(cloud, "subscriptions")
    before = updates(cloud)
    assert run(cloud, "subscriptions").returncode == 0
    assert updates(cloud) == before == len(TRIGGERS)


def test_checking_changes_nothing_and_tells_what_is_wrong(cloud: Path) -> None:
    ran = run(cloud, "subscriptions", "--check")
    assert ran.returncode == 1
    assert "intake-turn: ackDeadlineSeconds is 10, not 600" in ran.stdout
    assert updates(cloud) == 0


def test_a_trigger_without_a_subscription_is_told(cloud: Path) -> None:
    write_outputs(cloud, {"intake-turn": ""})
    ran = run(cloud, "subscriptions")
    assert ran.returncode != 0
    assert "No subscription is known of intake-turn" in ran.stderr


def test_what_gcloud_says_when_it_fails_is_told(cloud: Path) -> None:
    write_outputs(cloud, {"intake-turn": "gone"})
    ran = run(cloud, "subscriptions")
    assert ran.returncode != 0
    assert "gcloud pubsub subscriptions describe gone" in ran.stderr


def test_the_files_of_the_trial_end_as_it_expects_and_come_past_every_function() -> None:
    service = FakeService(model=lambda line: answered(line, "yes"))
    service.drop("smoke/1/default.prompt", "---\nmodel: gemini-3.5-flash-lite\n---\n")
    for trial in trials(3600):
        service.log.lines.clear()
        service.drop(f"smoke/1/{trial.name}", trial.content)
        service.run()
        assert service.manifest(f"smoke/1/{trial.name}")["state"] == trial.state
        assert {"job.planned", "shard.staged", "job.ended"} <= {line.event for line in service.log.lines}
        assert ("job.admitted" if trial.state == "SUCCEEDED" else "job.rejected") in service.log.of("INFO")


def test_an_installation_that_works_passes_and_keeps_nothing_of_the_trial(cloud: Path) -> None:
    run(cloud, "subscriptions")
    ran = try_out(cloud, refused="REJECTED", asked="SUCCEEDED")
    assert ran.returncode == 0, ran.stderr
    assert [path for path in (cloud / "objects").rglob("*") if path.is_file()] == []


def test_subscriptions_that_were_not_set_up_fail_the_trial_before_anything_is_dropped(cloud: Path) -> None:
    ran = try_out(cloud, refused="REJECTED", asked="SUCCEEDED")
    assert ran.returncode == 1
    assert "Subscriptions are not as they should be" in ran.stderr
    assert not (cloud / "objects").exists()


def test_a_manifest_that_never_comes_fails_the_trial_and_leaves_the_input(cloud: Path) -> None:
    run(cloud, "subscriptions")
    ran = try_out(cloud, refused="REJECTED")
    assert ran.returncode == 1
    assert "No gs://acme-output/smoke/1/asked.jsonl/manifest.json after 0 s" in ran.stderr
    assert (cloud / "objects/acme-input/smoke/1/asked.jsonl").exists()


def test_another_end_than_the_one_expected_fails_the_trial(cloud: Path) -> None:
    run(cloud, "subscriptions")
    ran = try_out(cloud, refused="SUCCEEDED", asked="SUCCEEDED")
    assert ran.returncode == 1
    assert "refused.jsonl ended SUCCEEDED, not REJECTED" in ran.stderr
