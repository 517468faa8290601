"""`python -m leitmotif_services.evaluation.worker_main`: one worker, beside a service or on a machine of its own."""

import asyncio
import logging
import os
import signal
import sys
import threading

import uvloop

from leitmotif_services.evaluation.adaptation.trainable_model import TrainableModel
from leitmotif_services.evaluation.config import EvaluationConfig
from leitmotif_services.evaluation.inputs.root_folder import RootFolder
from leitmotif_services.evaluation.inputs.uploaded_texts import UploadedTexts
from leitmotif_services.evaluation.jobs.adapted_models import AdaptedModels
from leitmotif_services.evaluation.jobs.job_inputs import JobInputs
from leitmotif_services.evaluation.jobs.job_runs import JobRuns
from leitmotif_services.evaluation.jobs.model_cache import ModelCache
from leitmotif_services.evaluation.jobs.redis_connection import connect
from leitmotif_services.evaluation.jobs.redis_job_queue import RedisJobQueue
from leitmotif_services.evaluation.jobs.worker import Worker
from leitmotif_services.evaluation.models.language_model import LanguageModel
from leitmotif_services.evaluation.models.model_folder import ModelFolder
from leitmotif_services.runtime.environment import ConfigurationError
from leitmotif_services.runtime.logs import configure_logs

SUPERVISED = "--supervised"
"""Argument under which the end of standard input means that whoever started the worker is gone."""

log = logging.getLogger(__name__)


def uploaded_texts(config: EvaluationConfig) -> UploadedTexts:
    """The configured store of uploads; a text is kept as long as a job that may have been asked for with it."""
    return UploadedTexts(
        config.upload_root,
        max_text_bytes=config.max_text_bytes,
        max_tenant_bytes=config.max_upload_bytes,
        retention_s=config.retention_s,
    )


def job_inputs(config: EvaluationConfig) -> JobInputs:
    """The configured roots."""
    return JobInputs(
        RootFolder(config.model_root),
        RootFolder(config.text_root),
        uploaded_texts(config),
        AdaptedModels(config.model_root, retention_s=config.retention_s),
        max_text_bytes=config.max_text_bytes,
    )


async def work(config: EvaluationConfig, stop: asyncio.Event) -> None:
    """Work on the configured queue until `stop` is set."""

    def load(folder: ModelFolder) -> LanguageModel:
        # Imported when the first job comes: until then a worker is small.
        from leitmotif_services.evaluation.models.model_loading import load_any_language_model

        return load_any_language_model(folder, threads=config.torch_threads, memory_limit_bytes=config.memory_limit_bytes)

    def load_trainable(folder: ModelFolder) -> TrainableModel:
        from leitmotif_services.evaluation.adaptation.torch_adaptation import load_trainable_model

        return load_trainable_model(folder, threads=config.torch_threads, memory_limit_bytes=config.memory_limit_bytes)

    queue = RedisJobQueue(
        connect(config.redis_url), key_prefix=config.key_prefix, lease_s=config.lease_s, max_attempts=config.max_attempts
    )
    jobs = JobRuns(
        job_inputs(config),
        ModelCache(load, memory_limit_bytes=config.memory_limit_bytes),
        load_trainable,
        checkpoint_interval_s=config.checkpoint_s,
    )
    try:
        await Worker(queue, jobs.run, heartbeat_s=config.heartbeat_s, grace_s=config.server.grace_s).run(stop)
    finally:
        await queue.close()


async def _serve(config: EvaluationConfig, *, supervised: bool) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if supervised:
        threading.Thread(target=_await_orphanhood, args=(loop, stop), daemon=True).start()
    log.info("worker ready", extra={"pid": os.getpid()})
    await work(config, stop)


def _await_orphanhood(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    sys.stdin.buffer.read()
    loop.call_soon_threadsafe(stop.set)


def main() -> int:
    """Work until SIGTERM or SIGINT. Returns the exit code: 0 stopped, 2 wrong configuration."""
    configure_logs("evaluation-worker", os.environ.get("LEITMOTIF_LOG_LEVEL", "INFO").upper())
    try:
        config = EvaluationConfig.from_environment(os.environ)
    except ConfigurationError as error:
        for problem in error.problems:
            print(f"leitmotif evaluation worker: {problem}", file=sys.stderr)
        return 2
    uvloop.run(_serve(config, supervised=SUPERVISED in sys.argv[1:]))
    return 0


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    # A job that was handed back may still be inside a window; its result is nobody's, so nothing waits for it.
    os._exit(code)
