"""The ledger as a whole program, judged by a reader that shares nothing with lockstep but doc/ledger.md."""
import csv
import hashlib
import io
import json
import os
import pathlib
import random
import re
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import unittest

from lab import PATIENCE, ROOT, SERIAL, Scratch, lockstep, program

BUILD = pathlib.Path(os.environ.get("LOCKSTEP_BUILD", ROOT / "build"))

COLUMNS = ("seq kind at tool who identity device port operation line plan plan_hash state step refers code sentence readback "
           "previous hash").split()


def entry_hash(values):
    """SHA-256 of an entry (without its hash) as doc/ledger.md writes it down."""
    digest = hashlib.sha256(b"lockstep-ledger-1\n")
    for value in values:
        kind = {type(None): "n", int: "i", bytes: "t", str: "t"}[type(value)]
        data = b"" if value is None else str(value).encode() if isinstance(value, int) else value.encode() if isinstance(value, str) else value
        digest.update(f"{kind}{len(data)}:".encode() + data + b"\n")
    return digest.hexdigest()


def judge(path):
    """Everything that is wrong with a ledger, as (entry, word)."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    db.text_factory = bytes
    wrong, before, count = [], b"0" * 64, 0
    for count, row in enumerate(db.execute(f"SELECT {', '.join(COLUMNS)} FROM entry ORDER BY seq"), 1):
        if row[0] != count:
            wrong.append((count, "number"))
        if row[-2] != before:
            wrong.append((row[0], "previous"))
        if entry_hash(row[:-1]).encode() != row[-1]:
            wrong.append((row[0], "hash"))
        plan, plan_hash = row[COLUMNS.index("plan")], row[COLUMNS.index("plan_hash")]
        if plan is not None and hashlib.sha256(plan).hexdigest().encode() != plan_hash:
            wrong.append((row[0], "plan"))
        before = row[-1]
    db.close()
    title, *ends = path.with_suffix(".head").read_text().splitlines()
    if title != "lockstep-ledger-head 1" or f"{count} {before.decode()}" not in ends:
        wrong.append((0, "head"))
    return wrong


class Ledger(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.remove)
        plugins = self.scratch.path / "plugins"
        plugins.mkdir()
        (plugins / "recorder.so").symlink_to(BUILD / "tests" / "support" / "plugin_recorder.so")
        self.more = {"LOCKSTEP_PLUGIN_PATH": str(plugins)}
        self.path = self.scratch.path / "xdg" / "state" / "lockstep" / "ledger.sqlite"

    def run_it(self, *words, **more):
        return lockstep(self.scratch, *words, **{**self.more, **more})

    def record(self, *words):
        run = self.run_it("recorder-pass", *words)
        self.assertEqual(run.code, 0, run)
        return run

    def sql(self, text):
        db = sqlite3.connect(self.path, isolation_level=None)
        guards = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            db.execute(f"DROP TRIGGER {name}")
        db.executescript(text)
        for _, guard in guards:
            db.execute(guard)
        db.close()


class Commands(Ledger):
    def test_reading_makes_no_file(self):
        for words in (("help",), ("ledger",), ("ledger", "verify"), ("ledger", "export"), ("ports",)):
            self.run_it(*words)
        self.assertFalse(self.path.parent.exists())
        self.assertEqual(self.run_it("ledger").err, f"The ledger {self.path} has no such entry.\n")
        self.assertEqual(self.run_it("ledger", "verify").code, 0)

    def test_list(self):
        self.record()
        run = self.run_it("ledger")
        self.assertEqual((run.code, run.err), (0, ""), run)
        lines = run.out.splitlines()
        self.assertEqual(lines[0].split(), ["ENTRY", "TIME", "KIND", "DEVICE", "OPERATION", "WHAT"])
        self.assertRegex(lines[3], rf"^3 +20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ +intent +{SERIAL} +recorder-pass +write it$")
        self.assertEqual(len(lines), 7)
        self.assertEqual(len(self.run_it("ledger", "list", "--limit", "2").out.splitlines()), 3)
        self.assertIn("Older entries are left out", self.run_it("ledger", "--limit", "2").err)

    def test_list_filters(self):
        self.record()
        def numbers(*words):
            run = self.run_it("--json", "ledger", *words)
            self.assertEqual(run.code, 0, run)
            return [int(e["entry"]) for e in json.loads(run.out)["result"]["entries"]]
        self.assertEqual(numbers(), [1, 2, 3, 4, 5, 6])
        self.assertEqual(numbers("--device", SERIAL.upper()), [2, 3, 4, 5, 6])
        self.assertEqual(numbers("--device", "esp32_RECORD"), [1, 2, 3, 4, 5, 6])
        self.assertEqual(numbers("--device", "esp32_OTHER"), [])
        self.assertEqual(numbers("--operation", "recorder-pass"), [2, 3, 4, 5, 6])
        self.assertEqual(numbers("--operation", "atca-lock-zone"), [])
        self.assertEqual(numbers("--since", "2020"), [1, 2, 3, 4, 5, 6])
        self.assertEqual(numbers("--until", "2020-12-31"), [])

    def test_usage(self):
        self.record()
        for words, said in [
                (("show",), "which entry is to be shown is missing"),
                (("show", "x"), "which entry is to be shown is not a number"),
                (("show", "0"), "which entry is to be shown is not a number"),
                (("verify", "x"), "ledger verify takes nothing behind it"),
                (("list", "x"), "ledger list takes nothing behind it"),
                (("verify", "--since", "2020"), "--since means nothing to ledger verify"),
                (("list", "--format", "csv"), "--format means nothing to ledger list"),
                (("export", "--limit", "2"), "--limit means nothing to ledger export"),
                (("--since", "yesterday"), "since is not a date"),
                (("erase",), '"erase" is not one of list, show, verify or export')]:
            run = self.run_it("ledger", *words)
            self.assertEqual((run.code, run.out), (2, ""), run)
            self.assertIn(said, run.err)
        run = self.run_it("ledger", "show", "7")
        self.assertEqual(run.code, 1)
        self.assertIn("has no entry 7", run.err)

    def test_show(self):
        self.record("--passcode", "1234567")
        run = self.run_it("ledger", "show", "2")
        self.assertEqual((run.code, run.err), (0, ""), run)
        for words in ("lock the recorder", "recorder-pass --passcode=${PASSCODE}\n", "what: byte 87\n", "note: größer\n", "/dev/ttyUSB0", "matches its hash"):
            self.assertIn(words, run.out)
        shown = json.loads(self.run_it("--json", "ledger", "show", "2").out)["result"]
        self.assertEqual(shown["plan"]["steps"][1]["title"], "lock it")
        self.sql("UPDATE entry SET sentence = 'x' || char(27) || '[2J' WHERE seq = 4")
        run = self.run_it("ledger", "show", "4")
        self.assertIn("x\\x1b[2J", run.out)
        self.assertIn("it was altered", run.out)
        self.assertIn("outcome, altered", self.run_it("ledger").out)

    def test_a_failed_step(self):
        run = self.run_it("recorder-pass", "--end", "fails")
        self.assertEqual(run.code, 1)
        self.assertIn("refused: the chip said 0x0f", self.run_it("ledger").out)
        self.assertEqual(judge(self.path), [])

    def test_verify(self):
        self.record("--count", "3")
        run = self.run_it("ledger", "verify")
        self.assertEqual((run.code, run.err), (0, ""), run)
        self.assertIn("The ledger is whole", run.out)
        result = json.loads(self.run_it("--json", "ledger", "verify").out)["result"]
        self.assertEqual(result["entries"], 16)
        self.assertIn(f"16 {result['head']}\n", self.path.with_suffix(".head").read_text())
        self.sql("UPDATE entry SET sentence = 'undone' WHERE seq = 4; DELETE FROM entry WHERE seq = 9")
        run = self.run_it("ledger", "verify")
        self.assertEqual(run.code, 1)
        self.assertEqual(run.out, "entry 4 was edited or inserted: its content does not match its hash.\n"
                                  "entry 9 is missing: it was removed.\n")
        self.assertIn("is not as it was written: entry 4 was edited or inserted", run.err)
        self.assertIn("and 1 more finding", run.err)

    def test_export(self):
        self.record("--passcode", "1234567")
        lines = [json.loads(line) for line in self.run_it("ledger", "export").out.splitlines()]
        self.assertEqual([list(line) for line in lines], [COLUMNS] * 6)
        before = "0" * 64
        for line in lines:
            self.assertEqual(entry_hash([line[c] for c in COLUMNS[:-1]]), line["hash"])
            self.assertEqual(line["previous"], before)
            before = line["hash"]
        out = self.scratch.path / "out.csv"
        run = self.run_it("ledger", "export", out, "--format", "csv")
        self.assertEqual((run.code, run.out), (0, f"Wrote {out}.\n"), run)
        self.assertEqual(stat.S_IMODE(out.stat().st_mode), 0o600)
        table = list(csv.DictReader(io.StringIO(out.read_bytes().decode())))
        self.assertEqual([{k: v or None for k, v in row.items()} for row in table],
                         [{k: None if v is None else str(v) for k, v in line.items()} for line in lines])
        run = self.run_it("ledger", "export", out)
        self.assertEqual(run.code, 1)
        self.assertIn("never overwritten", run.err)
        self.assertEqual(len(self.run_it("ledger", "export", "-", "--operation", "recorder-pass").out.splitlines()), 5)


class Trust(Ledger):
    def test_the_independent_judge_agrees(self):
        self.record("--count", "5")
        self.run_it("recorder-pass", "--end", "fails")
        self.assertEqual(judge(self.path), [])
        self.sql("UPDATE entry SET who = 'someone@else' WHERE seq = 7")
        self.assertEqual(judge(self.path), [(7, "hash")])

    def test_the_script_of_the_documentation(self):
        self.record("--count", "2")
        text = (ROOT / "doc" / "ledger.md").read_text()
        script = self.scratch.file("audit.py", re.search(r"^```python\n(.*?)^```$", text, re.M | re.S).group(1))
        self.assertLessEqual(len(script.read_text().splitlines()), 20)
        head = self.path.with_suffix(".head").read_text().split()[-1]
        audit = [sys.executable, str(script), str(self.path)]
        done = subprocess.run(audit, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stdout), (0, f"whole; the last hash is {head}\n"), done)
        self.sql("UPDATE entry SET line = 'x' WHERE seq = 8")
        done = subprocess.run(audit, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stderr), (1, "entry 8 is not as it was written\n"), done)

    def test_bytes_flipped_in_the_file(self):
        """Not through SQL: bytes of values where they lie in the file, as a hex editor would."""
        self.record("--count", "4")
        db = sqlite3.connect(self.path, isolation_level=None)
        db.execute("VACUUM")  # no stale copies of rows in pages' free space
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        values = sorted({v.encode() for row in db.execute(f"SELECT {', '.join(COLUMNS)} FROM entry") for v in row
                         if isinstance(v, str) and len(v) > 5})
        db.close()
        self.assertEqual(self.run_it("ledger", "verify").code, 0)
        clean, rng, flipped = self.path.read_bytes(), random.Random(4711), 0
        for _ in range(120):
            value = rng.choice(values)
            places = [m.start() for m in re.finditer(re.escape(value), clean)]
            if not places:
                continue  # it lies across two pages
            at = rng.choice(places) + rng.randrange(len(value))
            dirty = bytearray(clean)
            dirty[at] ^= 1 << rng.randrange(8)
            self.path.write_bytes(dirty)
            run = self.run_it("ledger", "verify")
            self.assertEqual(run.code, 1, f"byte {at} of {value!r}: {run}")
            flipped += 1
        self.assertGreater(flipped, 100)
        self.path.write_bytes(clean)
        self.assertEqual(self.run_it("ledger", "verify").code, 0)

    def test_killed_in_a_step(self):
        run = self.run_it("recorder-pass", "--end", "killed")
        self.assertEqual(run.code, -signal.SIGKILL)
        self.assertEqual(judge(self.path), [])
        run = self.run_it("ledger")
        self.assertRegex(run.out, rf"\n5 .*intent, open +{SERIAL} +recorder-pass +lock it\n$")
        self.assertIn("none: it is open", self.run_it("ledger", "show", "5").out)
        self.assertEqual(self.run_it("ledger", "verify").code, 0)
        self.record()
        self.assertEqual(judge(self.path), [])

    def test_two_programs_at_once(self):
        runs = [subprocess.Popen([program("lockstep"), "recorder-pass", "--count", "25"], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, env=self.scratch.environment(**self.more)) for _ in range(2)]
        for run in runs:
            self.assertEqual((run.communicate(timeout=PATIENCE)[1], run.returncode), (b"", 0))
        self.assertEqual(judge(self.path), [])
        self.assertEqual(json.loads(self.run_it("--json", "ledger", "verify").out)["result"]["entries"], 2 * (1 + 25 * 5))

    def test_a_step_that_cannot_be_recorded_is_not_done(self):
        self.path.parent.parent.mkdir(parents=True)
        self.path.parent.write_text("a file where a folder is needed")
        run = self.run_it("recorder-pass")
        self.assertEqual((run.code, run.out), (1, ""), run)
        self.assertIn("nothing was sent: the intent could not be recorded", run.err)
        self.assertIn("a step that cannot be recorded is refused", run.err)

    def test_a_full_disk(self):
        def no_room():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (30000, 30000))
        done = subprocess.run([program("lockstep"), "recorder-pass", "--count", "100"], capture_output=True, text=True,
                              env=self.scratch.environment(**self.more), preexec_fn=no_room, timeout=PATIENCE)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("a step that cannot be recorded is refused", done.stderr)
        self.record()
        self.assertEqual(judge(self.path), [])
        intents = self.run_it("--json", "ledger", "--limit", "0").out.count('"kind":"intent"')
        self.assertEqual(len(re.findall("step", done.stdout)) + 2, intents)

    def test_secrets_are_nowhere(self):
        run = self.run_it("recorder-pass", "--passcode", "MARKED-SECRET", "--end", "killed")
        self.assertEqual(run.code, -signal.SIGKILL)
        self.record("--passcode", "MARKED-SECRET")
        found = [p for p in self.scratch.path.rglob("*") if p.is_file() and not p.is_symlink() and b"MARKED-SECRET" in p.read_bytes()]
        self.assertEqual(found, [])
        self.assertTrue(any(b"${PASSCODE}" in p.read_bytes() for p in self.path.parent.iterdir()))

    def test_only_the_owner_may_read(self):
        self.record()
        self.assertEqual(stat.S_IMODE(self.path.parent.stat().st_mode), 0o700)
        for path in self.path.parent.iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)


if __name__ == "__main__":
    unittest.main()
