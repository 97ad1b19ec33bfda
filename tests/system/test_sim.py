"""lockstep-sim, judged from outside: raw bytes on the pty, curl, and a WebSocket client written here."""
import base64
import hashlib
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import termios
import time
import tty
import unittest
import zlib

ROOT = pathlib.Path(os.environ.get("LOCKSTEP_ROOT", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("LOCKSTEP_BUILD", ROOT / "build"))
SIM = BUILD / "lockstep-sim"
PATIENCE = 20  # seconds; only a broken device takes that long
QUIET = 0.3    # seconds without an answer that count as none
SERIAL = "012352aad1bbf378ee"


class Sim:
    """A running virtual device."""

    def __init__(self, *args, state=None):
        command = [str(SIM), *args] + (["--state", str(state)] if state else [])
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.endpoints, self._text = [], b""
        self.wait_line("ready")

    def wait_line(self, start):
        """The next line of standard output that begins so."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for i, (line, seen) in enumerate(self.endpoints):
                if line.startswith(start) and not seen:
                    self.endpoints[i] = (line, True)
                    return line
            if not select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"no line {start!r} came; so far: {self.endpoints}")
            chunk = os.read(self.process.stdout.fileno(), 4096)
            if not chunk:
                raise AssertionError(f"ended early: {self.process.communicate()[1].decode()}")
            self._text += chunk
            *lines, self._text = self._text.split(b"\n")
            self.endpoints += [(line.decode(), False) for line in lines]

    def last(self, kind):
        return [line.split(" ", 1)[1] for line, _ in self.endpoints if line.startswith(kind + " ")][-1]

    @property
    def port(self):
        return int(self.last("http").rsplit(":", 1)[1])

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def end(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        _, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, err.decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        code, err = self.end()
        if code not in (0, 3):
            raise AssertionError(f"lockstep-sim ended with {code}: {err}")


class Wire:
    """The host's end of the UART, byte by byte."""

    def __init__(self, path, fresh=True):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd, termios.TCSANOW)  # nothing of the boot log is thrown away
        self.seen = b""
        if fresh and (self.until(b"Init done") is None or self.until(b"\n") is None):
            raise AssertionError(f"no boot log came, but {self.seen[:200]}")

    def close(self):
        os.close(self.fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def write(self, data):
        deadline = time.monotonic() + PATIENCE
        while data:
            select.select([], [self.fd], [], max(0, deadline - time.monotonic()))
            data = data[os.write(self.fd, data):]

    def read(self, seconds):
        """Adds what comes within that time to self.seen; False when nothing did."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        self.seen += os.read(self.fd, 65536)
        return True

    def until(self, mark, seconds=PATIENCE):
        """Everything up to and with mark; None when it does not come in time."""
        deadline = time.monotonic() + seconds
        while mark not in self.seen:
            left = deadline - time.monotonic()
            if left <= 0 or not self.read(left):
                return None
        at = self.seen.index(mark) + len(mark)
        text, self.seen = self.seen[:at], self.seen[at:]
        return text

    def frame(self, seconds=PATIENCE):
        """The next frame as (object, raw line), log lines left out; None when none comes."""
        deadline = time.monotonic() + seconds
        while True:
            line = self.until(b"\n", max(0, deadline - time.monotonic()))
            if line is None:
                return None
            text = line.strip(b"\r\n").strip(b'"')
            if text.startswith(b'{"'):
                return json.loads(text[:text.rindex(b"}") + 1].decode("latin-1")), line

    def answer(self, number, seconds=PATIENCE):
        deadline = time.monotonic() + seconds
        while (found := self.frame(max(0, deadline - time.monotonic()))) is not None:
            if found[0].get("id") == number and "method" not in found[0]:
                return found[0]
        return None

    def call(self, method, args=None, number=7, crc=True, seconds=PATIENCE):
        self.write(request(method, args, number, crc))
        return self.answer(number, seconds)


def request(method, args=None, number=7, crc=True):
    frame = {"id": number, "method": method}
    if args is not None:
        frame["args"] = args
    text = json.dumps(frame).encode()
    return b"\n" + text + (b"%08x" % zlib.crc32(text) if crc else b"") + b"\n"


class WebSocket:
    """RFC 6455's client side, as little of it as the tests need."""

    def __init__(self, port, path="/rpc", wrap=lambda plain: plain):
        self.socket = wrap(socket.create_connection(("127.0.0.1", port), PATIENCE))
        key = base64.b64encode(os.urandom(16))
        self.socket.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n" % (path.encode(), key))
        self.seen = b""
        while b"\r\n\r\n" not in self.seen:
            self.seen += self.socket.recv(4096)
        self.head, self.seen = self.seen.split(b"\r\n\r\n", 1)
        self.status = int(self.head.split()[1])
        wanted = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        self.accepted = b"sec-websocket-accept: " + wanted.lower() in self.head.lower()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, payload, opcode=1):
        mask = os.urandom(4)
        n = len(payload)
        length = bytes([0x80 | n]) if n < 126 else b"\xfe" + struct.pack(">H", n) if n < 65536 else b"\xff" + struct.pack(">Q", n)
        body = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
        self.socket.sendall(bytes([0x80 | opcode]) + length + mask + body)

    def take(self, n):
        while len(self.seen) < n:
            chunk = self.socket.recv(65536)
            if not chunk:
                raise EOFError
            self.seen += chunk
        data, self.seen = self.seen[:n], self.seen[n:]
        return data

    def receive(self, seconds=PATIENCE):
        """(opcode, payload), None when nothing comes in time, EOFError when the socket was dropped."""
        self.socket.settimeout(seconds)
        try:
            first, n = self.take(2)
            if n == 126:
                n = struct.unpack(">H", self.take(2))[0]
            elif n == 127:
                n = struct.unpack(">Q", self.take(8))[0]
            return first & 15, self.take(n)
        except TimeoutError:
            return None
        except (ConnectionResetError, ssl.SSLEOFError):
            raise EOFError from None

    def call(self, method, args=None, number=7, seconds=PATIENCE):
        frame = {"id": number, "method": method}
        if args is not None:
            frame["args"] = args
        self.send(json.dumps(frame).encode())
        got = self.receive(seconds)
        return json.loads(got[1].decode("latin-1")) if got else None

    def dropped(self):
        """True when the device drops the socket without a close frame."""
        try:
            return self.receive() is None and False
        except EOFError:
            return True


def curl(*args):
    """(exit status, HTTP status, body)."""
    done = subprocess.run(["curl", "-sS", "-m", "10", "-w", "\n%{http_code}", *args], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    body, _, status = done.stdout.rpartition(b"\n")
    return done.returncode, int(status or 0), body


def poll(check, what):
    deadline = time.monotonic() + PATIENCE
    while not (found := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what}")
        select.select([], [], [], 0.01)
    return found


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sim-test-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.state = self.folder / "state"

    def journal(self):
        return [json.loads(line) for line in (self.state / "journal.jsonl").read_text().splitlines()]


class CommandLine(Case):
    def run_sim(self, *args):
        done = subprocess.run([str(SIM), *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
        return done.returncode, done.stdout, done.stderr

    def test_help_names_every_option_and_fault(self):
        code, out, _ = self.run_sim("--help")
        self.assertEqual(code, 0)
        for word in ("--state", "--pty", "--http", "--bind", "--map", "--chip", "--platform", "--pace", "drop-rx:N", "cut-tx:N",
                     "power-msg:N", "unsolicited"):
            self.assertIn(word, out)
        self.assertEqual(self.run_sim("--version")[0], 0)

    def test_wrong_usage_is_a_sentence_and_status_2(self):
        for args, text in ((("--statte", "x"), "--state"), (("--chip", "atecc999"), "atecc608a"), (("--http", "70000"), "65535"),
                           (("--fault", "gremlin"), "drop-rx"), (("--fault", "late"), "late"), (("--map", "443"), "FROM:TO"),
                           (("--http",), "PORT"), (("--bind", "localhost"), "IPv4"), (("--rfc2217", "1"), "RFC 2217"),
                           (("--boot", "download"), "ROM loader"), (("--fault", "mute:1"), "mute")):
            code, out, err = self.run_sim(*args)
            self.assertEqual((code, out), (2, ""), args)
            self.assertIn(text, err)

    def test_endpoints_then_ready_and_a_clean_end(self):
        link = self.folder / "tty"
        with Sim("--http", "0", "--pty", str(link)) as sim:
            self.assertEqual([line.split()[0] for line, _ in sim.endpoints], ["uart", "http", "ready"])
            self.assertEqual(sim.last("uart"), str(link))
            self.assertTrue(link.resolve().is_char_device())
            self.assertEqual(sim.end(), (0, ""))
        self.assertFalse(link.is_symlink())

    def test_a_file_in_the_way_of_the_link_is_left_alone(self):
        link = self.folder / "tty"
        link.write_text("mine")
        code, _, err = self.run_sim("--pty", str(link))
        self.assertEqual(code, 1)
        self.assertIn("something else has that name", err)
        self.assertEqual(link.read_text(), "mine")

    def test_a_temporary_folder_is_gone_after_sigint(self):
        before = set(self.folder.iterdir())
        os.environ["TMPDIR"] = str(self.folder)
        self.addCleanup(os.environ.pop, "TMPDIR")
        with Sim() as sim:
            self.assertEqual(len(set(self.folder.iterdir()) - before), 1)
            self.assertEqual(sim.end(signal.SIGINT)[0], 0)
        self.assertEqual(set(self.folder.iterdir()), before)

    def test_a_folder_keeps_its_board(self):
        with Sim("--chip", "atecc608a", "--platform", "esp8266", state=self.state):
            pass
        code, _, err = self.run_sim("--state", str(self.state), "--chip", "atecc508a")
        self.assertEqual(code, 2)
        self.assertIn("atecc608a", err)
        code, _, err = self.run_sim("--state", str(self.state), "--platform", "esp32")
        self.assertEqual(code, 2)
        with Sim(state=self.state) as sim, Wire(sim.last("uart")) as wire:
            self.assertEqual(wire.call("Sys.GetInfo")["result"]["arch"], "esp8266")
            raw = base64.b64decode(wire.call("ATCA.GetConfig")["result"]["config"])
            self.assertEqual(raw[6], 0x60)

    def test_a_taken_port_is_said_at_once(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            code, _, err = self.run_sim("--http", str(taken.getsockname()[1]))
            self.assertEqual(code, 1)
            self.assertIn("--http 0", err)


class Uart(Case):
    @classmethod
    def setUpClass(cls):
        cls.sim = Sim()
        cls.path = cls.sim.last("uart")
        Wire(cls.path).close()

    @classmethod
    def tearDownClass(cls):
        cls.sim.end()

    def setUp(self):
        super().setUp()
        self.wire = Wire(self.path, fresh=False)
        self.addCleanup(self.wire.close)

    def test_boot_log_comes_first(self):
        with Sim() as sim:
            with Wire(sim.last("uart"), fresh=False) as wire:
                text = wire.until(b"Init done")
        for word in (b"rst:0x1 (POWERON_RESET)", b"\x1b[0;32m", b"MAC: 24:0a:c4:0a:1b:2c", b"mgos_sys_config.c:470   MAC",
                     b"S/N 0x" + SERIAL.encode()):
            self.assertIn(word, text)

    def test_no_crc_until_one_was_seen(self):
        with Sim() as sim, Wire(sim.last("uart")) as wire:
            wire.write(request("RPC.Ping", crc=False))
            self.assertTrue(wire.frame()[1].endswith(b"}\n"))
            wire.write(request("RPC.Ping", crc=True))
            line = wire.frame()[1].strip()
            self.assertEqual(line[-8:], b"%08x" % zlib.crc32(line[:-8]))
            wire.write(request("RPC.Ping", crc=False))
            self.assertRegex(wire.frame()[1], rb"\}[0-9a-f]{8}\n$")

    def test_metadata_behind_the_crc_and_upper_case(self):
        text = b'{"id":5,"method":"RPC.Ping"}'
        self.wire.write(b"\n" + text + b"%08X,more,things\r\n" % zlib.crc32(text))
        self.assertIsNotNone(self.wire.answer(5))

    def test_a_wrong_crc_is_dropped_without_a_word(self):
        self.wire.write(b'\n{"id":5,"method":"RPC.Ping"}00000000\n')
        self.assertIsNone(self.wire.answer(5, QUIET))
        self.wire.write(b'\n{"id":5,"method":"RPC.Ping"}notahexx\n')
        self.assertIsNone(self.wire.answer(5, QUIET))
        self.assertIsNotNone(self.wire.call("RPC.Ping"))

    def test_a_byte_over_0x7f_clears_the_buffer(self):
        self.wire.write(b'\n{"id":5,"method":"RPC.\xc3Ping"}\n')
        self.assertIsNone(self.wire.answer(5, QUIET))
        self.wire.write(b'rubbish\xff{"id":6,"method":"RPC.Ping"}\n')
        self.assertIsNotNone(self.wire.answer(6))

    def test_flow_control_bytes_do_not_count(self):
        self.wire.write(b'\n{"id":5,"meth\x13\x11od":"RPC.Ping"}\n')
        self.assertIsNotNone(self.wire.answer(5))

    def test_a_frame_over_the_limit_is_lost_and_the_channel_recovers(self):
        self.wire.write(request("RPC.Ping", {"x": "a" * 4000}))
        self.assertIsNotNone(self.wire.answer(7))
        self.wire.write(request("RPC.Ping", {"x": "a" * 5000}, number=8))
        self.assertIsNone(self.wire.answer(8, QUIET))
        self.assertIsNotNone(self.wire.call("RPC.Ping", number=9))

    def test_legacy_handshake_and_delimiters(self):
        with Sim() as sim, Wire(sim.last("uart")) as wire:
            wire.write(b'"""\x04"""\n\n')
            self.assertIsNotNone(wire.until(b'"""\x04"""'))
            wire.write(b'"""{"id":5,"method":"RPC.Ping"}"""\n')
            self.assertRegex(wire.frame()[1], rb'^"""\{.*\}"""\n$')

    def test_an_empty_line_is_no_usable_handshake(self):
        with Sim() as sim, Wire(sim.last("uart")) as wire:
            wire.write(b"\n\n")
            self.assertFalse(wire.read(QUIET))

    def test_an_answer_is_set_off_by_line_ends_and_never_cut_by_the_log(self):
        for number in range(50, 60):
            self.wire.write(request("Config.Get", number=number))
        for number in range(50, 60):
            self.assertIn("wifi", self.wire.answer(number)["result"])

    def test_log_and_rpc_share_the_wire(self):
        self.wire.write(request("RPC.Ping"))
        text = self.wire.until(b'{"id":7')
        self.assertIn(b"Called 'RPC.Ping' via 'UART'", text)
        self.assertTrue(text.endswith(b'\n{"id":7'))

    def test_clients_come_and_go(self):
        for _ in range(3):
            with Wire(self.path, fresh=False) as other:
                self.assertIsNotNone(other.call("RPC.Ping"))

    def test_broken_json_is_logged_and_nothing_else(self):
        self.wire.write(b'\n{"id":5,"method":}\n')
        self.assertIsNotNone(self.wire.until(b"Invalid frame"))
        self.wire.write(b'\n{"id":5,"method":"RPC.Ping","dst":"somebody"}\n')
        self.assertIsNone(self.wire.answer(5, QUIET))

    def test_ids_nr_and_notifications(self):
        self.wire.write(b'\n{"id":"12","method":"RPC.Ping"}\n')
        self.assertEqual(self.wire.frame()[0]["id"], 12)
        self.wire.write(b'\n{"id":13,"method":"RPC.Ping","nr":true}\n\n{"method":"RPC.Ping"}\n')
        self.assertIsNone(self.wire.frame(QUIET))
        self.wire.write(b'\n{"id":14,"src":"me","method":"RPC.Ping","params":{}}\n')
        answer = self.wire.answer(14)
        self.assertEqual((answer["dst"], answer["src"]), ("me", "esp32_0A1B2C"))

    def test_hostile_json_is_survived(self):
        self.wire.write(b"\n" + b'{"a":' * 700 + b"1" + b"}" * 700 + b"\n")
        self.wire.write(b"\n{" + b"[" * 4000 + b"}\n")
        self.assertIsNotNone(self.wire.call("RPC.Ping", number=99))

    def test_log_that_nobody_reads_is_not_kept(self):
        with Sim(state=self.state) as sim:
            path = sim.last("uart")
            with Wire(path) as wire:
                for i in range(400):
                    wire.write(b'\n{"method":"RPC.Ping","args":{"n":%d}}\n' % i)
                poll(lambda: len(self.journal()) > 400, "all requests to be done")
            with Wire(path, fresh=False) as wire:
                wire.write(request("RPC.Ping", number=4242))
                # 8 KB of its own and what the kernel's pty buffers hold; the 400 lines would be over 40 KB
                self.assertLess(len(wire.until(b'{"id":4242')), 30000)

    def test_debug_level_3_shows_the_frames_it_gets(self):
        with Sim() as sim, Wire(sim.last("uart")) as wire:
            answer = wire.call("Sys.SetDebug", {"level": 3})
            self.assertEqual(answer["error"]["code"], 0)
            wire.write(request("RPC.Ping", {"secret": "x"}))
            self.assertIn(b'"secret": "x"', wire.until(b"GOT FRAME") + wire.until(b"\n"))


class Http(Case):
    @classmethod
    def setUpClass(cls):
        cls.sim = Sim("--http", "0")

    @classmethod
    def tearDownClass(cls):
        cls.sim.end()

    def test_post_method_answers_the_bare_result(self):
        code, status, body = curl("-d", '{"key":"http.listen_addr"}', self.sim.url("/rpc/Config.Get"))
        self.assertEqual((code, status, json.loads(body)), (0, 200, "80"))
        self.assertEqual(json.loads(curl(self.sim.url("/rpc/Sys.GetInfo"))[2])["id"], "esp32_0A1B2C")

    def test_errors_have_a_status(self):
        for args, status, code, message in ((["/rpc/Nope"], 404, 404, "No handler for Nope"),
                                            (["/rpc/ATCA.LockZone", "-d", '{"zone":5}'], 403, 403, "Invalid zone"),
                                            (["/rpc/ATCA.GenKey", "-d", '{"slot":16}'], 500, 400, "Invalid slot")):
            got = curl(self.sim.url(args[0]), *args[1:])
            self.assertEqual((got[1], json.loads(got[2])), (status, {"code": code, "message": message}))

    def test_post_frame_answers_a_frame(self):
        _, status, body = curl("-d", '{"id":3,"method":"RPC.Ping"}', self.sim.url("/rpc"))
        self.assertEqual((status, json.loads(body)["id"]), (200, 3))

    def test_a_frame_without_id_is_never_answered(self):
        code, _, body = curl("-m", "0.5", "-d", '{"method":"RPC.Ping"}', self.sim.url("/rpc"))
        self.assertEqual((code, body), (28, b""))

    def test_a_request_over_the_limit_is_reset(self):
        self.assertEqual(curl("-d", "{" + " " * 3200 + "}", self.sim.url("/rpc/RPC.Ping"))[0], 56)
        pad = 2600
        self.assertEqual(curl("-d", "{" + " " * pad + "}", self.sim.url("/rpc/RPC.Ping"))[1], 200)

    def test_bad_json_drops_the_connection(self):
        self.assertEqual(curl("-d", "{", self.sim.url("/rpc/RPC.Ping"))[0], 52)
        self.assertEqual(curl("-d", "{}", self.sim.url("/rpc"))[0], 52)

    def test_files_are_served(self):
        curl("-d", json.dumps({"filename": "a.html", "data": base64.b64encode(b"<p>").decode()}), self.sim.url("/rpc/FS.Put"))
        self.assertEqual(curl(self.sim.url("/a.html"))[1:], (200, b"<p>"))
        self.assertEqual(curl(self.sim.url("/none"))[1], 404)
        self.assertEqual(curl("--path-as-is", self.sim.url("/../board.json"))[1], 404)

    def test_hostile_requests_are_survived(self):
        for text in (b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"\x00" * 5000,
                     b"POST /rpc/X HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n\r\n\r\n",
                     b"POST /rpc HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", self.sim.port), PATIENCE) as s:
                try:
                    s.sendall(text)
                    while s.recv(4096):
                        pass
                except ConnectionResetError:
                    pass
        self.assertEqual(curl(self.sim.url("/rpc/RPC.Ping"))[1], 200)


class WebSockets(Case):
    @classmethod
    def setUpClass(cls):
        cls.sim = Sim("--http", "0")

    @classmethod
    def tearDownClass(cls):
        cls.sim.end()

    def open(self, path="/rpc"):
        ws = WebSocket(self.sim.port, path)
        self.addCleanup(ws.close)
        return ws

    def test_handshake_and_call(self):
        ws = self.open()
        self.assertEqual((ws.status, ws.accepted), (101, True))
        self.assertEqual(ws.call("I2C.Scan")["result"], [96])
        self.assertRegex(ws.call("RPC.Ping")["result"]["channel_info"], r"^127\.0\.0\.1:\d+$")

    def test_another_path_gets_101_and_silence(self):
        ws = self.open("/nothing")
        self.assertEqual(ws.status, 101)
        self.assertIsNone(ws.call("RPC.Ping", seconds=QUIET))

    def test_a_frame_over_3064_bytes_is_never_answered(self):
        ws = self.open()
        frame = json.dumps({"id": 1, "method": "RPC.Ping", "args": {"x": ""}}).encode()
        pad = 3064 - len(frame)
        ws.send(frame.replace(b'""', b'"' + b"a" * pad + b'"'))
        self.assertEqual(json.loads(ws.receive()[1])["id"], 1)
        ws.send(frame.replace(b'""', b'"' + b"a" * (pad + 1) + b'"'))
        self.assertIsNone(ws.receive(QUIET))
        self.assertIsNotNone(ws.call("RPC.Ping"))

    def test_bad_frames_drop_the_socket_without_a_close_frame(self):
        for payload in (b"{", b"", b"[1]", b'{"id":1,"dst":"other","method":"RPC.Ping"}'):
            ws = self.open()
            ws.send(payload)
            self.assertTrue(ws.dropped(), payload)

    def test_its_own_dst_is_fine(self):
        ws = self.open()
        ws.send(b'{"id":1,"dst":"esp32_0A1B2C","method":"RPC.Ping"}')
        self.assertEqual(json.loads(ws.receive()[1])["id"], 1)

    def test_channel_21_evicts_the_oldest(self):
        many = [self.open() for _ in range(20)]
        for ws in many:
            self.assertIsNotNone(ws.call("RPC.Ping"))
        last = self.open()
        self.assertIsNotNone(last.call("RPC.Ping"))
        self.assertTrue(many[0].dropped())
        self.assertIsNotNone(many[1].call("RPC.Ping"))
        for ws in (*many, last):
            ws.close()

    def test_close_and_ping(self):
        ws = self.open()
        ws.send(b"hi", 9)
        self.assertEqual(ws.receive(), (10, b"hi"))
        ws.send(struct.pack(">H", 1000), 8)
        self.assertEqual(ws.receive()[0], 8)
        self.assertTrue(ws.dropped())

    def test_answers_have_no_size_limit(self):
        ws = self.open()
        ws.call("FS.Put", {"filename": "big", "data": ""})
        chunk = base64.b64encode(b"x" * 2000).decode()
        for _ in range(50):
            ws.call("FS.Put", {"filename": "big", "data": chunk, "append": True})
        answer = ws.call("FS.Get", {"filename": "big"})
        self.assertEqual(len(base64.b64decode(answer["result"]["data"])), 100000)
        self.assertEqual(answer["result"]["left"], 0)

    def test_a_message_in_pieces(self):
        ws = self.open()
        text = b'{"id":4,"method":"RPC.Ping"}'
        mask = b"\0\0\0\0"
        ws.socket.sendall(bytes([1, 0x80 | 10]) + mask + text[:10] + bytes([0x80, 0x80 | (len(text) - 10)]) + mask + text[10:])
        self.assertEqual(json.loads(ws.receive()[1])["id"], 4)

    def test_characters_come_back_as_single_raw_bytes(self):
        ws = self.open()
        ws.send(b'{"id":1,"method":"Config.Set","args":{"config":{"app":{"str":"caf\\u00e9 \\\\u00e9"}}}}')
        ws.receive()
        ws.send(b'{"id":2,"method":"Config.Get","args":{"key":"app.str"}}')
        self.assertIn(b'"caf\xe9 \\\\u00e9"', ws.receive()[1])


class Methods(Case):
    """Results and errors, word for word."""

    def setUp(self):
        super().setUp()
        self.sim = Sim("--http", "0", state=self.state)
        self.addCleanup(self.sim.end)
        self.ws = WebSocket(self.sim.port)
        self.addCleanup(self.ws.close)

    def ok(self, method, args=None):
        answer = self.ws.call(method, args)
        self.assertNotIn("error", answer)
        return answer.get("result")

    def refused(self, method, args=None):
        error = self.ws.call(method, args)["error"]
        return error["code"], error["message"]

    def test_list_and_describe(self):
        formats = json.loads((ROOT / "tests/data/rpc-methods.json").read_text()) if (ROOT / "tests/data/rpc-methods.json").exists() else {}
        names = self.ok("RPC.List")
        for name in ("RPC.List", "Sys.GetInfo", "Config.Set", "FS.Put", "ATCA.SetKey", "I2C.Scan"):
            self.assertIn(name, names)
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual(self.ok("RPC.Describe", {"name": "FS.Put"}),
                         {"name": "FS.Put", "args_fmt": "{filename: %Q, offset: %ld, data: %V, append: %B}"})
        for name in names:
            if name in formats:
                self.assertEqual(self.ok("RPC.Describe", {"name": name})["args_fmt"], formats[name])
        self.assertEqual(self.refused("RPC.Describe", {"name": "X"})[0], 404)

    def test_get_info(self):
        info = self.ok("Sys.GetInfo")
        self.assertEqual(list(info), ["id", "app", "fw_version", "fw_id", "mg_version", "mg_id", "mac", "arch", "uptime", "public_key",
                                      "ram_size", "ram_free", "ram_min_free", "fs_size", "fs_free", "wifi", "eth"])
        self.assertEqual((info["app"], info["mac"], info["arch"]), ("demo-js", "240AC40A1B2C", "esp32"))
        self.assertNotEqual(info["ram_free"], self.ok("Sys.GetInfo")["ram_free"])

    def test_config_get(self):
        self.assertEqual(self.ok("Config.Get", {"key": "sys.atca"}),
                         {"enable": True, "i2c_bus": 0, "i2c_addr": 96, "ecdh_slots_mask": 12})
        self.assertEqual(self.ok("Config.Get", {"key": "device.id"}), "esp32_0A1B2C")
        tree = self.ok("Config.Get")
        for key in ("wifi", "mqtt", "rpc", "http", "debug"):
            self.assertIn(key, tree)
        self.assertEqual(self.refused("Config.Get", {"key": "no.such"}), (404, "invalid config key"))

    def test_config_types_are_enforced_and_nothing_is_half_done(self):
        for tree, text in (({"app": {"num": "x"}}, "[app.num] is not a number"), ({"app": {"str": 1}}, "[app.str] is not a string"),
                           ({"app": {"flag": 1}}, "[app.flag] is not a boolean"), ({"app": 1}, "[app] is not an object")):
            self.assertEqual(self.refused("Config.Set", {"config": {"http": {"enable": False}, **tree}}),
                             (400, "invalid config value: " + text))
        self.assertTrue(self.ok("Config.Get", {"key": "http.enable"}))

    def test_config_set_in_force_at_once_saved_on_demand(self):
        self.assertEqual(self.refused("Config.Set", {"config": {}, "level": 0}), (400, "not allowed"))
        self.assertEqual(self.refused("Config.Set", {"key": "a.b", "value": 1}), (404, "invalid config key"))
        self.assertEqual(self.refused("Config.Set", {}), (400, "value is required"))
        self.assertEqual(self.ok("Config.Set", {"config": {"app": {"num": 7.9, "dbl": 2.5}, "unknown": {"x": 1}}}), {"saved": False})
        self.assertEqual(self.ok("Config.Get", {"key": "app.num"}), 7)
        self.assertEqual(self.ok("Config.Get", {"key": "app.dbl"}), 2.5)
        self.assertFalse((self.state / "fs/conf9.json").exists())
        self.assertEqual(self.ok("Config.Set", {"key": "app.sub.deep", "value": "x", "save": True}), {"saved": True})
        self.assertEqual(json.loads((self.state / "fs/conf9.json").read_text()),
                         {"app": {"num": 7, "dbl": 2.5, "sub": {"deep": "x"}}})
        self.assertEqual(self.ok("Config.Set", {"key": "app", "config": {"str": "z"}}), {"saved": False})
        self.assertEqual(self.ok("Config.Save"), {"saved": True})
        self.assertEqual(json.loads((self.state / "fs/conf9.json").read_text())["app"]["str"], "z")
        self.ok("Config.Set", {"config": {"app": {"num": 99}}, "level": 3, "save": True})
        self.assertEqual(json.loads((self.state / "fs/conf3.json").read_text()), {"app": {"num": 99}})
        self.assertEqual(self.ok("Config.Get", {"key": "app.num"}), 7)

    def test_conf_acl_denies_without_a_word(self):
        self.ok("Config.Set", {"config": {"conf_acl": "-wifi.*,*"}})
        self.assertEqual(self.ok("Config.Set", {"config": {"wifi": {"sta": {"ssid": "x"}}}, "save": True}), {"saved": False})
        self.assertEqual(self.ok("Config.Get", {"key": "wifi.sta.ssid"}), "")
        self.assertEqual(self.ok("Config.Set", {"config": {"app": {"str": "y"}}, "save": True}), {"saved": True})

    def test_files(self):
        put = {"filename": "a.txt", "data": base64.b64encode(b"hello").decode()}
        self.assertIsNone(self.ok("FS.Put", put))
        self.ok("FS.Put", {**put, "append": True, "offset": 5})
        self.assertEqual((self.state / "fs/a.txt").read_bytes(), b"hellohello")
        self.assertEqual(self.ok("FS.Get", {"filename": "a.txt", "offset": 3, "len": 4}),
                         {"data": base64.b64encode(b"lohe").decode(), "left": 3})
        self.assertEqual(self.ok("FS.ListExt"), [{"name": "a.txt", "size": 10}])
        self.assertEqual(self.ok("FS.List", {"path": "/"}), ["a.txt"])
        self.assertEqual(self.ok("FS.List", {"path": "/none"}), [])
        self.assertIsNone(self.ok("FS.Rename", {"src": "a.txt", "dst": "b.txt"}))
        self.assertIsNone(self.ok("FS.Remove", {"filename": "b.txt"}))
        self.assertEqual(self.ok("FS.List"), [])

    def test_file_errors(self):
        code, message = self.refused("FS.Get", {"filename": "none"})
        self.assertEqual((code, message.startswith("failed to open file")), (400, True))
        self.assertEqual(self.refused("FS.Remove", {"filename": "none"}), (500, "remove failed"))
        self.assertEqual(self.refused("FS.Rename", {"src": "a", "dst": "b"}), (500, "rename failed"))
        self.assertEqual(self.refused("FS.Get", {"filename": "../board.json"})[0], 400)
        self.assertEqual(self.refused("FS.Get", {})[0], 400)
        self.assertEqual(self.refused("FS.Put", {"filename": "no/such", "data": ""})[0], 400)
        (self.state / "fs/big").write_bytes(bytes(1024 * 1024 - 2))
        self.assertEqual(self.refused("FS.Put", {"filename": "x", "data": "AAAA"}), (500, "failed to write data"))

    def test_invalid_base64_is_taken_as_garbage(self):
        self.assertIsNone(self.ok("FS.Put", {"filename": "g", "data": "aGVs!!bG8="}))
        self.assertEqual((self.state / "fs/g").read_bytes(), b"hel")

    def test_chip_refusals_carry_their_status(self):
        self.assertEqual(self.refused("ATCA.GenKey", {"slot": 0}), (500, "Failed generate key on slot 0: 0xf4"))
        self.assertEqual(self.refused("ATCA.GetPubKey", {"slot": 0})[0], 500)
        self.assertRegex(self.refused("ATCA.GetPubKey", {"slot": 0})[1], r"^Failed get public key for slot 0: 0x..$")
        key = base64.b64encode(bytes(range(32))).decode()
        self.assertEqual(self.refused("ATCA.SetKey", {"slot": 4, "key": key}), (500, "Failed to set key: 0xf4"))
        self.assertEqual(self.refused("ATCA.SetKey", {"slot": 16, "key": key}), (400, "Invalid slot"))
        self.assertEqual(self.refused("ATCA.SetKey", {"slot": 4, "key": "AAAA"}), (400, "Expected 32 bytes, got 3"))
        self.assertEqual(self.refused("ATCA.SetConfig", {"config": "AAAA"}), (400, "Expected 128 bytes, got 3"))
        self.assertEqual(self.refused("ATCA.LockZone", {"zone": 2}), (403, "Invalid zone"))
        self.assertEqual(self.refused("ATCA.LockZone", {"zone": 1})[1], "Failed to lock zone 1: 0xf4")
        self.assertRegex(self.refused("ATCA.Sign", {"slot": 0, "digest": key})[1], r"^Failed to sign: 0x..$")

    def test_a_lock_outlives_a_kill(self):
        self.assertIsNone(self.ok("ATCA.LockZone", {"zone": 0}))
        self.sim.process.kill()
        self.sim.process.communicate()
        with Sim("--http", "0", state=self.state) as sim, WebSocket(sim.port) as ws:
            raw = base64.b64decode(ws.call("ATCA.GetConfig")["result"]["config"])
            self.assertEqual((raw[87], raw[:4] + raw[8:13]), (0, bytes.fromhex(SERIAL)))

    def test_the_journal_tells_all_but_the_secrets(self):
        key, data = bytes(range(32)), b"file data"
        text = base64.b64encode(key).decode()
        self.ws.call("ATCA.SetKey", {"slot": 4, "key": text, "wkey": text, "wkslot": 4})
        self.ok("FS.Put", {"filename": "f", "data": base64.b64encode(data).decode()})
        self.ok("Config.Set", {"config": {"wifi": {"sta": {"pass": "hunter22"}}}})
        self.refused("Nope")
        lines = self.journal()
        raw = (self.state / "journal.jsonl").read_text()
        self.assertNotIn(text, raw)
        self.assertNotIn("hunter22", raw)
        self.assertNotIn(base64.b64encode(data).decode(), raw)
        digest = "sha256:" + hashlib.sha256(key).hexdigest()
        set_key = next(line for line in lines if line.get("method") == "ATCA.SetKey")
        self.assertEqual((set_key["args"]["key"], set_key["args"]["wkey"], set_key["code"]), (digest, digest, 500))
        self.assertEqual((set_key["channel"], set_key["id"], set_key["args"]["slot"]), ("WS_in", 7, 4))
        put = next(line for line in lines if line.get("method") == "FS.Put")
        self.assertEqual(put["args"]["data"], "sha256:" + hashlib.sha256(data).hexdigest())
        self.assertEqual(next(line for line in lines if line.get("method") == "Nope")["code"], 404)
        self.assertEqual(lines[0]["event"], "boot")


class Reboot(Case):
    def test_reboot_drops_sockets_keeps_the_pty_and_says_418(self):
        with Sim("--http", "0", state=self.state) as sim, Wire(sim.last("uart")) as wire, WebSocket(sim.port) as ws:
            wire.call("Sys.SetDebug", {"level": 3})
            self.assertIsNone(ws.call("Sys.Reboot")["result"])
            error = ws.call("RPC.Ping")["error"]
            self.assertEqual(error["code"], 418)
            self.assertRegex(error["message"], r"^shutting down in \d+ ms$")
            self.assertTrue(ws.dropped())
            text = wire.until(b"Init done")
            self.assertIn(b"rst:0xc (SW_CPU_RESET)", text)
            wire.until(b"\n")
            self.assertEqual(wire.call("Sys.GetInfo")["result"]["uptime"], 0)
            wire.write(request("RPC.Ping"))
            self.assertNotIn(b"GOT FRAME", wire.until(b'{"id":7'))
            with WebSocket(sim.port) as again:
                self.assertIsNotNone(again.call("RPC.Ping"))

    def test_a_longer_delay_answers_as_usual_until_the_last_100_ms(self):
        with Sim() as sim, Wire(sim.last("uart")) as wire:
            wire.call("Sys.Reboot", {"delay_ms": 60000})
            self.assertIn("result", wire.call("RPC.Ping"))
            wire.call("Sys.Reboot", {"abort": True})
            wire.call("Sys.Reboot", {"delay_ms": 1})  # the first order would have stood
            self.assertIsNotNone(wire.until(b"Init done"))

    def test_a_configured_port_that_is_taken_does_not_stop_the_device(self):
        with Sim("--http", "0", state=self.state) as sim, Wire(sim.last("uart")) as wire:
            with socket.socket() as taken:
                taken.bind(("127.0.0.1", 0))
                taken.listen()
                wire.call("Config.Set", {"config": {"http": {"listen_addr": f":{taken.getsockname()[1]}"}}, "save": True,
                                         "reboot": True})
                self.assertIn(b"Error binding to [:", wire.until(b"Init done"))
                self.assertIn("result", wire.call("RPC.Ping"))
                code, err = sim.end()
                self.assertEqual(code, 0)
                self.assertIn("--map", err)
                with Sim("--http", "0", state=self.state) as again, Wire(again.last("uart")) as wire2:
                    self.assertIn("result", wire2.call("RPC.Ping"))

    def test_config_is_in_force_after_the_reboot(self):
        with Sim("--http", "0", state=self.state) as sim, Wire(sim.last("uart")) as wire:
            change = {"config": {"sys": {"atca": {"enable": False}}, "rpc": {"ws": {"enable": False}}}, "save": True, "reboot": True}
            self.assertIsNotNone(wire.call("ATCA.GetConfig"))
            self.assertEqual(wire.call("Config.Set", change)["result"], {"saved": True})
            wire.until(b"Init done")
            self.assertEqual(wire.call("ATCA.GetConfig")["error"]["code"], 404)
            self.assertNotIn("ATCA.GetConfig", wire.call("RPC.List")["result"])
            with WebSocket(sim.port) as ws:
                self.assertIsNone(ws.call("RPC.Ping", seconds=QUIET))

    def test_unsaved_config_is_gone_after_the_reboot(self):
        with Sim() as sim, Wire(sim.last("uart")) as wire:
            wire.call("Config.Set", {"config": {"app": {"num": 1}}})
            wire.call("Sys.Reboot")
            wire.until(b"Init done")
            self.assertEqual(wire.call("Config.Get", {"key": "app.num"})["result"], 42)

    def test_try_once_lasts_one_boot(self):
        with Sim() as sim, Wire(sim.last("uart")) as wire:
            wire.call("Config.Set", {"config": {"app": {"num": 1}}, "save": True, "reboot": True, "try_once": True})
            wire.until(b"Init done")
            self.assertEqual(wire.call("Config.Get", {"key": "app.num"})["result"], 1)
            wire.call("Sys.Reboot")
            wire.until(b"Init done")
            self.assertEqual(wire.call("Config.Get", {"key": "app.num"})["result"], 42)

    def test_the_listener_moves_with_the_configuration_and_the_map(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            free = probe.getsockname()[1]
        with Sim("--http", "0", "--map", f"443:{free}") as sim:
            sim.wait_line("http")
            curl("-d", '{"config":{"http":{"listen_addr":":443"}},"save":true,"reboot":true}', sim.url("/rpc/Config.Set"))
            self.assertEqual(sim.wait_line("http"), f"http 127.0.0.1:{free}")
            self.assertEqual(curl(sim.url("/rpc/RPC.Ping"))[1], 200)

    def test_a_wrong_i2c_address_makes_the_chip_vanish(self):
        with Sim(state=self.state) as sim, Wire(sim.last("uart")) as wire:
            raw = bytearray(base64.b64decode(wire.call("ATCA.GetConfig")["result"]["config"]))
            raw[16] = 0x6A
            wire.call("ATCA.SetConfig", {"config": base64.b64encode(raw).decode()})
            wire.call("Sys.Reboot")
            self.assertIn(b"Library init failed", wire.until(b"Init done"))
            self.assertEqual(wire.call("ATCA.GetConfig")["error"]["code"], 404)
            self.assertEqual(wire.call("I2C.Scan")["result"], [0x35])
            wire.call("Config.Set", {"config": {"sys": {"atca": {"i2c_addr": 0x35}}}, "save": True, "reboot": True})
            wire.until(b"Init done")
            self.assertIn("result", wire.call("ATCA.GetConfig"))

    def test_no_chip(self):
        with Sim("--chip", "none") as sim, Wire(sim.last("uart")) as wire:
            self.assertEqual(wire.call("I2C.Scan")["result"], [])
            self.assertEqual(wire.call("ATCA.GetConfig")["error"], {"code": 404, "message": "No handler for ATCA.GetConfig"})

    def test_rpc_over_the_uart_can_be_switched_off(self):
        with Sim() as sim, Wire(sim.last("uart")) as wire:
            wire.call("Config.Set", {"config": {"rpc": {"uart": {"uart_no": -1}}}, "save": True, "reboot": True})
            wire.until(b"Init done")
            self.assertIsNone(wire.call("RPC.Ping", seconds=QUIET))


class Access(Case):
    """Users and ACLs, in frames and over HTTP."""

    REALM = "bench"

    def start(self, acl_file=None, scope="rpc", algo=0, **more):
        """A device with users alice (secret1) and bob (secret2)."""
        make = hashlib.sha256 if algo else hashlib.md5
        sim = Sim("--http", "0", state=self.state)
        self.addCleanup(sim.end)
        users = "".join(f"{u}:{self.REALM}:{make(f'{u}:{self.REALM}:{p}'.encode()).hexdigest()}\n"
                        for u, p in (("alice", "secret1"), ("bob", "secret2")))
        (self.state / "fs/users.txt").write_text(users)
        if acl_file is not None:
            (self.state / "fs/acl.json").write_text(acl_file)
            more["acl_file"] = "acl.json"
        wire = Wire(sim.last("uart"))
        self.addCleanup(wire.close)
        wire.call("Config.Set", {"config": {scope: {"auth_file": "users.txt", "auth_domain": self.REALM, "auth_algo": algo, **more}},
                                 "save": True, "reboot": True})
        wire.until(b"Init done")
        return sim, wire

    def sign(self, challenge, user, password, **change):
        make = hashlib.sha256 if challenge["algorithm"] == "SHA-256" else hashlib.md5

        def h(text):
            return make(text.encode()).hexdigest()
        auth = {"realm": challenge["realm"], "nonce": challenge["nonce"], "username": user, "cnonce": 12345678,
                "algorithm": challenge["algorithm"], **change}
        auth["response"] = h(f"{h(f'{user}:{self.REALM}:{password}')}:{auth['nonce']}:1:12345678:auth:{h('dummy_method:dummy_uri')}")
        return auth

    def ask(self, wire, method, auth=None):
        frame = {"id": 9, "method": method}
        if auth:
            frame["auth"] = auth
        wire.write(b"\n" + json.dumps(frame).encode() + b"\n")
        return wire.answer(9, PATIENCE)

    def challenge(self, wire, method="RPC.Ping"):
        error = self.ask(wire, method)["error"]
        self.assertEqual(error["code"], 401)
        return json.loads(error["message"])

    def test_in_band_digest(self):
        for algo, name in ((0, "MD5"), (1, "SHA-256")):
            _, wire = self.start('[{"method":"RPC.*","acl":"+alice,-*"},{"method":"*","acl":"*"}]', algo=algo)
            challenge = self.challenge(wire)
            self.assertEqual({**challenge, "nonce": 0}, {"auth_type": "digest", "nonce": 0, "nc": 1, "realm": self.REALM,
                                                         "algorithm": name})
            self.assertLess(abs(challenge["nonce"] - time.time()), 5)
            self.assertIn("result", self.ask(wire, "RPC.Ping", self.sign(challenge, "alice", "secret1")))
            self.assertEqual(self.ask(wire, "RPC.Ping", self.sign(challenge, "alice", "wrong"))["error"]["code"], 401)
            self.assertEqual(self.ask(wire, "RPC.Ping", self.sign(challenge, "carol", "x"))["error"]["code"], 401)
            self.assertEqual(self.ask(wire, "RPC.Ping", self.sign(challenge, "bob", "secret2"))["error"],
                             {"code": 403, "message": "unauthorized"})
            old = self.sign({**challenge, "nonce": challenge["nonce"] - 3700}, "alice", "secret1")
            self.assertEqual(self.ask(wire, "RPC.Ping", old)["error"]["code"], 401)
            for change in ({"realm": "other"}, {"algorithm": "SHA-1"}, {"nonce": "soon"}, {"cnonce": None}):
                self.assertEqual(self.ask(wire, "RPC.Ping", self.sign(challenge, "alice", "secret1", **change))["error"],
                                 {"code": 400, "message": "bad request"})
            self.assertIn("result", self.ask(wire, "Sys.GetInfo"))  # its ACL is "*"
            self.doCleanups()
            self.setUp()

    def test_acl_rules(self):
        acl = ('[{"method":"rpc.ping","ch_type":"WS_in","acl":"*"},{"method":"RPC.*","acl":"-*"},'
               '{"method":"FS.*","acl":"*"},{"ch_type":"HTTP","acl":"*"}]')
        sim, wire = self.start(acl)
        self.assertEqual(self.ask(wire, "RPC.Ping")["error"]["code"], 403)
        self.assertEqual(self.ask(wire, "Sys.GetInfo")["error"]["code"], 403)  # nothing matches
        self.assertEqual(self.ask(wire, "No.Such")["error"]["code"], 404)      # before the ACL
        self.assertIn("result", self.ask(wire, "FS.List"))
        with WebSocket(sim.port) as ws:
            self.assertIn("result", ws.call("RPC.Ping"))
        self.assertEqual(curl(sim.url("/rpc/Sys.GetInfo"))[1], 200)
        self.assertEqual(curl(sim.url("/rpc/RPC.Ping"))[1], 403)

    def test_a_plain_acl_and_a_broken_one(self):
        _, wire = self.start(acl="-*")
        self.assertEqual(self.ask(wire, "RPC.Ping")["error"]["code"], 403)
        self.doCleanups()
        self.setUp()
        _, wire = self.start('[{"method":"*" "acl":"*"}{"method":"x", "acl":"-*",},]')
        self.assertIn("result", self.ask(wire, "RPC.Ping"))  # the firmware's reader does not miss commas
        self.doCleanups()
        self.setUp()
        _, wire = self.start('[{"method":"*","acl":"*"')
        wire.write(request("RPC.Ping"))
        self.assertIsNone(wire.answer(7, QUIET))

    def test_users_without_an_acl_change_nothing(self):
        _, wire = self.start()
        self.assertIn("result", self.ask(wire, "RPC.Ping"))

    def test_digest_over_http_judged_by_curl(self):
        for algo in (0, 1):
            sim, _ = self.start('[{"method":"*","acl":"+alice"}]', algo=algo)
            url = sim.url("/rpc/RPC.Ping?x=1")
            head = subprocess.run(["curl", "-sS", "-i", url], capture_output=True, text=True, check=True).stdout
            self.assertIn("HTTP/1.1 401", head)
            self.assertRegex(head, r'WWW-Authenticate: Digest qop="auth", realm="bench", nonce="[0-9a-f]{8}", algorithm=')
            self.assertEqual(curl("--digest", "-u", "alice:secret1", url)[1], 200)
            self.assertEqual(curl("--digest", "-u", "alice:wrong", url)[1], 401)
            self.assertEqual(curl("--digest", "-u", "bob:secret2", url)[1], 403)
            self.assertEqual(curl("--digest", "-u", "alice:secret1", "-d", '{"key":"http"}', sim.url("/rpc/Config.Get"))[1], 200)
            self.doCleanups()
            self.setUp()

    def test_the_http_server_has_users_of_its_own(self):
        sim, _ = self.start(scope="http", hidden_files="users.txt$|*.key$")
        (self.state / "fs/a.txt").write_text("x")
        (self.state / "fs/a.key").write_text("x")
        self.assertEqual(curl(sim.url("/a.txt"))[1], 401)
        self.assertEqual(curl("--digest", "-u", "alice:secret1", sim.url("/a.txt"))[1:], (200, b"x"))
        for name in ("/a.key", "/users.txt"):
            self.assertEqual(curl("--digest", "-u", "alice:secret1", sim.url(name))[1], 404)


class Tls(Case):
    """Judged by the openssl command and curl."""

    def openssl(self, *args):
        subprocess.run(["openssl", *args], cwd=self.folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def make_cert(self, name, *more):
        self.openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", f"{name}.key")
        self.openssl("req", "-new", "-x509", "-key", f"{name}.key", "-subj", f"/CN={name}", "-days", "2", "-out", f"{name}.crt", *more)

    def serve(self, sim, wire, **http):
        """Saves the http settings, reboots, returns the boot log."""
        wire.call("Config.Set", {"config": {"http": http}, "save": True, "reboot": True})
        return wire.until(b"Init done")

    def put(self, wire, name):
        data = (self.folder / name).read_bytes()
        for at in range(0, len(data), 512):
            chunk = base64.b64encode(data[at:at + 512]).decode()
            self.assertIsNone(wire.call("FS.Put", {"filename": name, "data": chunk, "append": at > 0})["result"])

    def test_file_key(self):
        self.make_cert("server")
        with Sim("--http", "0") as sim, Wire(sim.last("uart")) as wire:
            self.put(wire, "server.crt")
            self.put(wire, "server.key")
            log = self.serve(sim, wire, ssl_cert="server.crt", ssl_key="server.key")
            self.assertIn(b"HTTP server started on [80] (SSL)", log)
            self.assertNotEqual(curl(sim.url("/rpc/RPC.Ping"))[1], 200)
            url = sim.url("/rpc/Sys.GetInfo").replace("http", "https").replace("127.0.0.1", "server")
            code, status, body = curl("--cacert", str(self.folder / "server.crt"), "--resolve", f"server:{sim.port}:127.0.0.1", url)
            self.assertEqual((code, status, json.loads(body)["arch"]), (0, 200, "esp32"))
            self.assertEqual(curl("-k", "--tlsv1.3", url, "--resolve", f"server:{sim.port}:127.0.0.1")[0], 35)
            self.assertNotIn(b"ATCA:", wire.seen)

    def test_a_missing_file_never_falls_back_to_the_clear(self):
        with Sim("--http", "0") as sim, Wire(sim.last("uart")) as wire:
            log = self.serve(sim, wire, ssl_cert="none.crt")
            self.assertIn(b"http.ssl_cert names none.crt, which the device does not have.", log)
            self.assertEqual(curl(sim.url("/rpc/RPC.Ping"))[0], 7)

    def provision(self, wire):
        """A chip whose slot 0 holds server.key, as the tutorials leave it (sample configuration's rules for slot 0)."""
        raw = bytearray(base64.b64decode(wire.call("ATCA.GetConfig")["result"]["config"]))
        raw[20:22], raw[96:98] = b"\x87\x64", b"\x33\x00"
        self.assertIsNone(wire.call("ATCA.SetConfig", {"config": base64.b64encode(raw).decode()})["result"])
        self.assertIsNone(wire.call("ATCA.LockZone", {"zone": 0})["result"])
        text = subprocess.run(["openssl", "ec", "-in", "server.key", "-outform", "DER"], cwd=self.folder, capture_output=True,
                              check=True).stdout
        self.assertIsNone(wire.call("ATCA.SetKey", {"slot": 0, "ecc": True, "key": base64.b64encode(text[7:39]).decode()})["result"])

    def test_chip_key_and_its_log_lines(self):
        self.make_cert("server")
        with Sim("--http", "0") as sim, Wire(sim.last("uart")) as wire:
            self.provision(wire)
            self.put(wire, "server.crt")
            self.assertIn(b"(SSL)", self.serve(sim, wire, ssl_cert="server.crt", ssl_key="ATCA:0"))
            url = sim.url("/rpc/RPC.Ping").replace("http", "https").replace("127.0.0.1", "server")
            where = ("--cacert", str(self.folder / "server.crt"), "--resolve", f"server:{sim.port}:127.0.0.1", url)
            self.assertEqual(curl(*where)[0], 35)  # the data zone is open: the chip does not sign
            self.assertIsNotNone(wire.until(b"ATCA:0 ECDSA sign failed: 0xf4"))
            self.assertIsNone(wire.call("ATCA.LockZone", {"zone": 1})["result"])
            self.assertEqual(curl(*where)[:2], (0, 200))
            for line in (b"ATCA:2 ECDH get pubkey ok", b"ATCA:0 ECDSA sign ok", b"ATCA:2 ECDH ok"):
                self.assertIsNotNone(wire.until(line))

    def test_client_certificates(self):
        for name in ("server", "ca", "stranger"):
            self.make_cert(name)
        (self.folder / "server.ext").write_text("extendedKeyUsage=serverAuth\n")
        for name, extra in (("good", []), ("misused", ["-extfile", "server.ext"])):
            self.openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", f"{name}.key")
            self.openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
            self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-set_serial", "7", "-days", "2",
                         "-out", f"{name}.crt", *extra)
        with Sim("--http", "0") as sim, Wire(sim.last("uart")) as wire:
            for name in ("server.crt", "server.key", "ca.crt"):
                self.put(wire, name)
            self.serve(sim, wire, ssl_cert="server.crt", ssl_key="server.key", ssl_ca_cert="ca.crt")
            url = sim.url("/rpc/RPC.Ping").replace("http", "https")
            self.assertEqual(curl("-k", "--cert", str(self.folder / "good.crt"), "--key", str(self.folder / "good.key"), url)[:2],
                             (0, 200))

            def refusal(*cert):
                done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{sim.port}", "-msg", *cert], cwd=self.folder,
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
                return [line for line in done.stdout.splitlines() if line.startswith("<<<") and "Alert" in line]
            self.assertEqual(refusal(), [])
            self.assertEqual(refusal("-cert", "stranger.crt", "-key", "stranger.key"), [])
            self.assertIn("unsupported_certificate", " ".join(refusal("-cert", "misused.crt", "-key", "misused.key")))

    def test_websocket_over_tls_with_long_answers(self):
        self.make_cert("server")
        with Sim("--http", "0", state=self.state) as sim, Wire(sim.last("uart")) as wire:
            self.put(wire, "server.crt")
            self.put(wire, "server.key")
            self.serve(sim, wire, ssl_cert="server.crt", ssl_key="server.key")
            (self.state / "fs/big").write_bytes(bytes(200000))
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with WebSocket(sim.port, wrap=context.wrap_socket) as ws:
                answer = ws.call("FS.Get", {"filename": "big"})
                self.assertEqual(len(base64.b64decode(answer["result"]["data"])), 200000)
                self.assertIsNone(ws.call("Sys.Reboot")["result"])
                self.assertTrue(ws.dropped())


class Faults(Case):
    def test_late(self):
        with Sim("--fault", "late:400") as sim, Wire(sim.last("uart")) as wire:
            start = time.monotonic()
            self.assertIsNotNone(wire.call("RPC.Ping"))
            self.assertGreaterEqual(time.monotonic() - start, 0.4)

    def test_mute_does_but_does_not_say(self):
        with Sim("--fault", "mute", state=self.state) as sim, Wire(sim.last("uart")) as wire:
            self.assertIsNone(wire.call("ATCA.LockZone", {"zone": 0}, seconds=QUIET))
            self.assertEqual(self.journal()[-1]["did"], "not answered")

    def test_wrong_id(self):
        with Sim("--fault", "wrong-id") as sim, Wire(sim.last("uart")) as wire:
            wire.write(request("RPC.Ping"))
            self.assertEqual(wire.frame()[0]["id"], 8)

    def test_unsolicited_frames_come_before_the_answer(self):
        with Sim("--fault", "unsolicited") as sim, Wire(sim.last("uart")) as wire:
            wire.write(request("RPC.Ping"))
            first, second, third = (wire.frame()[0] for _ in range(3))
            self.assertEqual((first["method"], "id" in first), ("Test.Event", False))
            self.assertEqual((second["method"], "id" in second), ("Test.Ask", True))
            self.assertEqual(third["id"], 7)

    def test_noise_before_each_frame(self):
        with Sim("--fault", "noise") as sim, Wire(sim.last("uart")) as wire:
            wire.write(request("RPC.Ping"))
            text = wire.until(b'{"id":7')
            self.assertGreater(len(text[text.index(b"\x1b[0m\n") + 5:]), len(b'\n{"id":7'))

    def test_dropped_and_flipped_bytes(self):
        with Sim("--fault", "drop-rx:10") as sim, Wire(sim.last("uart")) as wire:
            self.assertIsNone(wire.call("RPC.Ping", seconds=QUIET))
        with Sim() as sim, Wire(sim.last("uart"), fresh=False) as wire:
            clean = wire.until(b"Init done")
        for kind in ("drop-tx:100", "flip-tx:100"):
            with Sim("--fault", kind) as sim, Wire(sim.last("uart"), fresh=False) as wire:
                while len(wire.seen) < len(clean) and wire.read(QUIET):
                    pass
                dirty = wire.seen
            if kind.startswith("drop"):
                self.assertEqual(dirty[:110], clean[:99] + clean[100:111])
            else:
                self.assertEqual([i for i in range(250) if dirty[i] != clean[i]], [99, 199])

    def test_the_cable_is_pulled_and_plugged_in_again(self):
        link = self.folder / "tty"
        with Sim("--fault", "cut-tx:1200", "--pty", str(link)) as sim:
            sim.wait_line("uart")
            with Wire(link, fresh=False) as wire:
                with self.assertRaises((OSError, AssertionError)):
                    for _ in range(20):
                        self.assertIsNotNone(wire.call("Sys.GetInfo", seconds=2))
            sim.wait_line("uart")
            with Wire(link, fresh=False) as wire:
                self.assertIsNotNone(wire.call("RPC.Ping"))

    def test_sockets_are_dropped_at_the_byte(self):
        with Sim("--fault", "cut-tx:500", "--http", "0") as sim:
            with WebSocket(sim.port) as ws:
                with self.assertRaises(EOFError):
                    for _ in range(20):
                        ws.call("Sys.GetInfo")
            with WebSocket(sim.port) as ws:
                self.assertIsNotNone(ws.call("Sys.GetInfo"))

    def test_the_chip_answers_as_told(self):
        with Sim("--fault", "chip:0xf4") as sim, Wire(sim.last("uart")) as wire:
            self.assertEqual(wire.call("ATCA.GetConfig")["error"]["message"], "Failed to read config zone block 0: 0xf4")
            self.assertEqual(wire.call("ATCA.LockZone", {"zone": 0})["error"]["message"], "Failed to lock zone 0: 0xf4")

    def test_power_cut_between_two_writes_of_the_chip(self):
        config = None
        with Sim(state=self.state) as sim, Wire(sim.last("uart")) as wire:
            config = bytearray(base64.b64decode(wire.call("ATCA.GetConfig")["result"]["config"]))
        before = bytes(config)
        for at in [*range(20, 52), *range(96, 128)]:
            config[at] ^= 0x5A
        sim = Sim("--fault", "power:6", state=self.state)
        with Wire(sim.last("uart")) as wire:
            wire.write(request("ATCA.SetConfig", {"config": base64.b64encode(config).decode()}))
            self.assertEqual(sim.process.wait(PATIENCE), 3)
        sim.end()
        with Sim(state=self.state) as sim, Wire(sim.last("uart")) as wire:
            after = base64.b64decode(wire.call("ATCA.GetConfig")["result"]["config"])
        self.assertNotEqual(after, before)
        self.assertNotEqual(after[96:], bytes(config[96:]))
        self.assertEqual(self.journal()[-2].get("event"), "boot")

    def test_power_cut_before_an_answer_keeps_what_was_done(self):
        sim = Sim("--fault", "power-msg:2", state=self.state)
        with Wire(sim.last("uart")) as wire:
            self.assertIsNotNone(wire.call("RPC.Ping"))
            wire.write(request("ATCA.LockZone", {"zone": 0}))
            self.assertEqual(sim.process.wait(PATIENCE), 3)
        self.assertEqual(sim.end(), (3, ""))
        with Sim(state=self.state) as again, Wire(again.last("uart")) as wire:
            self.assertEqual(base64.b64decode(wire.call("ATCA.GetConfig")["result"]["config"])[87], 0)


class Pace(Case):
    def timed(self, baud, size):
        """Seconds that a file of `size` bytes takes to come over the wire, and what the baud rate asks for."""
        with Sim("--pace", state=self.state) as sim:
            (self.state / "fs/f").write_bytes(bytes(size))
            with Wire(sim.last("uart")) as wire:
                settings = termios.tcgetattr(wire.fd)
                settings[4] = settings[5] = baud[0]
                termios.tcsetattr(wire.fd, termios.TCSANOW, settings)
                start = time.monotonic()
                answer = wire.call("FS.Get", {"filename": "f"})
                took = time.monotonic() - start
                self.assertEqual(len(base64.b64decode(answer["result"]["data"])), size)
        return took, size * 4 / 3 * 10 / baud[1]

    def test_a_slow_line_is_slow_and_a_fast_one_is_fast(self):
        took, least = self.timed((termios.B115200, 115200), 6000)
        self.assertGreater(took, least * 0.95)
        self.assertLess(took, least * 1.6 + 0.5)
        took, least = self.timed((termios.B921600, 921600), 48000)
        self.assertGreater(took, least * 0.95)
        self.assertLess(took, least * 1.6 + 0.5)

    def test_the_way_in_is_as_slow(self):
        with Sim("--pace") as sim, Wire(sim.last("uart")) as wire:
            settings = termios.tcgetattr(wire.fd)
            settings[4] = settings[5] = termios.B38400
            termios.tcsetattr(wire.fd, termios.TCSANOW, settings)
            start = time.monotonic()
            self.assertIsNotNone(wire.call("RPC.Ping", {"x": "a" * 3000}))
            self.assertGreater(time.monotonic() - start, 3000 * 10 / 38400 * 0.95)


if __name__ == "__main__":
    unittest.main()
