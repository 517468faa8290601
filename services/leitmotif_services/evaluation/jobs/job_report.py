"""The report of a job that succeeded."""

from leitmotif_services.evaluation.jobs.adapted_models import AdaptedModel
from leitmotif_services.evaluation.jobs.job_kinds import JobResult, JobSpec
from leitmotif_services.evaluation.reports.report import Reported, report_of
from leitmotif_services.runtime.errors import Reason, ServiceError


def job_report(job_id: str, spec: JobSpec, result: JobResult) -> str:
    """One HTML page; METHOD_NOT_OFFERED where the extra is missing that draws its pictures. Takes a second the first time."""
    reported: Reported
    match result:
        case AdaptedModel():
            reported = result.adaptation
        case _:
            reported = result
    try:
        return report_of(spec, reported)
    except ModuleNotFoundError as error:
        raise ServiceError(
            Reason.METHOD_NOT_OFFERED,
            "reports need leitmotif[evaluation], which this service does not have",
            job_id=job_id,
        ) from error
