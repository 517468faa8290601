"""How a job is written into a Redis hash, and read back. Schema 1: times in ms since 1970, compound values as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime

from leitmotif_services.evaluation.jobs.job import Job, JobFailure, JobState, PerplexitySpec
from leitmotif_services.evaluation.scoring.document_scoring import Progress
from leitmotif_services.evaluation.scoring.perplexity import PerplexityResult
from leitmotif_services.evaluation.scoring.scoring_settings import BosPolicy, ScoringSettings
from leitmotif_services.runtime.errors import Reason, ServiceError

SCHEMA = "1"


def milliseconds(time: datetime) -> int:
    """Time as it is stored."""
    return round(time.timestamp() * 1000)


def new_job_fields(job: Job) -> dict[str, str]:
    """Fields of a job that was just created; its state is written by the script that queues it."""
    return {
        "schema": SCHEMA,
        "spec": json.dumps(asdict(job.spec)),
        "text_bytes": str(job.text_bytes),
        "created_at": str(milliseconds(job.created_at)),
    }


def encode(value: PerplexityResult | JobFailure | Progress) -> str:
    """JSON of a result, a failure or progress."""
    return json.dumps(asdict(value))


def decode_job(job_id: str, record: Mapping[bytes, bytes]) -> Job:
    """The job of a hash as HGETALL returns it; STORED_VALUE_UNREADABLE when it is of another schema or damaged."""
    try:
        fields = {key.decode(): value.decode() for key, value in record.items()}
        if fields["schema"] != SCHEMA:
            raise ValueError(f"schema {fields['schema']}")
        return Job(
            job_id=job_id,
            state=JobState(fields["state"]),
            spec=_spec(json.loads(fields["spec"])),
            text_bytes=int(fields["text_bytes"]),
            created_at=_required_time(fields["created_at"]),
            progress=Progress(**json.loads(fields["progress"])) if "progress" in fields else Progress(),
            result=PerplexityResult(**json.loads(fields["result"])) if "result" in fields else None,
            failure=_failure(json.loads(fields["failure"])) if "failure" in fields else None,
            started_at=_time(fields.get("started_at")),
            ended_at=_time(fields.get("ended_at")),
            attempts=int(fields.get("attempts", "0")),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise ServiceError(
            Reason.STORED_VALUE_UNREADABLE, f"the stored job {job_id!r} cannot be read by this release", job_id=job_id
        ) from error


def _spec(value: dict[str, object]) -> PerplexitySpec:
    settings = dict(value.pop("settings"))  # type: ignore[call-overload]
    return PerplexitySpec(**value, settings=ScoringSettings(**settings | {"bos": BosPolicy(settings["bos"])}))  # type: ignore[arg-type]


def _failure(value: dict[str, object]) -> JobFailure:
    return JobFailure(Reason(str(value["reason"])), str(value["message"]), dict(value["metadata"]))  # type: ignore[call-overload]


def _time(value: str | None) -> datetime | None:
    return None if value is None else _required_time(value)


def _required_time(value: str) -> datetime:
    return datetime.fromtimestamp(int(value) / 1000, UTC)
