"""What whole-program tests stand on: a virtual device, lockstep runs, a person at a terminal, scripted devices, openssl.

LOCKSTEP_BUILD names the folder of the programs, LOCKSTEP_ROOT the checkout. Everything a run writes goes to a scratch folder.
"""
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import zlib

ROOT = pathlib.Path(os.environ.get("LOCKSTEP_ROOT", pathlib.Path(__file__).resolve().parents[2]))
SAMPLE = {"atecc508a": ROOT / "scripts" / "atca-test-config.yaml", "atecc608a": ROOT / "scripts" / "atca-test-config-608a.yaml"}
SERIAL = "012352aad1bbf378ee"  # of every fresh virtual chip
PATIENCE = 60  # seconds after which a run counts as hanging


def program(name):
    return str(pathlib.Path(os.environ.get("LOCKSTEP_BUILD", ROOT / "build")) / name)


class Scratch:
    """A folder that is gone at the end, with its own XDG folders."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="lockstep-test-"))

    def file(self, name, content=b"", mode=0o600):
        path = self.path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        return path

    def environment(self, **more):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LOCKSTEP_", "MOS_", "XDG_"))}
        own = {f"XDG_{n}_HOME": str(self.path / "xdg" / n.lower()) for n in ("STATE", "CONFIG", "DATA", "CACHE")}
        return {**kept, **own, "HOME": str(self.path), "TERM": "dumb", **more}

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Sim:
    """lockstep-sim on a folder. Use with `with`, or start() and stop()."""

    def __init__(self, state=None, http=True, pace=False, chip=None, faults=(), options=()):
        self._own = None if state else tempfile.mkdtemp(prefix="lockstep-sim-")
        self.state = pathlib.Path(state or self._own)
        self.words = ["--state", str(self.state)]
        self.words += ["--http", "0"] if http else []
        self.words += ["--pace"] if pace else []
        self.words += ["--chip", chip] if chip else []
        for fault in faults:
            self.words += ["--fault", fault]
        self.words += list(options)
        self.child = self.pty = self.http_port = None

    def start(self):
        self.child = subprocess.Popen([program("lockstep-sim"), *self.words], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        for line in self.child.stdout:
            kind, _, rest = line.strip().partition(" ")
            if kind == "uart":
                self.pty = rest
            elif kind == "http":
                self.http_port = int(rest.rsplit(":", 1)[1])
            elif kind == "ready":
                return self
        said = self.child.stderr.read()
        self.stop()
        raise AssertionError(f"lockstep-sim did not come up: {said}")

    def stop(self):
        if self.child is not None:
            if self.child.poll() is None:
                self.child.send_signal(signal.SIGTERM)
            self.child.wait(PATIENCE)
            self.child.stdout.close()
            self.child.stderr.close()
            self.child = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *what):
        self.stop()
        if self._own:
            shutil.rmtree(self._own, ignore_errors=True)

    @property
    def ws(self):
        return f"ws://127.0.0.1:{self.http_port}/rpc"

    @property
    def http(self):
        return f"http://127.0.0.1:{self.http_port}/rpc"

    def journal(self):
        """Every request the device got, in order."""
        path = self.state / "journal.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [line for line in lines if "method" in line]

    def methods(self):
        return [line["method"] for line in self.journal()]


class Run:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"status {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def lockstep(scratch, *words, port=None, stdin="", cwd=None, binary=False, **environment):
    """One run without a terminal."""
    command = [program("lockstep"), *(["--port", str(port)] if port else []), *map(str, words)]
    done = subprocess.run(command, input=stdin if isinstance(stdin, bytes) else stdin.encode(), capture_output=True,
                          cwd=cwd or scratch.path, env=scratch.environment(**environment), timeout=PATIENCE, start_new_session=True)
    out = done.stdout if binary else done.stdout.decode(errors="replace")
    return Run(done.returncode, out, done.stderr.decode(errors="replace"))


class Terminal:
    """lockstep run on a terminal of its own, and the person in front of it."""

    def __init__(self, scratch, *words, port=None, ahead=b""):
        command = [program("lockstep"), *(["--port", str(port)] if port else []), *map(str, words)]
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(scratch.path)
                os.execve(command[0], command, scratch.environment())
            finally:
                os._exit(127)  # never a second run of the tests
        self.text = ""
        if ahead:
            os.write(self.fd, ahead)

    def read_until(self, pattern):
        """Reads until the pattern was shown; False when the program ended before."""
        deadline = time.monotonic() + PATIENCE
        while not re.search(pattern, self.text):
            if not select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"{pattern} did not appear in: {self.text}")
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                piece = b""
            if not piece:
                return False
            self.text += piece.decode(errors="replace")
        return True

    def type(self, keys):
        os.write(self.fd, keys if isinstance(keys, bytes) else keys.encode())

    def end(self):
        """Reads to the end and returns the exit status."""
        self.read_until(r"\Z(?!)")
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Peer:
    """A scripted device behind tcp://: `serve(connection)` runs on a thread for each connection."""

    def __init__(self, serve):
        self.serve = serve
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            self.serve(connection)
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *what):
        # shutdown first: it wakes an accept that waits
        for s in (self.listener, *self.connections):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()


def frames(connection):
    """The requests that come in, one dict each, from UART framing."""
    pending = b""
    while True:
        piece = connection.recv(65536)
        if not piece:
            return
        pending += piece
        *lines, pending = pending.split(b"\n")
        for line in lines:
            if line.startswith(b"{"):
                yield json.loads(line[:line.rindex(b"}") + 1])


def frame(message):
    text = json.dumps(message)
    return f"\n{text}{zlib.crc32(text.encode()):08x}\n".encode()


def answers(handler):
    """serve() for Peer: handler(request) gives a result, an (code, message) error, or None for no answer."""
    def serve(connection):
        for request in frames(connection):
            said = handler(request)
            if said is None:
                continue
            body = {"id": request["id"], "src": "esp32_PEER", "dst": request.get("src")}
            body.update({"error": {"code": said[0], "message": said[1]}} if isinstance(said, tuple) else {"result": said})
            connection.sendall(frame(body))
    return serve


def flood_line(size):
    """serve() for Peer: one line without an end, as long as that, and then silence."""
    def serve(connection):
        block = b"x" * 65536
        for _ in range(size // len(block)):
            connection.sendall(block)
        while connection.recv(65536):
            pass
    return serve


def openssl(*words, stdin=b"", check=True, both=False):
    done = subprocess.run(["openssl", *map(str, words)], input=stdin, capture_output=True, timeout=PATIENCE)
    if check and done.returncode != 0:
        raise AssertionError(f"openssl {' '.join(map(str, words))}: {done.stderr.decode()}")
    return done.stdout + done.stderr if both else done.stdout


def ec_key(path, curve="prime256v1"):
    """A key as the documents make it: EC PARAMETERS before EC PRIVATE KEY."""
    openssl("ecparam", "-out", path, "-name", curve, "-genkey")
    path.chmod(0o600)
    return path


def public_key(path):
    return openssl("pkey", "-in", path, "-pubout").decode()
