"""How a child process of ours ends with the process that started it, even when that one is killed."""

from __future__ import annotations

# Python source that a child runs first; its first two arguments are the signal and the supervisor's process id.
# Linux sends the signal when the supervisor ends: prctl(PR_SET_PDEATHSIG); elsewhere the next start sweeps. It is said
# in the child itself, because running Python between fork and exec (preexec_fn) can deadlock a process with threads:
# another thread may hold a lock, such as the loader's while it imports, that nobody releases in the child. A change of
# user clears it (prctl(2)), so that has to come before.
END_WITH_SUPERVISOR = """
import os, sys
ending, supervisor = int(sys.argv.pop(1)), int(sys.argv.pop(1))
if sys.platform == "linux":
    import ctypes
    ctypes.CDLL(None).prctl(1, ending)
if os.getppid() != supervisor:
    os._exit(1)
"""
