"""The service as a process of its own, to be killed."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def service(redis_url: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LEITMOTIF_")}
    environ |= {"LEITMOTIF_PROFILES_LISTEN": "127.0.0.1:0", "LEITMOTIF_PROFILES_REDIS_URL": redis_url}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "leitmotif_services.profiles"),
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        ready = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        assert ready.startswith("leitmotif profiles ready on port "), ready
        yield process, int(ready.split()[-1])
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
