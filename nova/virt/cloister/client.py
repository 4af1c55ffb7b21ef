# SPDX-License-Identifier: Apache-2.0
"""One call to cloister-hostd: Varlink (a JSON object, then NUL) over a unix socket.

Standard library only. Each call has a connection and one deadline for everything, so that a daemon
that hangs costs the caller no more than that. Plain sockets with a timeout: under eventlet's
monkey patching they yield, without it they do not. No threads, nothing kept between calls.
"""

import json
import socket
import time

MESSAGE_LIMIT = 8 * 1024 * 1024  # hostd's own, in both directions
LAUNCH = "io.cloister.Launch"


class HostdError(Exception):
    """A call had no answer that could be used; the text is one line for a person."""


class Unreachable(HostdError):
    """Nobody answered in time: hostd is down, hangs, or the socket is not ours to use."""


class Refused(HostdError):
    """hostd answered with an error."""

    def __init__(self, name, message):
        super().__init__(f"cloister-hostd: {message} ({name})" if message else
                         f"cloister-hostd: {name}")
        self.name = name
        self.message = message


class Garbled(HostdError):
    """What came is not an answer."""


class Client:
    """Calls on one socket; safe to share, as each call stands alone."""

    def __init__(self, path, deadline, clock=time.monotonic):
        self.path = path
        self.deadline = deadline
        self._clock = clock

    def rewrite(self, xml, policy, technology=None, data=None):
        return self._launch("Rewrite", xml=xml, policy=policy, technology=technology, data=data)

    def verify(self, xml, policy, technology=None, data=None, stage=None):
        return self._launch("Verify", xml=xml, policy=policy, technology=technology, data=data,
                            stage=stage)

    def inventory(self):
        """Key pools as a scheduler is to be told of them; nova.virt.cloister.inventory reads it."""
        return self.call(f"{LAUNCH}.Inventory")

    def _launch(self, method, **parameters):
        answer = self.call(f"{LAUNCH}.{method}", **parameters)
        if not isinstance(answer.get("verdict"), str):
            raise Garbled(f"cloister-hostd answers {method} without a verdict")
        return answer

    def call(self, method, **parameters):
        """The reply's parameters. What is None is not sent: absent is how Varlink says so."""
        sent = {name: value for name, value in parameters.items() if value is not None}
        message = json.dumps({"method": method, "parameters": sent}).encode() + b"\0"
        if len(message) > MESSAGE_LIMIT:
            raise Refused("io.cloister.Error.TooLarge",
                          f"a message of {len(message)} bytes; at most {MESSAGE_LIMIT} are taken")
        return self._parse(self._exchange(message))

    def _exchange(self, message):
        end = self._clock() + self.deadline
        step = "connect to"
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
                self._connect(link, end)
                step = "have an answer of"
                try:
                    link.settimeout(self._left(end))
                    link.sendall(message)
                except BrokenPipeError:
                    pass  # it may have said why before it hung up
                return self._receive(link, end)
        except TimeoutError:
            raise Unreachable(f"cannot {step} cloister-hostd at {self.path}: nothing within "
                              f"{self.deadline:g} seconds") from None
        except OSError as error:
            raise Unreachable(f"cannot {step} cloister-hostd at {self.path}: "
                              f"{error.strerror or error}") from None

    def _left(self, end):
        left = end - self._clock()
        if left <= 0:
            raise TimeoutError
        return left

    def _connect(self, link, end):
        """A unix socket whose backlog is full says EAGAIN at once to who has a timeout set."""
        while True:
            link.settimeout(self._left(end))
            try:
                return link.connect(self.path)
            except BlockingIOError:
                time.sleep(min(0.05, self._left(end)))

    def _receive(self, link, end):
        parts, size = [], 0
        while True:
            link.settimeout(self._left(end))
            part = link.recv(65536)
            if not part:
                raise Unreachable(f"cloister-hostd at {self.path} hung up before it had answered")
            text, nul, _ = part.partition(b"\0")
            parts.append(text)
            size += len(text)
            if size > MESSAGE_LIMIT:
                raise Garbled(f"cloister-hostd's answer has more than {MESSAGE_LIMIT} bytes")
            if nul:
                return b"".join(parts)

    @staticmethod
    def _parse(text):
        try:
            reply = json.loads(text)
        except (ValueError, RecursionError):
            raise Garbled("cloister-hostd's answer is not JSON") from None
        if not isinstance(reply, dict) or not isinstance(reply.get("parameters", {}), dict):
            raise Garbled("cloister-hostd's answer is not a Varlink reply")
        parameters = reply.get("parameters", {})
        if "error" in reply:
            message = parameters.get("message") or parameters.get("parameter") or ""
            raise Refused(str(reply["error"]), str(message))
        return parameters
