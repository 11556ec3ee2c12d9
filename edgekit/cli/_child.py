"""Goes on in a child process, so that the crash of an engine is one line like any other error."""

from __future__ import annotations

import os
import signal

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def go_on_in_child() -> str:
    """Returns in a child process; in the parent, why the child crashed, once it has.

    A child that ends by itself ends the parent with its code. Both are one command to the user:
    signals are passed on, and the child does not outlive the parent.
    """
    from edgekit.work.worker import end_with

    parent = os.getpid()
    child = os.fork()
    if child == 0:
        os.setsid()  # what a terminal sends reaches the parent, and the child once
        end_with(parent)
        return ""
    for number in ENDS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda sent, _: os.kill(child, sent))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code >= 0:
        os._exit(code)
    name = signal.Signals(-code).name
    if -code == signal.SIGKILL:
        return f"the process was killed ({name}): memory may have been short; close other programs"
    return (
        f"the engine crashed ({name}); the artifact may be damaged or made to do harm: "
        "run only bundles whose origin you trust"
    )
