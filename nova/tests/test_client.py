# SPDX-License-Identifier: Apache-2.0
"""The client of hostd's socket against servers that hang, hang up, flood and garble.

Its deadline is tested with a clock of the test's own where that matters, never by how long it took.
"""

import json
import os
import pathlib
import socket
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "virt" / "cloister"))
import client  # noqa: E402


class Server:
    """Takes one connection, reads one message, and does what @behave wants with the socket."""

    def __init__(self, folder, behave):
        self.path = os.path.join(folder, "sock")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(1)
        self.heard = None
        self.thread = threading.Thread(target=self.serve, args=(behave,), daemon=True)
        self.thread.start()

    def serve(self, behave):
        link, _ = self.listener.accept()
        with link:
            text = b""
            while not text.endswith(b"\0"):
                part = link.recv(65536)
                if not part:
                    return
                text += part
            self.heard = json.loads(text[:-1])
            try:
                behave(link)
            except OSError:
                pass  # the client is gone, as it should be

    def close(self):
        self.listener.close()
        self.thread.join(30)


class ClientTest(unittest.TestCase):
    def ask(self, behave, deadline=20.0, method="io.cloister.Launch.Verify", **parameters):
        with tempfile.TemporaryDirectory() as folder:
            self.server = Server(folder, behave)
            try:
                return client.Client(self.server.path, deadline).call(method, **parameters)
            finally:
                self.server.close()

    def test_answer(self):
        got = self.ask(lambda link: link.sendall(b'{"parameters":{"verdict":"allow"}}\0'),
                       xml="<domain/>", policy="snp", technology=None)
        self.assertEqual(got, {"verdict": "allow"})
        self.assertEqual(self.server.heard, {"method": "io.cloister.Launch.Verify",
                                             "parameters": {"xml": "<domain/>", "policy": "snp"}})

    def test_answer_in_pieces(self):
        def slowly(link):
            for byte in b'{"parameters":{"a":"\xc3\xa4"}}\0':
                link.sendall(bytes([byte]))
        self.assertEqual(self.ask(slowly), {"a": "\u00e4"})

    def test_error(self):
        reply = {"error": "io.cloister.Error.Denied", "parameters": {"message": "not you"}}
        with self.assertRaises(client.Refused) as caught:
            self.ask(lambda link: link.sendall(json.dumps(reply).encode() + b"\0"))
        self.assertEqual(caught.exception.name, "io.cloister.Error.Denied")
        self.assertEqual(str(caught.exception),
                         "cloister-hostd: not you (io.cloister.Error.Denied)")

    def test_garbled(self):
        for text in (b"hello\0", b"[]\0", b'"x"\0', b'{"parameters":3}\0', b"[" * 100000 + b"\0",
                     b"\xff\xfe\0", b"\0", b"NaN\0"):
            with self.subTest(text[:20]), self.assertRaises(client.Garbled):
                self.ask(lambda link, text=text: link.sendall(text))

    def test_no_verdict(self):
        with tempfile.TemporaryDirectory() as folder:
            server = Server(folder, lambda link: link.sendall(b'{"parameters":{}}\0'))
            with self.assertRaises(client.Garbled):
                client.Client(server.path, 20.0).rewrite("<domain/>", "snp")
            server.close()

    def test_flood(self):
        def flood(link):
            while True:
                link.sendall(b" " * 65536)
        with self.assertRaisesRegex(client.Garbled, "more than 8388608 bytes"):
            self.ask(flood)

    def test_hangs_up(self):
        for said in (b"", b'{"parameters":'):
            with self.subTest(said), self.assertRaisesRegex(client.Unreachable, "hung up"):
                self.ask(lambda link, said=said: link.sendall(said))

    def test_hangs(self):
        gone = threading.Event()
        try:
            with self.assertRaisesRegex(client.Unreachable, "nothing within 0.2 seconds"):
                with tempfile.TemporaryDirectory() as folder:
                    server = Server(folder, lambda link: gone.wait(60))
                    client.Client(server.path, 0.2).call("a.B")
        finally:
            gone.set()
            server.close()

    def test_one_deadline_for_all(self):
        """A byte now and then must not start it anew: on a clock that every look moves a second on,
        the deadline is over although each wait has an answer at once."""
        moments = iter(range(1000))

        def drip(link):
            while True:
                link.sendall(b" ")
        with tempfile.TemporaryDirectory() as folder:
            server = Server(folder, drip)
            with self.assertRaisesRegex(client.Unreachable, "nothing within 20 seconds"):
                client.Client(server.path, 20, clock=lambda: next(moments)).call("a.B")
            server.close()
        self.assertGreater(next(moments), 20)

    def test_nobody(self):
        with tempfile.TemporaryDirectory() as folder:
            for path, why in ((f"{folder}/none", "No such file"), (f"{folder}/dead", "refused")):
                if path.endswith("dead"):
                    with socket.socket(socket.AF_UNIX) as dead:
                        dead.bind(path)
                with self.subTest(path), self.assertRaisesRegex(client.Unreachable, why):
                    client.Client(path, 5.0).call("a.B")

    def test_full_backlog(self):
        """EAGAIN of a full backlog is waited out, within the deadline."""
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"{folder}/sock")
            listener.listen(0)
            waiting = []
            try:
                while len(waiting) < 8:
                    one = socket.socket(socket.AF_UNIX)
                    waiting.append(one)
                    one.setblocking(False)
                    try:
                        one.connect(f"{folder}/sock")
                    except BlockingIOError:
                        break
                with self.assertRaisesRegex(client.Unreachable, "cannot connect to"):
                    client.Client(f"{folder}/sock", 0.2).call("a.B")
            finally:
                for one in waiting:
                    one.close()

    def test_too_large(self):
        with self.assertRaises(client.Refused) as caught:
            client.Client("/nonexistent", 5.0).rewrite("x" * client.MESSAGE_LIMIT, "snp")
        self.assertEqual(caught.exception.name, "io.cloister.Error.TooLarge")


if __name__ == "__main__":
    unittest.main()
