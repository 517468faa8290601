"""Deletes expired texts, and what broken uploads left, now and then."""

import asyncio
import logging

from leitmotif_services.evaluation.inputs.uploaded_texts import UploadedTexts
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import ServiceError

log = logging.getLogger(__name__)

LONGEST_INTERVAL_S = 3600.0


class UploadSweep:
    """Sweeps at its start and then every `interval_s`, on `admission`'s threads, until it is stopped."""

    def __init__(self, texts: UploadedTexts, admission: Admission, *, interval_s: float) -> None:
        self._texts = texts
        self._admission = admission
        self._interval_s = interval_s
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Sweep no more."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                deleted = await self._admission.run(self._texts.sweep)
                if deleted:
                    log.info("uploaded texts swept", extra={"files": deleted})
            except ServiceError as error:
                log.warning("uploaded texts cannot be swept: %s", error)
            await asyncio.sleep(self._interval_s)
