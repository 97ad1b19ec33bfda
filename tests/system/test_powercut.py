"""The power-cut matrix: every irreversible operation on the chip, broken off at every message boundary and at every write of the
chip, by killing lockstep, by cutting the link, and by cutting the device's power. What the ledger and `resume` say then is held
against the virtual chip's own cells; no key may be lost; resume must bring the chip to the planned state."""
import concurrent.futures
import json
import os
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import termios
import time
import tty
import unittest

import lab

REAL = ("--confirm", "any", "--dry-run=false")
CHANGES = {"ATCA.SetConfig", "ATCA.LockZone", "ATCA.SetKey", "ATCA.GenKey"}
SCALAR, GUARD, BLOCKS = os.urandom(31).hex().rjust(64, "0"), os.urandom(32).hex(), os.urandom(96).hex()
NOTHING, DONE, PARTLY, UNKNOWN = "not done", "done", "partly done", "unknown"


class Chip:
    """The cells of a virtual chip, from its state file."""

    def __init__(self, state):
        whole = json.loads((state / "chip.json").read_text())
        self.config, self.slots = bytes.fromhex(whole["config"]), whole["slots"]


def written(byte):
    return 16 <= byte < 86 or 88 <= byte < 128


def config_state(before, now, cell):
    wanted = cell.wanted.config
    changes = [i for i in range(128) if written(i) and before.config[i] != wanted[i]]
    done = [i for i in changes if now.config[i] == wanted[i]]
    return DONE if done == changes else PARTLY if done else NOTHING


def lock_state(byte):
    return lambda before, now, cell: DONE if now.config[byte] == 0 else NOTHING


def ecc_state(before, now, cell):
    return DONE if SCALAR in now.slots[0] else NOTHING


def blocks_state(before, now, cell):
    there = [BLOCKS[64 * i:64 * i + 64] in now.slots[8] for i in range(3)]
    return DONE if all(there) else PARTLY if any(there) else NOTHING


def made_state(before, now, cell):
    return DONE if now.slots[0] != before.slots[0] else NOTHING


def secret_state(before, now, cell):
    return DONE if now.slots[4] != before.slots[4] else NOTHING


# name: what was done before, the command, the chip's true state, whether the chip can be asked
OPERATIONS = {
    "set-config": ("blank", ("atca-set-config", "chip.yaml"), config_state, True),
    "lock config": ("set", ("atca-lock-zone", "config"), lock_state(87), True),
    "lock data": ("configured", ("atca-lock-zone", "data"), lock_state(86), True),
    "set-key ECC, clear": ("configured", ("atca-set-key", "0", "ecc.key"), ecc_state, True),
    "set-key ECC, encrypted": ("locked", ("atca-set-key", "0", "ecc.key", "--write-key", "guard.key"), ecc_state, True),
    "set-key data, 3 blocks": ("configured", ("atca-set-key", "8", "blocks.key"), blocks_state, False),
    "gen-key ECC": ("locked", ("atca-gen-key", "0"), made_state, True),
    "gen-key secret": ("locked", ("atca-gen-key", "4", "new-????.key", "--escrow", "copies"), secret_state, False),
}
PREPARE = (("set", ("atca-set-config", "chip.yaml")), ("configured", ("atca-lock-zone", "config")),
           ("locked", ("atca-lock-zone", "data"), ("atca-set-key", "4", "guard.key"), ("atca-gen-key", "0")))


class Wire:
    """Between lockstep and the device's UART: passes frames on, and breaks off at request k, before the device gets it
    ("before") or when it has answered and lockstep does not know ("after")."""

    def __init__(self, pty, k, point, act):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.pty, self.k, self.point, self.act = pty, k, point, act

    def run(self, child):
        """Until the end of lockstep or the moment to break off."""
        device = os.open(self.pty, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(device, termios.TCSANOW)
        self.listener.settimeout(lab.PATIENCE)
        host, _ = self.listener.accept()
        try:
            self._pump(host, device, child)
        finally:
            host.close()
            os.close(device)
            self.listener.close()

    def _pump(self, host, device, child):
        pending, answers, seen, waiting = b"", b"", 0, False
        while True:
            ready = select.select([host, device], [], [], lab.PATIENCE)[0]
            if host in ready:
                piece = host.recv(65536)
                if not piece:
                    return
                *lines, pending = (pending + piece).split(b"\n")
                for line in lines:
                    seen += line.startswith(b"{")
                    if seen == self.k and line.startswith(b"{"):
                        if self.point == "before":
                            return self._break_off(host, child)
                        waiting = True
                    os.write(device, line + b"\n")
            if device in ready:
                piece = os.read(device, 65536)
                answers += piece
                if waiting and b"\n{" in answers.rsplit(b"}", 1)[0][-65536:] and answers.endswith(b"\n"):
                    return self._break_off(host, child)
                if not waiting:
                    answers = b""
                    host.sendall(piece)

    def _break_off(self, host, child):
        if self.act == "kill":
            child.send_signal(signal.SIGKILL)
        host.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


class Template:
    """A device in a certain state, and a folder with files, ready to be copied."""

    def __init__(self, folder, state):
        self.folder = folder / state
        work = self.folder / "work"
        work.mkdir(parents=True)
        (work / "copies").mkdir()
        shutil.copy(lab.SAMPLE["atecc508a"], work / "chip.yaml")
        for name, text in (("ecc.key", SCALAR), ("guard.key", GUARD), ("blocks.key", BLOCKS)):
            (work / name).write_text(text + "\n")
            (work / name).chmod(0o600)
        with lab.Sim(state=self.folder / "device", http=False) as sim:
            for after, *commands in PREPARE:
                if state == "blank":
                    break
                for words in commands:
                    run = Bench(work).lockstep(sim.pty, *words, *REAL)
                    assert run.returncode == 0, run
                if after == state:
                    break
        shutil.rmtree(work / "state", ignore_errors=True)
        (self.folder / "device" / "journal.jsonl").unlink(missing_ok=True)


class Bench:
    """lockstep in a folder, its ledger there, too."""

    def __init__(self, work):
        self.work = work
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LOCKSTEP_", "MOS_", "XDG_"))}
        self.environment = {**kept, "HOME": str(work), "XDG_STATE_HOME": str(work / "state"), "TERM": "dumb"}

    def start(self, port, *words):
        command = [lab.program("lockstep"), "--timeout", "5", "--port", str(port), *words]
        return subprocess.Popen(command, cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def lockstep(self, port, *words):
        child = self.start(port, *words)
        out, err = child.communicate(timeout=lab.PATIENCE)
        return subprocess.CompletedProcess(words, child.returncode, out, err)


class Cell:
    def __init__(self, folder, template, name, number, break_off):
        self.name, (_, self.words, self.state, self.readable) = name, OPERATIONS[name]
        self.break_off = break_off
        self.folder = folder / f"cell-{number}"
        shutil.copytree(template.folder, self.folder, symlinks=True)
        self.bench, self.device = Bench(self.folder / "work"), self.folder / "device"
        self.before = Chip(self.device) if (self.device / "chip.json").exists() else None
        self.wanted = None

    def changes(self):
        path = self.device / "journal.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return sum(line.get("method") in CHANGES for line in lines)

    def interrupted_run(self):
        kind, k, point = self.break_off
        faults = [f"{kind}:{k}"] if kind.startswith("power") else []
        sim = lab.Sim(state=self.device, http=False, faults=faults).start()
        try:
            if faults:
                return self.bench.lockstep(sim.pty, *self.words, *REAL)
            wire = Wire(sim.pty, k, point, kind)
            child = self.bench.start(wire.url, *self.words, *REAL)
            wire.run(child)
            out, err = child.communicate(timeout=lab.PATIENCE)
            return subprocess.CompletedProcess(self.words, child.returncode, out, err)
        finally:
            sim.stop()

    def ledger(self):
        """Intents as (seq, step, code of the outcome or None)."""
        path = self.folder / "work" / "state" / "lockstep" / "ledger.sqlite"
        if not path.exists():
            return []
        with sqlite3.connect(path) as db:
            return db.execute("SELECT i.seq, i.step, o.code FROM entry i LEFT JOIN entry o ON o.kind = 'outcome' AND"
                              " o.refers = i.seq WHERE i.kind = 'intent' ORDER BY i.seq").fetchall()

    def verdict(self, sim):
        """What the ledger says, and where it says nothing, what resume reads from the device."""
        intents = self.ledger()
        run = self.bench.lockstep(sim.pty, "--json", "resume")
        assert run.returncode == 0, run
        open_ones = json.loads(run.stdout)["result"].get("open", [])
        still = [i for i in intents if i[2] is None]
        assert [int(o["entry"]) for o in open_ones] == [i[0] for i in still], (intents, open_ones)
        if open_ones:
            return open_ones[-1]["verdict"], True
        if not intents:
            return NOTHING, False
        steps = 3 if "blocks" in self.name else 1
        return (DONE if intents[-1][1] == steps - 1 else PARTLY) if intents[-1][2] == 0 else NOTHING, False

    def check_keys(self):
        """A key in the chip that was not there before is on disk, in both places."""
        now = Chip(self.device)
        if self.name != "gen-key secret" or now.slots[4] == self.before.slots[4]:
            return
        for folder in ("", "copies"):
            keys = [p.read_text().strip() for p in (self.folder / "work" / folder).glob("new-1B2C.key")]
            assert len(keys) == 1 and keys[0] in now.slots[4], (folder, keys, now.slots[4])

    def finish(self, sim, verdict, is_open, done):
        before = self.changes()
        if is_open:
            run = self.bench.lockstep(sim.pty, "resume", *REAL)
        elif verdict != DONE:
            run = self.bench.lockstep(sim.pty, *self.words, *REAL)
        else:
            return
        assert run.returncode == 0, run
        if verdict == DONE and done:
            assert self.changes() == before, "what is done was done again"

    def play(self):
        run = self.interrupted_run()
        self.check_keys()
        truth = self.state(self.before, Chip(self.device), self)
        with lab.Sim(state=self.device, http=False) as sim:
            verdict, is_open = self.verdict(sim)
            agrees = verdict == truth or (verdict == UNKNOWN and not self.readable and is_open)
            assert agrees, f"the ledger says {verdict}, the chip is {truth}\n{run}"
            self.finish(sim, verdict, is_open, truth == DONE)
            rest = self.bench.lockstep(sim.pty, "--json", "resume")
            assert json.loads(rest.stdout)["result"].get("open", []) == [], rest
            whole = self.bench.lockstep(sim.pty, "ledger", "verify")
            assert whole.returncode == 0, whole
        self.check_keys()
        truth = self.state(self.before, Chip(self.device), self)
        assert truth == DONE, f"after resume the chip is {truth}\n{run}"
        shutil.rmtree(self.folder)
        return verdict


class PowerCut(unittest.TestCase):
    def setUp(self):
        self.scratch = lab.Scratch()
        self.addCleanup(self.scratch.remove)
        self.templates = {}
        self.number = 0

    def template(self, state):
        if state not in self.templates:
            self.templates[state] = Template(self.scratch.path, state)
        return self.templates[state]

    def cell(self, name, break_off):
        self.number += 1
        cell = Cell(self.scratch.path, self.template(OPERATIONS[name][0]), name, self.number, break_off)
        cell.wanted = Chip(self.template("set").folder / "device")
        return cell

    def count(self, name):
        """Requests of an uninterrupted run, and writes of the chip in it."""
        cell = self.cell(name, ("none", 0, ""))
        cell.interrupted_run()
        path = cell.device / "journal.jsonl"
        requests = sum("method" in json.loads(line) for line in path.read_text().splitlines())
        assert cell.state(cell.before, Chip(cell.device), cell) == DONE
        writes = 0
        while True:
            probe = self.cell(name, ("power", writes + 1, ""))
            if probe.interrupted_run().returncode == 0:
                return requests, writes
            writes += 1

    def test_matrix(self):
        cells, failures, verdicts = [], [], {}
        start = time.monotonic()
        for name in OPERATIONS:
            requests, writes = self.count(name)
            self.assertGreater(requests, 5)
            self.assertGreater(writes, 0)
            cells += [(name, (kind, k, point)) for k in range(1, requests + 1)
                      for kind, point in (("kill", "before"), ("kill", "after"), ("cut", "before"), ("cut", "after"),
                                          ("power-msg", ""))]
            cells += [(name, ("power", k, "")) for k in range(1, writes + 1)]
        built = [self.cell(*cell) for cell in cells]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for cell, job in [(cell, pool.submit(cell.play)) for cell in built]:
                try:
                    verdict = job.result()
                    verdicts[verdict] = verdicts.get(verdict, 0) + 1
                except Exception as why:  # every cell is judged, and all failures are shown
                    failures.append(f"{cell.name}, {cell.break_off}: {why}")
        print(f"\npower-cut matrix: {len(cells)} cells, {len(failures)} wrong, verdicts {verdicts}, "
              f"{time.monotonic() - start:.0f} s")
        self.assertEqual(failures, [], "\n\n".join(failures[:5]))
        self.assertGreater(len(cells), 400)
        for verdict in (NOTHING, DONE, PARTLY, UNKNOWN):
            self.assertGreater(verdicts.get(verdict, 0), 0, verdicts)


if __name__ == "__main__":
    unittest.main()
