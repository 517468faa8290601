"""Puts the evaluation service together."""

from leitmotif.api.evaluation.v1 import evaluation_pb2, evaluation_pb2_grpc, texts_pb2, texts_pb2_grpc
from leitmotif_services.evaluation.config import EvaluationConfig
from leitmotif_services.evaluation.inputs.upload_sweep import LONGEST_INTERVAL_S, UploadSweep
from leitmotif_services.evaluation.jobs.job_store import JobStore
from leitmotif_services.evaluation.jobs.redis_connection import connect
from leitmotif_services.evaluation.jobs.redis_job_store import RedisJobStore
from leitmotif_services.evaluation.jobs.supervisor import WorkerSupervisor
from leitmotif_services.evaluation.servicer import EvaluationServicer
from leitmotif_services.evaluation.texts_servicer import TextsServicer
from leitmotif_services.evaluation.worker_main import job_inputs, uploaded_texts
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.app import App

SERVICE_NAME = evaluation_pb2.DESCRIPTOR.services_by_name["EvaluationService"].full_name
TEXTS_SERVICE_NAME = texts_pb2.DESCRIPTOR.services_by_name["TextsService"].full_name


async def build(config: EvaluationConfig, *, store: JobStore | None = None) -> App:
    """The app, its workers started. Redis need not be up: calls are STORE_UNAVAILABLE until it is."""
    app = App("evaluation")
    if store is None:
        store = RedisJobStore(
            connect(config.redis_url),
            key_prefix=config.key_prefix,
            retention_s=config.retention_s,
            max_queued_jobs=config.max_queued_jobs,
            max_tenant_jobs=config.max_tenant_jobs,
        )
    app.on_close(store.close)
    admission = Admission("evaluation-inputs", workers=2, waiting=64)
    app.on_close(admission.close)
    app.mount(
        SERVICE_NAME,
        evaluation_pb2_grpc.add_EvaluationServiceServicer_to_server,
        EvaluationServicer(store, job_inputs(config), admission),
    )
    texts = uploaded_texts(config)
    app.mount(TEXTS_SERVICE_NAME, texts_pb2_grpc.add_TextsServiceServicer_to_server, TextsServicer(texts, admission))
    app.on_close(UploadSweep(texts, admission, interval_s=min(config.retention_s, LONGEST_INTERVAL_S)).stop)
    if config.workers:
        supervisor = WorkerSupervisor(
            config.workers,
            environment=config.worker_environment(),
            threads=config.torch_threads,
            grace_s=config.server.grace_s,
        )
        app.on_close(supervisor.stop)
    return app
