"""Promises broken on purpose, each by a small change of the source: the simulation must notice every one."""

from pathlib import Path

import msgspec


class Mutant(msgspec.Struct, frozen=True, kw_only=True):
    """`old`, which must stand exactly once in `file` below `functions/batchdrop`, becomes `new`.

    `scenarios` show it, and `broken` is in what the simulation then says.
    """

    name: str
    scenarios: tuple[str, ...]
    broken: str
    file: str
    old: str
    new: str

    def apply(self, functions: Path) -> None:
        """Change a copy of `functions/`.

        Raises:
            LookupError: the source has moved on; write the mutant anew.
        """
        path = functions / "batchdrop" / self.file
        text = path.read_text()
        if text.count(self.old) != 1:
            raise LookupError(f"{self.name}: {self.file} has {self.old!r} {text.count(self.old)} times, not once")
        path.write_text(text.replace(self.old, self.new))


_PUT = "from batchdrop.steps.writes import put"

MUTANTS = (
    Mutant(
        name="no-adopt-before-create",
        scenarios=("throttled-create",),
        broken="was paid twice",
        file="steps/launch.py",
        old="    if not jobs:\n        return False\n",
        new="    if jobs or not jobs:\n        return False\n",
    ),
    Mutant(
        name="no-claim",
        scenarios=("small-file",),
        broken="was paid twice",
        file="steps/launch.py",
        old="    if claimed is None or not claimed.value.is_claimed_as(batch):\n        context.log.warning",
        new="    if claimed is None:\n        context.log.warning",
    ),
    Mutant(
        name="no-deletion-of-an-old-try's-input",
        scenarios=("small-file",),
        broken="was paid twice",
        file="steps/launch.py",
        old="        context.objects.delete(context.settings.work_bucket, [batch.input_object])\n",
        new="        context.log.info('batch.input_kept', batch=batch.id)\n",
    ),
    Mutant(
        name="no-precondition-on-lots",
        scenarios=("cancel",),
        broken="CANCELLED cannot become OPEN",
        file="steps/submit.py",
        old="            writes.append(replace(context, shard, gone))",
        new=f"            {_PUT}\n            writes.append(put(context, shard.ref, gone))",
    ),
    Mutant(
        name="no-precondition-on-the-lane",
        scenarios=("priorities",),
        broken="holds no slot",
        file="steps/submit.py",
        old="    return replace(context, lane, _taken(lane.value, batch))",
        new=f"    {_PUT}\n    return put(context, lane.ref, _taken(lane.value, batch))",
    ),
    Mutant(
        name="no-precondition-on-the-manifest",
        scenarios=("superseded-at-the-end",),
        broken="was written over",
        file="steps/finish.py",
        old='        context.objects.write_at(bucket, name, data, "application/json", generation)',
        new='        with context.objects.write(bucket, name, "application/json") as sink:\n'
        "            sink.write(data)",
    ),
    Mutant(
        name="no-rev",
        scenarios=("small-file",),
        broken="without a fresh rev",
        file="steps/writes.py",
        old="    return msgspec.structs.replace(value, rev=context.tokens.fresh())",
        new="    return value",
    ),
    Mutant(
        name="no-fingerprint",
        scenarios=("swapped-keys",),
        broken="has the answer",
        file="rows/collate.py",
        old="        if answer.fingerprint == side.fingerprint:",
        new="        if answer.fingerprint == answer.fingerprint:",
    ),
    Mutant(
        name="no-collect-turn",
        scenarios=("small-file",),
        broken="no collect turn stands",
        file="steps/poll.py",
        old="[replace(context, found, ended), leave(context, collect_turn(context, found.value.id))]",
        new="[replace(context, found, ended)]",
    ),
    Mutant(
        name="manifest-first",
        scenarios=("small-file",),
        broken="names no file",
        file="steps/finish.py",
        old="        files = write_files(context, job, parts, check)\n",
        new="        _write_manifest(context, job, outcome, account, files)\n"
        "        files = write_files(context, job, parts, check)\n",
    ),
    Mutant(
        name="no-look-before-a-budget-turn-goes",
        scenarios=("budget-at-once", "budget-shared"),
        broken="but no turn stands for them",
        file="steps/budget.py",
        old="            context.documents.commit([Delete(standing.ref, standing.version)])\n",
        new="            context.documents.commit([Delete(standing.ref)])\n",
    ),
    Mutant(
        name="no-settlement",
        scenarios=("budget-cancelled",),
        broken="still reserved",
        file="steps/finish.py",
        old="        ended, turns = settling(context, ended)\n",
        new="        turns = settling(context, ended)[1][:0]\n",
    ),
    Mutant(
        name="no-look-at-the-canary",
        scenarios=("canary-passes",),
        broken="nothing that waits",
        file="steps/collect.py",
        old="            look_at_canary(context, job, found.batch.id)\n",
        new="            context.log.info('canary.overlooked', job=job)\n",
    ),
    Mutant(
        name="no-wait-for-the-batches-of-a-failed-job",
        scenarios=("failed-midway",),
        broken="were paid for",
        file="steps/cancel.py",
        old="    if standing and job.value.outcome is JobState.FAILED:\n",
        new="    if standing and job.value.outcome is JobState.RUNNING:\n",
    ),
    Mutant(
        name="no-word-to-a-failed-job-that-its-batch-is-closed",
        scenarios=("failed-midway",),
        broken="has no turn",
        file="steps/release.py",
        old="            *_told(context, found.value),\n            done(own),\n",
        new="            *_told(context, found.value)[:0],\n            done(own),\n",
    ),
    Mutant(
        name="no-answers-for-twins",
        scenarios=("twins",),
        broken="has the errors",
        file="steps/sort_answers.py",
        old="                if span.twins:\n",
        new="                if span.twins and not span.rows:\n",
    ),
)
