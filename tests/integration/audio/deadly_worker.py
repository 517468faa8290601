"""The decoding process, with a decoder that does to it what a hostile file might: `python -m … ` as the real one."""

import contextlib
import ctypes
import os
import signal
import sys

import numpy as np

from leitmotif_services.audio import decoding_worker
from leitmotif_services.audio.audio_decoding import decode


def deadly(content, sample_rate_hz, limits=None, **options):
    match content[:8]:
        case b"segfault":
            ctypes.string_at(0)
        case b"be kille":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"hang on ":
            ctypes.PyDLL(None).sleep(600)  # with the interpreter's lock: no thread of this process runs
        case b"hog all ":
            np.ones(1 << 32, np.uint8)
        case b"rambling":
            with contextlib.suppress(OSError):  # where it goes to a file, which the process may not write
                os.write(1, b"a library prints")
        case b"a defect":
            raise LookupError("of the decoder's own")
    return decode(content, sample_rate_hz, limits, **options)


if __name__ == "__main__":
    decoding_worker.decode = deadly
    decoding_worker.main(sys.argv[1:])
