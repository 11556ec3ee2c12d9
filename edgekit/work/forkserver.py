"""The process behind ForkServer: `python -m edgekit.work.forkserver {"modules": …}`.

It gets the path of a job and a socket, forks, and writes to the socket how the copy ended. A copy
whose socket is shut is killed. It has a single thread, as what forks must.
"""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import select
import selectors
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from edgekit.work.children import LOG
from edgekit.work.worker import look_in, main


def serve(control: socket.socket) -> None:
    """Take jobs until the other end is closed.

    The copies end with this process: the kernel sees to it (worker.end_with).
    """
    copies: dict[int, tuple[int, socket.socket]] = {}  # by pidfd
    with selectors.DefaultSelector() as events:
        events.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in events.select():
                if key.fileobj is control:
                    told, sockets, *_ = socket.recv_fds(control, 1 << 16, 1)
                    if not told:
                        return
                    connection = socket.socket(fileno=sockets[0])
                    pid = fork(Path(os.fsdecode(told)), [control, connection])
                    end = os.pidfd_open(pid)
                    copies[end] = pid, connection
                    events.register(end, selectors.EVENT_READ)
                    events.register(connection, selectors.EVENT_READ, pid)
                elif key.fileobj in copies:
                    pid, connection = copies.pop(int(key.fd))
                    _, status = os.waitpid(pid, 0)
                    events.unregister(key.fd)
                    os.close(key.fd)
                    with suppress(KeyError):
                        events.unregister(connection)
                    with suppress(OSError), connection:  # nobody waits any more
                        connection.send(str(os.waitstatus_to_exitcode(status)).encode())
                else:
                    events.unregister(key.fileobj)
                    os.kill(key.data, signal.SIGKILL)


def end_with(lifeline: int) -> None:
    """End when the parent does, however it does, even in the middle of an import.

    By the signal that the kernel sends when a pipe breaks: its default is to end the process. (The
    parent's death itself, which workers watch, is that of the thread that made them: not of ours.)
    """
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([lifeline], [], [], 0)[0]:  # it broke before
        os._exit(1)


def fork(job: Path, sockets: list[socket.socket]) -> int:
    """Do a job in a copy of this process."""
    server = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        for each in sockets:
            each.close()
        os.setsid()
        log = os.open(job.parent / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        os.dup2(log, 1)
        os.dup2(log, 2)
        code = main(job, server)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    end_with(asked["lifeline"])
    look_in(asked["path"])
    for module in asked["modules"]:
        with suppress(Exception):  # the step that needs it tells why it cannot be imported
            importlib.import_module(module)
    serve(socket.socket(fileno=asked["control"]))
