"""How a job is written into a Redis hash, and read back: times in ms since 1970, compound values as JSON.

Schema 2 names the kind, the tenant and the priority. Schema 1 knew perplexity jobs alone, and is still read.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from leitmotif_services.evaluation.jobs.job import DEFAULT_TENANT, Job, JobFailure, JobProgress, JobState, Priority
from leitmotif_services.evaluation.jobs.job_kinds import KINDS, JobKind, JobSpec, kind_of
from leitmotif_services.evaluation.jobs.job_specs import PerplexitySpec, TextSource
from leitmotif_services.evaluation.jobs.json_values import from_json, to_json
from leitmotif_services.evaluation.scoring.scoring_settings import BosPolicy, ScoringSettings
from leitmotif_services.runtime.errors import Reason, ServiceError

SCHEMA = "2"
FIRST_SCHEMA = "1"


def milliseconds(time: datetime) -> int:
    """Time as it is stored."""
    return round(time.timestamp() * 1000)


def new_job_fields(job: Job) -> dict[str, str]:
    """Fields of a job that was just created; its state is written by the script that queues it."""
    return {
        "schema": SCHEMA,
        "kind": kind_of(job.spec).value,
        "spec": to_json(job.spec),
        "text_bytes": str(job.text_bytes),
        "created_at": str(milliseconds(job.created_at)),
        "tenant": job.tenant,
        "priority": job.priority.value,
    }


def decode_job(job_id: str, record: Mapping[bytes, bytes]) -> Job:
    """The job of a hash as HGETALL returns it; STORED_VALUE_UNREADABLE when it is of another schema or damaged."""
    try:
        fields = {key.decode(): value.decode() for key, value in record.items()}
        kind = JobKind.PERPLEXITY if fields["schema"] == FIRST_SCHEMA else JobKind(fields["kind"])
        return Job(
            job_id=job_id,
            state=JobState(fields["state"]),
            spec=_spec(fields["schema"], kind, fields["spec"]),
            text_bytes=int(fields["text_bytes"]),
            created_at=_required_time(fields["created_at"]),
            progress=from_json(JobProgress, fields["progress"]) if "progress" in fields else JobProgress(),
            result=from_json(KINDS[kind].result, fields["result"]) if "result" in fields else None,
            failure=_failure(json.loads(fields["failure"])) if "failure" in fields else None,
            started_at=_time(fields.get("started_at")),
            ended_at=_time(fields.get("ended_at")),
            attempts=int(fields.get("attempts", "0")),
            priority=Priority(fields.get("priority", Priority.NORMAL)),
            tenant=fields.get("tenant", DEFAULT_TENANT),
            dead_letter="dead_letter" in fields,
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise ServiceError(
            Reason.STORED_VALUE_UNREADABLE, f"the stored job {job_id!r} cannot be read by this release", job_id=job_id
        ) from error


def _spec(schema: str, kind: JobKind, text: str) -> JobSpec:
    if schema == SCHEMA:
        return from_json(KINDS[kind].spec, text)
    if schema != FIRST_SCHEMA:
        raise ValueError(f"schema {schema}")
    value: dict[str, Any] = json.loads(text)
    settings = value["settings"]
    settings["bos"] = BosPolicy(settings["bos"])
    return PerplexitySpec(value["model"], TextSource(path=value["text_path"]), ScoringSettings(**settings))


def _failure(value: dict[str, Any]) -> JobFailure:
    return JobFailure(Reason(str(value["reason"])), str(value["message"]), dict(value["metadata"]))


def _time(value: str | None) -> datetime | None:
    return None if value is None else _required_time(value)


def _required_time(value: str) -> datetime:
    return datetime.fromtimestamp(int(value) / 1000, UTC)
