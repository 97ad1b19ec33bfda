"""The gate as a person, a script and an auditor meet it: who consents and who does not, plan files, the ledger around each step,
open ends, keys that are safe before the device hears of them, secrets that stay where they belong."""
import base64
import hashlib
import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import unittest

import lab

REAL = ("--confirm", "any", "--dry-run=false")
CHANGES = {"ATCA.SetConfig", "ATCA.LockZone", "ATCA.SetKey", "ATCA.GenKey"}
QUESTION = r"of this chip's serial number to go on[^\n]*: $"

# every irreversible operation: the state its chip must be in, and a line that is right in that state
LINES = {
    "atca-set-config": [("blank", ("atca-set-config", lab.SAMPLE["atecc508a"]))],
    "atca-lock-zone": [("set", ("atca-lock-zone", "config")), ("configured", ("atca-lock-zone", "data"))],
    "atca-set-key": [("configured", ("atca-set-key", "0", "ecc.key")), ("configured", ("atca-set-key", "8", "long.key")),
                     ("locked", ("atca-set-key", "0", "ecc.key", "--write-key=guard.key"))],
    "atca-gen-key": [("locked", ("atca-gen-key", "0")), ("locked", ("atca-gen-key", "4", "new.key"))],
    "atca-gen-csr": [("locked", ("atca-gen-csr", "0", "--subject=/CN=x"))],
    "atca-gen-cert": [("locked", ("atca-gen-cert", "0", "x.pem", "--subject=/CN=x"))],
}
PREPARE = (("set", ("atca-set-config", lab.SAMPLE["atecc508a"])), ("configured", ("atca-lock-zone", "config")),
           ("locked", ("atca-lock-zone", "data"), ("atca-set-key", "4", "guard.key"), ("atca-gen-key", "0")))


class Case(unittest.TestCase):
    state, faults, chip = "blank", (), None

    def setUp(self):
        self.scratch = lab.Scratch()
        self.addCleanup(self.scratch.remove)
        self.sim = lab.Sim(chip=self.chip, faults=self.faults).start()
        self.addCleanup(self.sim.__exit__)
        for name, size in (("ecc.key", 32), ("guard.key", 32), ("long.key", 96)):
            self.scratch.file(name, os.urandom(size).hex() + "\n")
        self.bring_to(self.state)

    def bring_to(self, state):
        for after, *commands in PREPARE if state != "blank" else ():
            for words in commands:
                self.run_(*words, *REAL)
            if after == state:
                return

    def run_(self, *words, want=0, port=None, **more):
        done = lab.lockstep(self.scratch, *words, port=port or self.sim.ws, **more)
        self.assertEqual(done.code, want, done)
        return done

    def changes(self):
        return [line["method"] for line in self.sim.journal() if line["method"] in CHANGES]

    def refused(self, *words, want=4, says=(), **more):
        before = self.changes()
        done = self.run_(*words, want=want, **more)
        self.assertEqual(self.changes(), before, done)
        for word in says:
            self.assertIn(word, done.err)
        return done

    def ledger(self, query="SELECT kind, code, sentence, readback FROM entry ORDER BY seq"):
        path = self.scratch.path / "xdg" / "state" / "lockstep" / "ledger.sqlite"
        if not path.exists():
            return []
        with sqlite3.connect(path) as db:
            return db.execute(query).fetchall()


class Refusals(Case):
    """For every irreversible operation in the table, every way of not consenting."""

    def lines(self):
        """Each line in the state it is right in; the chip is brought there on the way."""
        order = ["blank"] + [after for after, *_ in PREPARE]
        todo = [line for lines in LINES.values() for line in lines]
        for state in order:
            for after, *commands in PREPARE:
                if after == state:
                    for words in commands:
                        self.run_(*words, *REAL)
            for wanted, words in todo:
                if wanted == state:
                    yield words

    def test_the_table_is_complete(self):
        table = json.loads(self.run_("--json", "help").out)["result"]["commands"]
        irreversible = {op["name"] for op in table if op["hazard"] == "irreversible"}
        self.assertEqual(irreversible, set(LINES))

    def test_no_way_round(self):
        """One-shot, line mode, a command file, -e, plan, apply, call: without consent nothing is sent."""
        for words in self.lines():
            line = " ".join(map(str, words))
            script = self.scratch.file("f.lks", line + " --dry-run=false\n")
            ways = {"one-shot": ((*words, "--dry-run=false"), {}),
                    "json": (("--json", *words, "--dry-run=false"), {}),
                    "wrong identity": ((*words, "--dry-run=false", "--confirm", "012352aad1bbf379ee"), {}),
                    "part of the identity": ((*words, "--dry-run=false", "--confirm", "f378"), {}),
                    "line mode": ((), {"stdin": line + " --dry-run=false\n"}),
                    "command file": (("run", script), {}),
                    "-e": (("-e", line + " --dry-run=false"), {}),
                    "environment": ((*words, "--dry-run=false"), {"LOCKSTEP_CONFIRM": "any", "MOS_CONFIRM": "any"})}
            for way, (arguments, more) in ways.items():
                with self.subTest(f"{line}: {way}"):
                    self.refused(*arguments, **more)
            plan = self.scratch.path / "p.plan"
            plan.unlink(missing_ok=True)
            self.run_("plan", "-o", plan, *words)
            with self.subTest(f"{line}: apply"):
                self.refused("apply", plan)
                self.refused("apply", plan, "--confirm", json.loads(plan.read_text())["hash"][:8])
        for method in CHANGES:
            for name in (method, method.lower(), method.upper()):
                with self.subTest(f"call {name}"):
                    self.refused("call", name, '{"zone":0,"slot":0}', want=1)
        self.assertEqual([row for row in self.ledger() if row[0] == "intent" and row[1] is not None], [])

    def person(self, words, keys, ahead=b""):
        screen = lab.Terminal(self.scratch, *words, "--dry-run=false", port=self.sim.ws, ahead=ahead)
        if screen.read_until(QUESTION):
            screen.type(keys)
        return screen.end(), screen.text

    def test_what_a_person_types(self):
        ways = {"end of input": b"\x04", "nothing": b"\n", "a wrong word": b"yes\n", "a prefix": b"f37\n", "too much": b"f3788\n",
                "pasted": b"\x1b[200~f378\x1b[201~\n", "two lines at once": b"f378\nf378\n", "Esc": b"\x1b", "Ctrl-C": b"\x03"}
        for words in self.lines():
            before = self.changes()
            for way, keys in ways.items():
                with self.subTest(f"{' '.join(map(str, words))}: {way}"):
                    code, text = self.person(words, keys)
                    self.assertEqual(code, 4, text)
                    self.assertEqual(self.changes(), before, text)
            with self.subTest(f"{' '.join(map(str, words))}: typed ahead"):
                code, text = self.person(words, b"\n", ahead=b"f378\nf378\n")
                self.assertEqual((code, self.changes()), (4, before), text)

    def test_the_right_digits_in_capitals(self):
        code, text = self.person(LINES["atca-set-config"][0][1], b"F378\n")
        self.assertEqual((code, self.changes()), (0, ["ATCA.SetConfig"]), text)

    def test_a_ledger_that_cannot_be_written_refuses(self):
        folder = self.scratch.file("no-folder")
        for words in self.lines():
            with self.subTest(" ".join(map(str, words))):
                self.refused(*words, *REAL, "--ledger", folder / "ledger.sqlite", want=1, says=["the ledger"])
        self.refused("atca-gen-key", "0", *REAL, "--ledger", "/dev/full", want=1)

    def test_stale_plans_and_other_devices(self):
        plans = []
        for i, words in enumerate(self.lines()):
            path = self.scratch.path / f"{i}.plan"
            self.run_("plan", *words, "-o", path)
            other = json.loads(path.read_text())
            plans.append((words, path, other["hash"]))
        for words, path, digest in plans[:5]:  # made in a state that is over
            with self.subTest(f"stale: {words}"):
                self.refused("apply", path, "--confirm", digest, want=1, says=["stale", "byte "])
        self.sim.stop()
        chip = self.sim.state / "chip.json"
        whole = json.loads(chip.read_text())
        whole["config"] = whole["config"][:22] + "79" + whole["config"][24:]
        chip.write_text(json.dumps(whole))
        self.sim.start()
        for words, path, digest in plans:
            with self.subTest(f"another device: {words}"):
                self.refused("apply", path, "--confirm", digest, want=1, says=["the plan is for the chip", "012352aad1bbf378ee"])


class PlanFiles(Case):
    state = "set"

    def plan(self, *words, name="p.plan"):
        path = self.scratch.path / name
        self.run_("plan", *words, "-o", path)
        return path, json.loads(path.read_text())["hash"]

    def test_what_it_holds(self):
        path, digest = self.plan("atca-lock-zone", "config")
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual(self.changes(), ["ATCA.SetConfig"])
        whole = json.loads(path.read_text())
        self.assertEqual((whole["lockstep_plan"], whole["mode"]), (1, "plan"))
        plan = whole["plans"][0]
        self.assertEqual(plan["identity"], lab.SERIAL)
        self.assertEqual(plan["words"], ["atca-lock-zone", "--", "config"])
        observed, expected = bytes.fromhex(plan["observed"]), bytes.fromhex(plan["expected"])
        self.assertEqual([i for i in range(128) if observed[i] != expected[i]], [87])
        self.assertEqual(plan["steps"][0]["changes"][0]["before"], "0x55")
        again = self.run_("plan", "atca-lock-zone", "config", "-o", path, want=1)
        self.assertIn("never overwritten", again.err)

    def test_the_hash_consents_and_the_plan_is_applied_once(self):
        path, digest = self.plan("atca-lock-zone", "config")
        self.assertIn("nothing was sent", self.run_("apply", path, "--dry-run").out)
        self.assertEqual(json.loads(self.run_("--json", "apply", path, "--dry-run").out)["mode"], "plan")
        done = json.loads(self.run_("--json", "apply", path, "--confirm", digest.upper()).out)
        self.assertEqual((done["command"], done["mode"], done["ok"]), ("apply", "applied", True))
        self.assertEqual(self.changes(), ["ATCA.SetConfig", "ATCA.LockZone"])
        self.refused("apply", path, "--confirm", digest, want=1, says=["stale", "byte 87 LockConfig 0x55 → 0x00"])

    def test_an_edited_or_foreign_file_is_refused(self):
        path, digest = self.plan("atca-lock-zone", "config")
        text = path.read_text()
        table = [(text.replace("config zone", "data zone").replace('"config"', '"data"'), "was edited"),
                 (text.replace('"lockstep_plan":\t1', '"lockstep_plan":\t2'), "version 2"),
                 (text.replace(digest, "0" * 64), "was edited"), (text[:-20], "not a plan file"), ("", "not a plan file"),
                 ("[]", "not a plan file"), ("{}", "not a plan file"), (text + "{}", "not a plan file")]
        for i, (content, says) in enumerate(table):
            with self.subTest(i):
                self.assertNotEqual(content, text)
                self.refused("apply", self.scratch.file("edited.plan", content), "--confirm", "any", want=1, says=[says])
        self.run_("apply", self.scratch.file("spaced.plan", json.dumps(json.loads(text), ensure_ascii=False)), "--dry-run")

    def test_a_plan_file_runs_nothing_but_irreversible_commands(self):
        path, _ = self.plan("atca-lock-zone", "config")
        whole = json.loads(path.read_text())
        whole["plans"][0]["words"] = ["rm", "--", "index.html"]
        del whole["hash"]
        compact = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
        whole["hash"] = hashlib.sha256(compact.encode()).hexdigest()
        before = len(self.sim.methods())
        self.refused("apply", self.scratch.file("rm.plan", json.dumps(whole, ensure_ascii=False)), "--confirm", "any", want=1,
                     says=["nothing that a plan file may hold"])
        self.assertNotIn("FS.Remove", self.sim.methods()[before:])

    def test_a_file_whose_content_changed_refuses(self):
        self.run_("atca-lock-zone", "config", *REAL)
        path, digest = self.plan("atca-set-key", "8", "long.key")
        self.assertNotIn((self.scratch.path / "long.key").read_text().strip(), path.read_text())
        self.scratch.file("long.key", os.urandom(96).hex())
        self.refused("apply", path, "--confirm", digest, want=1, says=["long.key", "no longer the file"])

    def test_a_secret_or_a_stream_is_not_kept(self):
        self.run_("atca-lock-zone", "config", *REAL)
        self.run_("plan", "atca-set-key", "8", "-", "-o", "p.plan", want=2, stdin="ab" * 32)
        self.run_("plan", "rm", "x", want=2)
        self.run_("plan", want=2)
        self.run_("plan", "nonsense", want=2)

    def test_a_command_file_as_far_as_it_is_sound(self):
        self.run_("atca-lock-zone", "config", *REAL)
        script = self.scratch.file("p.lks", "set dry-run false\nset K ecc.key\natca-get-config\n\natca-set-key 0 ${K}\nexpect x\n"
                                   "atca-set-key 8 long.key\natca-lock-zone data\natca-gen-key 4 new.key\n")
        done = self.run_("plan", "run", script, "-o", "f.plan")
        self.assertIn("p.lks:9 (atca-gen-key): it is planned from what line 8 will have changed", done.err)
        self.assertEqual(self.changes(), ["ATCA.SetConfig", "ATCA.LockZone"])
        whole = json.loads((self.scratch.path / "f.plan").read_text())
        self.assertEqual([p["operation"] for p in whole["plans"]], ["atca-set-key", "atca-set-key", "atca-lock-zone"])
        self.assertEqual([p["line"] for p in whole["plans"]], [5, 7, 8])
        done = self.run_("apply", "f.plan", "--confirm", whole["hash"])
        self.assertEqual(self.changes()[2:], ["ATCA.SetKey"] * 4 + ["ATCA.LockZone"])
        self.assertIn("Not in this plan", done.err)
        writes = self.scratch.file("w.lks", "rm nothing\natca-lock-zone data\n")
        self.run_("plan", "run", writes, want=1)


class Ledger(Case):
    def test_around_a_step(self):
        self.run_("atca-set-config", lab.SAMPLE["atecc508a"])
        self.run_("status")
        self.assertEqual(self.ledger(), [])
        self.run_("atca-set-config", lab.SAMPLE["atecc508a"], *REAL)
        rows = self.ledger()
        self.assertEqual([r[0] for r in rows], ["session", "plan", "intent", "outcome"])
        self.assertEqual((rows[3][1], rows[3][2]), (0, "done"))
        raw = bytes(int(b, 16) for b in re.findall(r"0x(..)", self.run_("atca-get-config").out))
        self.assertEqual(rows[3][3], hashlib.sha256(raw).hexdigest())
        self.run_("ledger", "verify")

    def test_reading_never_makes_one(self):
        for words in (("status",), ("atca-get-config",), ("atca-slots",), ("resume",), ("plan", "atca-set-config", lab.SAMPLE["atecc508a"])):
            self.run_(*words)
        self.assertFalse((self.scratch.path / "xdg" / "state" / "lockstep" / "ledger.sqlite").exists())

    def test_ctrl_c_waits_for_the_end_of_the_step(self):
        """Three blocks, answers half a second late: the interrupt comes during the first one."""
        self.bring_to("configured")
        self.sim.stop()
        self.sim.words += ["--fault", "late:150"]
        self.sim.start()
        command = [lab.program("lockstep"), "--port", self.sim.ws, "atca-set-key", "8", "long.key", *REAL]
        child = subprocess.Popen(command, cwd=self.scratch.path, env=self.scratch.environment(), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        line = ""
        while "Writing block 0" not in line:
            line = child.stderr.readline()
            self.assertNotEqual(line, "")
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=lab.PATIENCE)
        self.assertEqual(child.returncode, 130, err)
        self.assertIn("between two steps", err)
        self.assertEqual(self.changes().count("ATCA.SetKey"), 1)
        self.assertEqual([r[1] for r in self.ledger() if r[0] == "outcome"][-1], 0)
        self.assertEqual([r[0] for r in self.ledger()][-1], "outcome")

    def open_end(self):
        """A lock whose answer never came: the sim does it and says nothing."""
        self.sim.stop()
        count = len(self.sim.journal())
        kept = list(self.sim.words)
        for k in range(5, 15):
            self.sim.words = [*kept, "--fault", f"power-msg:{k}"]
            self.sim.start()
            run = lab.lockstep(self.scratch, "atca-lock-zone", "config", *REAL, port=self.sim.ws)
            self.sim.child.wait(lab.PATIENCE)
            self.sim.stop()
            if self.sim.methods()[count:][-1] == "ATCA.LockZone":
                break
            count = len(self.sim.journal())
        self.assertEqual(run.code, 3, run)
        self.assertIn("lockstep resume", run.err)
        self.sim.words = kept
        self.sim.start()

    def test_an_open_end_is_announced_and_settled_by_the_next_step(self):
        self.bring_to("set")
        self.open_end()
        said = self.run_("status").err
        self.assertIn("open end", said)
        self.assertIn("It is done: byte 87, LockConfig, reads 0x00", said)
        self.assertIn("open end", self.run_("attach").err)
        self.assertEqual(len(self.ledger("SELECT 1 FROM entry WHERE kind='outcome'")), 1)
        done = self.run_("atca-lock-zone", "data", *REAL)  # closes it as done and goes on
        self.assertIn("It is done", done.err)
        self.assertEqual([r[1] for r in self.ledger("SELECT kind, code FROM entry WHERE kind='outcome'")], [0, 0, 0])
        self.run_("ledger", "verify")

    def test_another_device_never_gets_the_rest(self):
        self.bring_to("set")
        self.open_end()
        other = lab.Sim().start()
        self.addCleanup(other.__exit__)
        other.stop()
        chip = other.state / "chip.json"
        if not chip.exists():
            other.start()
            lab.lockstep(self.scratch, "atca-set-config", lab.SAMPLE["atecc508a"], *REAL, port=other.ws)
            other.stop()
        whole = json.loads(chip.read_text())
        whole["config"] = whole["config"][:22] + "79" + whole["config"][24:]
        chip.write_text(json.dumps(whole))
        (other.state / "journal.jsonl").unlink()
        other.start()
        done = self.run_("resume", *REAL, port=other.ws)
        self.assertIn("belongs to other devices", done.err)
        self.assertEqual([m for m in other.methods() if m in CHANGES], [])
        self.assertIn("open end", self.run_("status").err)

    def test_closing_sends_nothing(self):
        self.bring_to("set")
        self.open_end()
        before = self.changes()
        self.run_("resume", "--close")
        self.assertEqual(self.changes(), before)
        self.assertIn("No step", self.run_("resume").out)


class Traps(Case):
    def test_production(self):
        for word in (("--production",), ()):
            more = {} if word else {"LOCKSTEP_PRODUCTION": "true"}
            self.refused("atca-set-config", lab.SAMPLE["atecc508a"], *REAL, *word, says=["permissive"], **more)
        script = self.scratch.file("p.lks", f"set production true\natca-set-config {lab.SAMPLE['atecc508a']} --dry-run=false\n")
        self.refused("run", script, "--confirm", "any", says=["permissive"])
        self.run_("atca-set-config", lab.SAMPLE["atecc508a"], *REAL, "--production", "--accept", "permissive")
        self.refused("atca-lock-zone", "config", *REAL, "--production", says=["permissive"])
        self.run_("atca-lock-zone", "config", *REAL)

    def test_a_person_answers_the_second_question(self):
        text = self.run_("atca-get-config", "--format=yaml").out.replace("i2caddress: 192", "i2caddress: 176")
        moved = self.scratch.file("moved.yaml", text)
        for answer, code in ((b"0x60\n", 4), (b"\n", 4), (b"0x58\n", 0)):
            screen = lab.Terminal(self.scratch, "atca-set-config", moved, "--dry-run=false", port=self.sim.ws)
            screen.read_until(QUESTION)
            screen.type(b"f378\n")
            screen.read_until(r"new bus address[^\n]*: $")
            screen.type(answer)
            self.assertEqual(screen.end(), code, screen.text)
        self.assertEqual(self.changes(), ["ATCA.SetConfig"])


class Traps608(Case):
    chip = "atecc608a"

    def test_the_second_address(self):
        zone = bytearray(int(b, 16) for b in re.findall(r"0x(..)", self.run_("atca-get-config").out))
        zone[19] |= 1
        zone[85] = 0xB0
        path = self.scratch.file("extra.hex", " ".join(f"0x{b:02x}," for b in zone))
        done = self.refused("atca-set-config", path, *REAL, says=["i2c-address", "byte 85"])
        zone[19] &= 0xFE  # without the mode bit the byte means nothing
        self.assertNotIn("i2c-address", self.run_("atca-set-config", self.scratch.file("mode.hex", " ".join(f"0x{b:02x}," for b in zone))).out)
        self.run_("atca-set-config", path, *REAL, "--accept", "i2c-address")


class Health(Case):
    def flaky(self, *faults):
        self.sim.stop()
        for fault in faults:
            self.sim.words += ["--fault", fault]
        self.sim.start()

    def test_a_flaky_link_refuses(self):
        self.bring_to("set")
        for fault in ("flip-tx:700", "drop-tx:700", "drop-rx:90"):
            with self.subTest(fault):
                kept = list(self.sim.words)
                self.flaky(fault)
                before = self.changes()
                done = lab.lockstep(self.scratch, "--timeout", "300ms", "atca-lock-zone", "config", *REAL, port=self.sim.pty)
                self.assertIn(done.code, (1, 3), done)
                self.assertRegex(done.err, r"link is not sound|whether the link is sound|no answer")
                self.assertEqual(self.changes(), before)
                self.sim.words = kept

    def test_a_slow_link_is_no_flaky_one(self):
        self.bring_to("set")
        self.flaky("late:30")
        self.run_("atca-lock-zone", "config", *REAL, port=self.sim.pty)

    def serve(self, zones, log=b""):
        """A scripted chip that gives out these zones in turn."""
        asked = []

        def handler(request):
            asked.append(request["method"])
            if request["method"] == "ATCA.GetConfig":
                n = asked.count("ATCA.GetConfig") - 1
                return {"config": base64.b64encode(zones[min(n, len(zones) - 1)]).decode()}
            if request["method"] == "Sys.GetInfo":
                return {"id": "esp32_PEER", "mac": "240AC4000001"}
            if request["method"] == "Config.Get":
                return {}
            return (404, "No handler")

        answers = lab.answers(handler)

        def serve(connection):
            if log:
                connection.sendall(log)
            answers(connection)
        peer = lab.Peer(serve)
        self.addCleanup(peer.__exit__)
        return peer.url, asked

    def test_readings_that_differ_and_a_supply_that_broke_down(self):
        self.bring_to("set")
        zone = bytes(int(b, 16) for b in re.findall(r"0x(..)", self.run_("atca-get-config").out))
        other = zone[:20] + bytes([zone[20] ^ 1]) + zone[21:]
        for zones, log, says in (([zone, zone, zone, other], b"", "not the same each time"),
                                 ([zone], b"\nBrownout detector was triggered\n\n", "Brownout detector"),
                                 ([zone], b"\nrst:0xf (RTCWDT_BROWN_OUT_RESET),boot:0x13\n\n", "BROWN_OUT_RESET")):
            with self.subTest(says):
                url, asked = self.serve(zones, log)
                done = self.run_("atca-lock-zone", "config", *REAL, port=url, want=1)
                self.assertIn(says, done.err)
                self.assertNotIn("ATCA.LockZone", asked)


class Escrow(Case):
    state = "locked"

    def test_two_copies_before_the_chip_hears(self):
        (self.scratch.path / "copies").mkdir()
        self.run_("atca-gen-key", "4", "k-????.key", "--escrow", "copies", *REAL)
        key, copy = self.scratch.path / "k-1B2C.key", self.scratch.path / "copies" / "k-1B2C.key"
        self.assertEqual(key.read_bytes(), copy.read_bytes())
        for path in (key, copy):
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o400)
        self.assertEqual([p.name for p in self.scratch.path.iterdir() if ".new" in p.name], [])
        chip = json.loads((self.sim.state / "chip.json").read_text())
        self.assertIn(key.read_text().strip(), chip["slots"][4])

    def test_what_cannot_be_kept_is_refused(self):
        (self.scratch.path / "copies").mkdir()
        self.scratch.file("copies/taken.key")
        full = self.scratch.file("a-file")
        for words in (("taken.key", "--escrow", "copies"), ("x.key", "--escrow", "nowhere"), ("x.key", "--escrow", full),
                      ("x.key", "--escrow", "."), ("ecc.key",), ("no/folder/x.key",)):
            with self.subTest(words):
                self.refused("atca-gen-key", "4", *words, *REAL, want=1)
        self.assertFalse((self.scratch.path / "x.key").exists())

    def test_keys_made_here(self):
        (self.scratch.path / "copies").mkdir()
        self.run_("gen-key", "mine.pem", "--escrow", "copies")
        self.assertEqual((self.scratch.path / "mine.pem").read_bytes(), (self.scratch.path / "copies" / "mine.pem").read_bytes())
        self.assertEqual(stat.S_IMODE((self.scratch.path / "mine.pem").stat().st_mode), 0o400)
        self.run_("gen-key", "a?.pem", want=2)


class Secrets(Case):
    state = "locked"

    def forms(self, key):
        return [key, key.hex().encode(), key.hex().upper().encode(), base64.b64encode(key)]

    def test_nowhere(self):
        """Every artefact after every operation with a key."""
        keys = {name: bytes.fromhex((self.scratch.path / name).read_text()) for name in ("ecc.key", "guard.key")}
        said = b""
        rec = self.scratch.path / "rec.lks"
        for words in (("atca-set-key", "0", "ecc.key", "--write-key=guard.key"), ("atca-set-key", "4", "guard.key"),
                      ("atca-gen-key", "4", "made.key")):
            for more in ((), ("--json",), ("--verbose",)):
                done = lab.lockstep(self.scratch, *words, *more, port=self.sim.ws)
                said += (done.out + done.err).encode()
            done = lab.lockstep(self.scratch, *words, *REAL, "--verbose", port=self.sim.ws)
            said += (done.out + done.err).encode()
        keys["made.key"] = bytes.fromhex((self.scratch.path / "made.key").read_text())
        said += self.run_("plan", "atca-set-key", "0", "ecc.key", "--write-key=made.key", "-o", "p.plan").out.encode()
        done = lab.lockstep(self.scratch, "atca-set-key", "0", "ecc.key", "--write-key=guard.key", *REAL, port=self.sim.ws)
        self.assertEqual(done.code, 1)  # the wrong write key: its error message is an artefact, too
        said += (done.out + done.err).encode()
        said += self.run_("ledger", "export").out.encode() + self.run_("resume").out.encode()
        screen = lab.Terminal(self.scratch, "--no-tui", port=self.sim.ws)
        screen.read_until(r"> $")
        screen.type(b"atca-set-key 4 made.key --dry-run=false --confirm any\n")
        screen.read_until("SetKey successful")
        screen.type(b"quit\n")
        screen.end()
        said += screen.text.encode()
        for path in self.scratch.path.rglob("*"):
            if path.is_file() and path.suffix != ".key":
                said += path.read_bytes()
        self.assertIn(b"atca-set-key", said)
        for name, key in keys.items():
            for form in self.forms(key):
                self.assertNotIn(form, said, name)

    def memory(self, pid):
        found = b""
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for line in maps:
                place, mode = line.split()[:2]
                first, last = (int(n, 16) for n in place.split("-"))
                if "rw" not in mode or last - first > 1 << 28:  # larger ones are a sanitizer's own
                    continue
                try:
                    memory.seek(first)
                    found += memory.read(last - first)
                except (OSError, ValueError):
                    pass
        return found

    @unittest.skipUnless(os.geteuid() == 0, "the memory of a process that is not dumpable can be read by root only")
    def test_not_in_memory_after_the_step(self):
        keys = [bytes.fromhex((self.scratch.path / name).read_text()) for name in ("ecc.key", "guard.key")]
        for port in (self.sim.pty, self.sim.ws):
            command = [lab.program("lockstep"), "--port", port]
            child = subprocess.Popen(command, cwd=self.scratch.path, env=self.scratch.environment(), stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1, start_new_session=True)
            try:
                child.stdin.write("echo marked-in-memory\natca-set-key 0 ecc.key --write-key=guard.key --dry-run=false --confirm any\n"
                                  "atca-set-key 4 guard.key --dry-run=false --confirm any\necho over\n")
                child.stdin.flush()
                line = ""
                while line != "over\n":
                    line = child.stdout.readline()
                    self.assertNotEqual(line, "")
                found = self.memory(child.pid)
                self.assertIn(b"atca-set-key", found)  # it is the right process, and it can be read
                for name, key in zip(("ecc.key", "guard.key"), keys):
                    for what, form in zip(("raw", "hex", "HEX", "base64"), self.forms(key)):
                        with self.subTest(f"{port} {name} {what}"):
                            self.assertNotIn(form, found)
            finally:
                child.kill()
                child.communicate()


if __name__ == "__main__":
    unittest.main()
