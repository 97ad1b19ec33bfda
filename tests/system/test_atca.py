"""The secure element's commands, as whole programs against the virtual chip; keys, requests, certificates and signatures are
judged by openssl, and what was sent by the virtual device's journal."""
import base64
import hashlib
import json
import os
import re
import socket
import stat
import unittest

import lab

CHANGES = {"ATCA.SetConfig", "ATCA.LockZone", "ATCA.SetKey", "ATCA.GenKey"}
REAL = ("--confirm", "any", "--dry-run=false")
CHIP_LINE = "ATECC508A rev 0x5000 S/N 0x012352aad1bbf378ee, config is {}, data is {}\n"
WARNING = "WARNING: Either config or data zone are not locked, chip is not fully configured\n"


def writable(zone):
    """The bytes that a host sets: the others come from the factory or have commands of their own."""
    return zone[16:84] + zone[88:128]


class Case(unittest.TestCase):
    chip, faults = None, ()
    state = "blank"  # blank, configured (config locked), locked (both)

    def setUp(self):
        self.scratch = lab.Scratch()
        self.addCleanup(self.scratch.remove)
        self.sim = lab.Sim(chip=self.chip, faults=self.faults).start()
        self.addCleanup(self.sim.__exit__)
        if self.state != "blank":
            self.run_("atca-set-config", lab.SAMPLE[self.chip or "atecc508a"], *REAL)
            self.run_("atca-lock-zone", "config", *REAL)
        if self.state == "locked":
            self.run_("atca-lock-zone", "data", *REAL)

    def run_(self, *words, want=0, port=None, **more):
        done = lab.lockstep(self.scratch, *words, port=port or self.sim.ws, **more)
        self.assertEqual(done.code, want, done)
        return done

    def changes(self):
        return [line for line in self.sim.journal() if line["method"] in CHANGES]

    def refused(self, *words, want=1, says=(), **more):
        """Refused with this status and these words, and nothing that changes the chip was sent."""
        before = len(self.changes())
        done = self.run_(*words, want=want, **more)
        self.assertEqual(self.changes()[before:], [])
        self.assertRegex(done.err, r"(^|\n)lockstep: .*\.\n")
        for word in says:
            self.assertIn(word, done.err)
        return done

    def slot4_key(self, name="slot4.key", key=None):
        return self.scratch.file(name, (key or os.urandom(32)).hex() + "\n")

    def zone(self):
        return bytes(int(b, 16) for b in re.findall(r"0x(..)", self.run_("atca-get-config").out))


class Texts(Case):
    def test_every_form_is_taken_back_unchanged(self):
        for sample in lab.SAMPLE.values():
            self.run_("atca-set-config", sample, *REAL)
            zone = self.zone()
            for form in ("yaml", "json", "hex"):
                with self.subTest(f"{sample.name} as {form}"):
                    name = f"{sample.stem}.{form}"
                    text = self.run_("atca-get-config", "--format", form).out
                    self.run_("atca-get-config", name)
                    self.assertEqual((self.scratch.path / name).read_text(), text)
                    self.run_("atca-set-config", name, *REAL)
                    self.assertEqual(self.zone(), zone)
                    sent = self.changes()[-1]["args"]["config"]
                    self.assertEqual(writable(base64.b64decode(sent)), writable(zone))
            self.assertEqual(len(zone), 128)

    def test_the_first_lines_are_those_of_mos(self):
        done = self.run_("mos", "-X", "atca-get-config")
        self.assertEqual(done.err, "\n" + CHIP_LINE.format("unlocked", "unlocked") + WARNING + "\n")
        self.assertTrue(done.out.startswith("0x01, 0x23, 0x52, 0xaa, \n"), done.out)
        yaml = self.run_("atca-get-config", "--format=yaml").out
        sample = lab.SAMPLE["atecc508a"].read_text()
        names = [name for name in re.findall(r"^[ -]*(\w+):", yaml, re.M) if not name.endswith("other")]  # bits mos loses
        self.assertEqual(names[:8],
                         ["serialnum", "revision", "reserved13", "i2cenable", "reserved15", "i2caddress", "reserved17", "otpmode"])
        keys = set(re.findall(r"^[ -]*(\w+):", sample, re.M))
        self.assertLessEqual(keys, set(re.findall(r"^[ -]*(\w+):", yaml, re.M)) | {"privatekeyslotconfig"})

    def test_a_file_that_exists_is_kept(self):
        path = self.scratch.file("chip.yaml", b"precious")
        self.refused("atca-get-config", "chip.yaml", says=["exists already", "never overwritten"])
        self.assertEqual(path.read_bytes(), b"precious")

    def test_json_result(self):
        result = json.loads(self.run_("--json", "atca-get-config", "--format=hex").out)["result"]
        self.assertEqual((result["chip"], result["serial"], result["config_locked"]), ("ATECC508A", lab.SERIAL, False))
        self.assertEqual(result["data"].count("0x"), 128)

    def test_slots_in_words(self):
        self.run_("atca-set-config", lab.SAMPLE["atecc508a"], *REAL)
        rows = json.loads(self.run_("--json", "atca-slots").out)["result"]["slots"]
        self.assertEqual(len(rows), 16)
        self.assertEqual((rows[0]["holds"], rows[0]["key"], rows[0]["lock"]), ("ECC P-256 private", "?", "open"))
        self.assertIn("key of slot 4", rows[0]["write"])
        self.assertIn("guards writes", self.run_("atca-slots").out)
        self.assertRegex(self.run_("atca-slots", "0").out, r"SlotConfig +0x6487")
        self.assertIn("config is unlocked", self.run_("atca-slots", "4", port=self.sim.pty).err)

    def test_status_has_the_chip(self):
        self.assertRegex(self.run_("status").out, r"Chip +ATECC508A rev 0x5000 S/N 0x012352aad1bbf378ee")


class Plans(Case):
    def test_dry_run_is_the_default_and_sends_nothing(self):
        done = self.run_("atca-set-config", lab.SAMPLE["atecc508a"])
        self.assertEqual(self.changes(), [])
        self.assertIn("plan (nothing sent): ", done.out)
        self.assertRegex(done.out, r"bytes 20-21 +SlotConfig\[0\] +0x2083 → 0x6487")
        self.assertIn("RevNum", done.out)  # the sample says 0x6002, the chip is a 508A: ignored, and said so
        self.assertNotIn("successful", done.out + done.err)
        lock = self.run_("atca-lock-zone", "config")
        self.assertRegex(lock.out, r"byte 87 +LockConfig +0x55 → 0x00")
        self.assertIn("16 slot policies", lock.out)
        self.assertIn("I²C address 0x60", lock.out)
        self.assertIn("chip read three times alike", lock.out)
        self.assertIn("nothing to compare", lock.out)
        self.assertEqual(self.changes(), [])
        self.assertEqual(self.sim.methods().count("ATCA.GetConfig") >= 3, True)

    def test_plan_as_json(self):
        answer = json.loads(self.run_("--json", "atca-lock-zone", "config").out)
        self.assertEqual((answer["mode"], answer["ok"]), ("plan", True))
        self.assertEqual(answer["result"]["identity"], lab.SERIAL)
        self.assertEqual(answer["result"]["steps"][0]["changes"][0]["after"], "0x00")

    def test_an_address_change_wants_its_own_consent(self):
        text = self.run_("atca-get-config", "--format=yaml").out.replace("i2caddress: 192", "i2caddress: 176")
        path = self.scratch.file("moved.yaml", text)
        plan = self.run_("atca-set-config", path).out
        self.assertRegex(plan, r"byte 16 +I2C_Address +0xc0 → 0xb0")
        self.assertIn("--accept i2c-address", plan)
        self.refused("atca-set-config", path, *REAL, want=4, says=["i2c-address"])
        self.run_("atca-set-config", path, *REAL, "--accept", "i2c-address")
        self.assertEqual(self.changes()[-1]["method"], "ATCA.SetConfig")

    def test_a_lock_compares_with_what_was_set(self):
        self.run_("atca-set-config", lab.SAMPLE["atecc508a"], *REAL)
        self.assertIn("atca-test-config.yaml", self.run_("atca-lock-zone", "config").out)
        # another tool writes the zone behind our back
        zone = bytearray(self.zone())
        zone[20] ^= 1
        other = self.scratch.file("other.hex", " ".join(f"0x{b:02x}," for b in zone))
        with_other = lab.Scratch()
        done = lab.lockstep(with_other, "atca-set-config", other, *REAL, port=self.sim.ws)
        with_other.remove()
        self.assertEqual(done.code, 0, done)
        self.refused("atca-lock-zone", "config", *REAL, want=4, says=["content-differs", "20 SlotConfig[0]"])
        self.refused("atca-lock-zone", "config", "--compare", lab.SAMPLE["atecc508a"], *REAL, says=["1 of", "20 SlotConfig[0]"])
        self.run_("atca-lock-zone", "config", "--compare", other, *REAL, "--accept", "content-differs")
        self.assertEqual(self.zone()[87], 0)

    def test_aes_slots_on_a_chip_without_aes(self):
        self.assertIn("slots 5 15 get KeyType AES, which only an ATECC608A knows; this is an ATECC508A",
                      self.run_("atca-set-config", lab.SAMPLE["atecc608a"]).out)
        self.assertNotIn("KeyType AES", self.run_("atca-set-config", lab.SAMPLE["atecc508a"]).out)


class Refusals(Case):
    def test_bad_input(self):
        yaml = lab.SAMPLE["atecc508a"].read_text()
        wrong = self.scratch.file("wrong.yaml", yaml.replace("i2caddress: 192", "i2caddress: many"))
        line = 1 + yaml.splitlines().index("i2caddress: 192")
        ecc, short = lab.ec_key(self.scratch.path / "ecc.pem"), self.scratch.file("short.key", "ab" * 31)
        table = [
            (("atca-get-confg",), 2, ["atca-get-config"]),
            (("atca-get-pub-key", "16"), 2, ["slots 0 to 15"]),
            (("atca-set-key", "x", ecc), 2, ["slot"]),
            (("atca-get-config", "--format=xml"), 2, ["yaml, json or hex"]),
            (("atca-lock-zone", "otp"), 2, ["config or data"]),
            (("atca-set-config", "missing.yaml"), 1, ["missing.yaml", "No such file"]),
            (("atca-set-config", wrong), 1, [f"wrong.yaml:{line}:"]),
            (("atca-set-config", ecc), 1, ["ecc.pem"]),
            (("atca-lock-zone", "data"), 1, ["configuration zone is open"]),
            (("atca-gen-key", "0"), 1, ["0xf4", "configuration zone is open", "atca-lock-zone config"]),
            (("atca-set-key", "0", ecc), 1, ["configuration zone is open"]),
            (("atca-set-key", "0", short), 1, ["short.key"]),
            (("atca-get-pub-key", "0"), 1, ["configuration zone is open"]),
        ]
        for words, status, says in table:
            with self.subTest(" ".join(map(str, words))):
                self.refused(*words, *(REAL if words[0] != "atca-get-config" else ()), want=status, says=says)

    def test_a_port_that_is_not_there(self):
        self.run_("atca-get-config", port="ws://127.0.0.1:1/rpc", want=3)
        self.run_("atca-get-config", port="/dev/nowhere", want=3)


class Consent(Case):
    def test_without_consent_nothing_is_sent(self):
        table = [(("--dry-run=false",), 4), (("--dry-run=false", "--confirm", "012352aad1bbf378ef"), 4),
                 (("--dry-run=false", "--confirm", "f378"), 4), (("--dry-run=false", "--confirm", ""), 4),
                 (("--dry-run=false", "-y"), 2), (("--dry-run=maybe",), 2), (("--confirm", "any"), 0),
                 (("--dry-run=false", "--json"), 4)]
        for words, status in table:
            with self.subTest(" ".join(words)):
                self.run_("atca-lock-zone", "config", *words, want=status)
                self.assertEqual(self.changes(), [])

    def test_the_environment_gives_no_consent(self):
        self.run_("atca-lock-zone", "config", LOCKSTEP_DRY_RUN="false", LOCKSTEP_CONFIRM="any", MOS_DRY_RUN="false")
        self.run_("atca-lock-zone", "config", "--dry-run=false", want=4, LOCKSTEP_CONFIRM="any", MOS_CONFIRM="any")
        self.assertEqual(self.changes(), [])

    def test_the_whole_identity_consents(self):
        self.run_("atca-lock-zone", "config", "--dry-run=false", "--confirm", "0x" + lab.SERIAL.upper())
        self.assertEqual([c["method"] for c in self.changes()], ["ATCA.LockZone"])

    def person(self, keys, ahead=b"", question=r"of this chip's serial number to go on[^\n]*: $"):
        screen = lab.Terminal(self.scratch, "atca-lock-zone", "config", "--dry-run=false", port=self.sim.ws, ahead=ahead)
        if screen.read_until(question):
            self.assertNotIn("f378 ", screen.text.split("about to do")[1].split("Type the")[1])
            screen.type(keys)
        return screen.end(), screen.text

    def test_what_a_person_types(self):
        refusals = {"nothing": b"\n", "end of input": b"\x04", "wrong": b"1234\n", "a prefix": b"f37\n", "more": b"f3788\n",
                    "with blanks": b" f378\n", "yes": b"yes\n", "Esc": b"\x1b", "the whole serial": lab.SERIAL.encode() + b"\n"}
        for what, keys in refusals.items():
            with self.subTest(what):
                status, text = self.person(keys)
                self.assertEqual(status, 4, text)
                self.assertIn("nothing was sent", text)
                self.assertEqual(self.changes(), [])
        status, text = self.person(b"1234\n", ahead=b"f378\n")
        self.assertEqual((status, self.changes()), (4, []), text)
        status, text = self.person(b"F378\n")
        self.assertEqual(status, 0, text)
        self.assertIn("LockZone successful.", text)
        self.assertEqual(len(self.changes()), 1)


class Configured(Case):
    state = "configured"

    def test_in_this_state(self):
        self.refused("atca-set-config", lab.SAMPLE["atecc508a"], *REAL, says=["config zone is already locked"])
        self.refused("atca-lock-zone", "config", *REAL, says=["already"])
        self.refused("atca-gen-csr", "0", "--subject", "/CN=x", *REAL, says=["data zone is open"])
        ecc = lab.ec_key(self.scratch.path / "ecc.key.pem")
        done = self.run_("atca-set-key", "0", ecc, *REAL)
        self.assertIn("Slot 0 is a ECC private key slot\nParsed EC PRIVATE KEY\n", done.err)
        self.assertEqual(done.out, "SetKey successful.\n")
        self.assertEqual(self.run_("atca-get-pub-key", "0").out, lab.public_key(ecc))

    def test_a_key_of_many_blocks(self):
        key = os.urandom(416 // 32 * 32)
        done = self.run_("atca-set-key", "8", self.scratch.file("long.key", key.hex()), *REAL)
        self.assertEqual(re.findall(r"Writing block (\d+)\.\.\.", done.err), [str(i) for i in range(13)])
        sent = [c["args"] for c in self.changes() if c["method"] == "ATCA.SetKey"]
        self.assertEqual([a.get("block", 0) for a in sent], list(range(13)))
        self.assertEqual([a["key"] for a in sent],
                         ["sha256:" + hashlib.sha256(key[i:i + 32]).hexdigest() for i in range(0, len(key), 32)])
        self.refused("atca-set-key", "4", self.scratch.file("two.key", os.urandom(64).hex()), *REAL)

    def test_data_lock_says_what_ends(self):
        plan = self.run_("atca-lock-zone", "data").out
        self.assertRegex(plan, r"byte 86 +LockValue +0x55 → 0x00")
        self.assertRegex(plan, r"What becomes permanent: OTP; clear writes to slots 0 1 2 3 5")
        self.run_("atca-lock-zone", "data", *REAL)
        self.assertEqual(self.zone()[86:88], b"\x00\x00")


class Locked(Case):
    state = "locked"

    def test_the_transcript_of_the_documents(self):
        lab.openssl("rand", "-hex", "-out", self.scratch.path / "slot4.key", "32")
        ecc = lab.ec_key(self.scratch.path / "ecc.key.pem")
        head = "\n" + CHIP_LINE.format("locked", "locked") + "\n"
        done = self.run_("mos", "-X", "atca-set-key", "4", "slot4.key", "--dry-run=false", "--confirm", "any")
        self.assertTrue(done.err.startswith(head + "Slot 4 is a non-ECC private key slot\n"), done)
        self.assertIn("about to do: ", done.err)  # the plan, on standard error: the log of a rack shows what was done
        self.assertEqual(done.out, "SetKey successful.\n")
        done = self.run_("mos", "-X", "atca-set-key", "0", "ecc.key.pem", "--write-key=slot4.key", *REAL, port=self.sim.pty)
        self.assertTrue(done.err.startswith(head + "Slot 0 is a ECC private key slot\nParsed EC PRIVATE KEY\n"
                                            "Data zone is locked, will perform encrypted write using slot 4 using slot4.key\n"), done)
        self.assertEqual(done.out, "SetKey successful.\n")
        self.assertEqual(self.run_("atca-get-pub-key", "0").out, lab.public_key(ecc))

    def test_keys_never_show(self):
        key, scalar = os.urandom(32), os.urandom(32)
        slot4 = self.slot4_key(key=key)
        secret = self.scratch.file("ecc.hex", scalar.hex())
        everything = ""
        for words in ((), REAL, ("--json",)):
            for command in (("4", slot4), ("0", secret, "--write-key", slot4)):
                done = self.run_("atca-set-key", *command, *words)
                everything += done.out + done.err
        everything += (self.sim.state / "journal.jsonl").read_text()
        for path in (self.scratch.path / "xdg").rglob("*"):
            everything += path.read_text(errors="replace") if path.is_file() else ""
        for hidden in (key, scalar):
            self.assertNotIn(hidden.hex(), everything)
            self.assertNotIn(base64.b64encode(hidden).decode(), everything)

    def test_write_keys(self):
        ecc = lab.ec_key(self.scratch.path / "ecc.key.pem")
        slot4 = self.slot4_key()
        self.run_("atca-set-key", "4", slot4, *REAL)
        self.refused("atca-set-key", "0", ecc, *REAL, says=["only encrypted writes", "slot 4", "--write-key"])
        self.refused("atca-set-key", "0", ecc, "--write-key", ecc, *REAL, says=["ecc.key.pem"])
        self.refused("atca-set-key", "0", ecc, "--write-key", self.scratch.file("31.key", "ab" * 31), *REAL, says=["31.key"])
        self.refused("atca-set-key", "0", ecc, "--write-key", self.scratch.file("64.key", "ab" * 64), *REAL, says=["64.key"])
        done = self.run_("atca-set-key", "0", ecc, "--write-key", self.slot4_key("other.key"), *REAL, want=1)
        self.assertRegex(done.err, r"0x(d1|f4)")
        self.assertIn("write key", done.err)
        self.assertNotIn("successful", done.out)

    def test_key_files_of_every_kind(self):
        slot4 = self.slot4_key()
        self.run_("atca-set-key", "4", slot4, *REAL)
        sec1 = lab.ec_key(self.scratch.path / "sec1.pem")
        want = lab.public_key(sec1)
        pkcs8 = self.scratch.path / "pkcs8.pem"
        lab.openssl("pkcs8", "-topk8", "-nocrypt", "-in", sec1, "-out", pkcs8)
        scalar = re.search(r"priv:\s*((?:[0-9a-f:]+\s*)+)", lab.openssl("ec", "-in", sec1, "-noout", "-text").decode())[1]
        plain = self.scratch.file("plain.hex", re.sub(r"[\s:]", "", scalar)[-64:])
        small = self.scratch.file("small.hex", f"{1:064x}")
        for path in (sec1, pkcs8, plain):
            with self.subTest(path.name):
                self.run_("atca-set-key", "0", path, "--write-key", slot4, *REAL)
                self.assertEqual(self.run_("atca-get-pub-key", "0").out, want)
        self.run_("atca-set-key", "0", small, "--write-key", slot4, *REAL)  # leading zeros stay in front
        self.assertIn("axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li", self.run_("atca-get-pub-key", "0").out.replace("\n", ""))

    def test_files_that_are_no_key(self):
        slot4 = self.slot4_key()
        rsa = self.scratch.path / "rsa.pem"
        lab.openssl("genrsa", "-out", rsa, "1024")
        bad = {"p384": (lab.ec_key(self.scratch.path / "p384.pem", "secp384r1"), "P-384"),
               "rsa": (rsa, "RSA"),
               "31 bytes": (self.scratch.file("31.key", "ab" * 31), "31"),
               "zero": (self.scratch.file("zero.key", "00" * 32), "zero.key"),
               "order": (self.scratch.file("order.key", "ff" * 32), "order.key"),
               "prose": (self.scratch.file("prose.txt", "deadbeef is a fine word"), "prose.txt"),
               "empty": (self.scratch.file("empty.key", ""), "empty.key"),
               "folder": (self.scratch.path, "folder")}
        for what, (path, says) in bad.items():
            with self.subTest(what):
                self.refused("atca-set-key", "0", path, "--write-key", slot4, *REAL, says=[says])

    def test_a_write_key_has_32_bytes(self):
        ecc = lab.ec_key(self.scratch.path / "ecc.key.pem")
        for size in (31, 64):
            wrong = self.scratch.file(f"{size}.key", "ab" * size)
            self.refused("atca-set-key", "0", ecc, "--write-key", wrong, *REAL, says=[f"{size} bytes", "exactly 32"])

    def test_a_key_file_that_others_can_read_is_warned_of(self):
        path = self.slot4_key()
        self.assertNotIn("can be read by others", self.run_("atca-set-key", "4", path).out)
        path.chmod(0o644)
        self.assertIn("slot4.key can be read by others", self.run_("atca-set-key", "4", path).out)

    def test_the_log_is_quiet_while_a_key_travels(self):
        self.run_("config-set", "debug.level=3")
        before = len(self.sim.journal())
        self.run_("atca-set-key", "4", self.slot4_key(), *REAL)
        lines = [(line["method"], (line.get("args") or {}).get("level")) for line in self.sim.journal()[before:]
                 if line["method"] in ("Sys.SetDebug", "ATCA.SetKey")]
        self.assertEqual(lines, [("Sys.SetDebug", 2), ("ATCA.SetKey", None), ("Sys.SetDebug", 3)])

    def test_a_level_set_at_run_time_shows_no_key(self):
        for where in (self.sim.pty, self.sim.ws):
            with self.subTest(where):
                self.run_("call", "Sys.SetDebug", '{"level":3}', port=where)
                key = os.urandom(32)
                words = ("--log", "atca-set-key", "4", self.slot4_key(key=key), *REAL)
                done = self.run_(*words, port=where)
                self.assertNotIn(base64.b64encode(key).decode()[:8], done.out + done.err)
                self.assertNotIn("SetKey\"", done.out + done.err)
                sent = [line["method"] for line in self.sim.journal()]
                self.assertEqual(sent[sent.index("ATCA.SetKey") - 1], "Sys.SetDebug")

    def test_a_frame_in_the_log_is_not_shown(self):
        self.run_("call", "Sys.SetDebug", '{"level":3}', port=self.sim.pty)
        done = self.run_("--log", "call", "Config.Set", '{"config":{"wifi":{"sta":{"pass":"MARKED-PASSWORD"}}}}', port=self.sim.pty)
        self.assertRegex(done.out + done.err, r"GOT FRAME \(\d+\): … \(\d+ bytes of a frame not shown\)")
        self.assertNotIn("MARKED", done.out + done.err)

    def test_gen_key_of_an_ecc_slot(self):
        pem = self.run_("atca-gen-key", "0", *REAL).out
        self.assertEqual(self.run_("atca-get-pub-key", "0").out, pem)
        plan = self.run_("atca-gen-key", "0").out
        self.assertIn("is lost for ever", plan)
        spki = lab.openssl("pkey", "-pubin", "-outform", "DER", stdin=pem.encode())
        self.assertIn(hashlib.sha256(spki).hexdigest()[:16], plan)
        self.assertIn(hashlib.sha256(spki).hexdigest(), self.run_("atca-slots", "0").out)
        self.run_("atca-gen-key", "0", "pub.pem", *REAL)
        self.assertNotEqual((self.scratch.path / "pub.pem").read_text(), pem)
        self.refused("atca-gen-key", "0", "pub.pem", *REAL, says=["exists already"])
        self.refused("atca-gen-key", "0", "no/such/folder/pub.pem", *REAL, says=["no/such/folder"])

    def test_gen_key_of_another_slot_is_in_a_file_first(self):
        self.refused("atca-gen-key", "4", *REAL, says=["kept in a file"])
        self.run_("atca-gen-key", "4", "slot4.key", *REAL)
        path = self.scratch.path / "slot4.key"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o400)
        sent = self.changes()[-1]["args"]["key"]
        self.assertEqual(sent, "sha256:" + hashlib.sha256(bytes.fromhex(path.read_text())).hexdigest())
        ecc = lab.ec_key(self.scratch.path / "ecc.key.pem")
        self.run_("atca-set-key", "0", ecc, "--write-key", "slot4.key", *REAL)
        self.refused("atca-gen-key", "4", "slot4.key", *REAL, says=["exists already"])

    def test_request(self):
        csr = self.run_("atca-gen-csr", "0", "--subject", "/C=IE/L=Dublin/O=ACME Ltd/CN=test.acme.com", *REAL).out
        text = lab.openssl("req", "-verify", "-noout", "-subject", "-nameopt", "RFC2253", stdin=csr.encode()).decode()
        self.assertIn("CN=test.acme.com,O=ACME Ltd,L=Dublin,C=IE", text)
        self.assertEqual(lab.openssl("req", "-noout", "-pubkey", stdin=csr.encode()).decode(),
                         self.run_("atca-get-pub-key", "0").out)
        made = [c["method"] for c in self.changes()].count("ATCA.GenKey")
        template = self.scratch.file("csr.tmpl", lab.openssl("req", "-text", stdin=csr.encode()))
        self.run_("atca-gen-csr", "0", "kept.csr", "--csr-template", template, "--keep-key", *REAL)
        self.assertEqual([c["method"] for c in self.changes()].count("ATCA.GenKey"), made)
        kept = (self.scratch.path / "kept.csr").read_bytes()
        lab.openssl("req", "-verify", "-noout", stdin=kept)
        self.assertEqual(lab.openssl("req", "-noout", "-pubkey", stdin=kept).decode(), self.run_("atca-get-pub-key", "0").out)
        self.refused("atca-gen-csr", "0", *REAL, want=2, says=["--subject"])
        self.refused("atca-gen-csr", "4", "--subject", "/CN=x", *REAL, says=["slot 4"])
        self.refused("atca-gen-csr", "0", "--subject", "CN", *REAL, want=2)

    def test_certificate(self):
        done = self.run_("atca-gen-cert", "0", "--subject", "/CN=board-17", "--cert-days", "30", *REAL)
        path = self.scratch.path / "atca-0.crt.pem"
        self.assertIn("atca-0.crt.pem", done.out)
        self.assertTrue(path.read_text().startswith("-----BEGIN CERTIFICATE-----"))
        self.assertEqual((self.sim.state / "fs" / "atca-0.crt.pem").read_bytes(), path.read_bytes())
        self.assertIn(b"OK", lab.openssl("verify", "-CAfile", path, path))
        self.assertIn(b"CN = board-17", lab.openssl("x509", "-in", path, "-noout", "-subject"))
        self.assertEqual(lab.openssl("x509", "-in", path, "-noout", "-pubkey").decode(), self.run_("atca-get-pub-key", "0").out)
        lab.openssl("x509", "-in", path, "-noout", "-checkend", str(29 * 86400))
        self.refused("atca-gen-cert", "0", "--subject", "/CN=x", *REAL, says=["exists already"])

    def test_certificate_by_an_issuer(self):
        key, cert = lab.ec_key(self.scratch.path / "ca.key"), self.scratch.path / "ca.pem"
        lab.openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=Test CA", "-days", "10", "-out", cert)
        self.run_("atca-gen-cert", "0", "board.crt.pem", "--subject", "/CN=board", "--ca-cert-file", cert, "--ca-key-file", key, *REAL)
        self.assertIn(b"OK", lab.openssl("verify", "-CAfile", cert, self.scratch.path / "board.crt.pem"))
        self.refused("atca-gen-cert", "0", "b2.crt.pem", "--subject", "/CN=board", "--ca-key-file", key, *REAL, want=2)

    def test_signatures_are_those_of_the_key(self):
        self.run_("atca-gen-key", "0", "pub.pem", *REAL)
        message = os.urandom(100)
        digest = base64.b64encode(hashlib.sha256(message).digest()).decode()
        answer = json.loads(self.run_("call", "ATCA.Sign", json.dumps({"slot": 0, "digest": digest})).out)
        raw = base64.b64decode(answer["signature"])
        number = [b"\x02" + bytes([len(n)]) + n for n in
                  (b"\x00" * (part[0] >> 7) + part for part in (raw[:32].lstrip(b"\x00"), raw[32:].lstrip(b"\x00")))]
        der = self.scratch.file("sig.der", b"\x30" + bytes([len(b"".join(number))]) + b"".join(number))
        said = lab.openssl("dgst", "-sha256", "-verify", self.scratch.path / "pub.pem", "-signature", der, stdin=message)
        self.assertIn(b"Verified OK", said)

    def test_public_key_to_every_place(self):
        pem = self.run_("atca-gen-key", "0", *REAL).out
        self.assertEqual(self.run_("atca-get-pub-key", "0", "-").out, pem)
        self.assertIn(pem, self.run_("atca-get-pub-key", "0", "--").err)
        self.run_("atca-get-pub-key", "0", "p.pem")
        self.assertEqual((self.scratch.path / "p.pem").read_text(), pem)
        self.refused("atca-get-pub-key", "1", says=["0xf4"])
        self.refused("atca-get-pub-key", "4", says=["slot 4"])


class Chip608(Case):
    chip, state = "atecc608a", "locked"

    def test_the_same_way_with_an_atecc608a(self):
        self.assertIn("ATECC608A rev 0x6002", self.run_("atca-get-config").err)
        self.refused("atca-set-config", lab.SAMPLE["atecc608a"], *REAL, says=["config zone is already locked"])
        slot4, ecc = self.slot4_key(), lab.ec_key(self.scratch.path / "ecc.key.pem")
        self.run_("atca-set-key", "4", slot4, *REAL)
        self.run_("atca-set-key", "0", ecc, "--write-key", slot4, *REAL)
        self.assertEqual(self.run_("atca-get-pub-key", "0").out, lab.public_key(ecc))
        csr = self.run_("atca-gen-csr", "0", "--subject", "/CN=x", "--keep-key", *REAL).out
        self.assertEqual(lab.openssl("req", "-verify", "-noout", "-pubkey", stdin=csr.encode()).decode(), lab.public_key(ecc))


class NoChip(Case):
    chip = "none"

    def test_it_says_what_to_look_at(self):
        for words in (("atca-get-config",), ("atca-slots",), ("atca-lock-zone", "config", *REAL)):
            done = self.refused(*words, says=["no secure element", "0x60", "SDA"])
            self.assertEqual(done.out, "")
        self.assertRegex(self.run_("status").out, r"Chip +none: ")


class SwitchedOff(Case):
    def test_it_names_the_setting(self):
        self.run_("config-set", "sys.atca.enable=false")
        self.refused("atca-get-config", says=["sys.atca.enable"])


class Faults(unittest.TestCase):
    def setUp(self):
        self.scratch = lab.Scratch()
        self.folder = self.scratch.path / "device"

    def tearDown(self):
        self.scratch.remove()

    def prepare(self):
        with lab.Sim(state=self.folder) as sim:
            for words in (("atca-set-config", lab.SAMPLE["atecc508a"]), ("atca-lock-zone", "config"), ("atca-lock-zone", "data")):
                done = lab.lockstep(self.scratch, *words, *REAL, port=sim.ws)
                self.assertEqual(done.code, 0, done)

    def test_a_chip_that_refuses_is_explained(self):
        self.prepare()
        for status, says in (("0xf4", "both zones are locked"), ("0xd0", "wake"), ("0xe7", "did not answer")):
            with self.subTest(status), lab.Sim(state=self.folder, faults=[f"chip:{status}"]) as sim:
                done = lab.lockstep(self.scratch, "call", "ATCA.Sign", json.dumps({"slot": 0, "digest": "A" * 43 + "="}), port=sim.ws)
                self.assertEqual(done.code, 1, done)
                self.assertIn(status, done.err)
                done = lab.lockstep(self.scratch, "atca-get-config", port=sim.ws)
                self.assertEqual(done.code, 1, done)

    def test_no_answer_to_a_lock_is_told_as_unknown(self):
        with lab.Sim(state=self.folder) as sim:
            pass
        with lab.Sim(state=self.folder, faults=["mute"]) as sim:
            done = lab.lockstep(self.scratch, "--timeout", "300ms", "atca-lock-zone", "config", *REAL, port=sim.ws)
        self.assertEqual(done.code, 3, done)
        self.assertNotIn("successful", done.out + done.err)

    def test_power_cut_at_any_write_leaves_a_chip_that_can_be_read(self):
        for n in range(1, 4):
            folder = self.scratch.path / f"cut{n}"
            with self.subTest(n):
                with lab.Sim(state=folder, faults=[f"power:{n}"]) as sim:
                    done = lab.lockstep(self.scratch, "--timeout", "2s", "atca-set-config", lab.SAMPLE["atecc508a"], *REAL,
                                        port=sim.ws)
                    self.assertEqual(done.code, 3, done)
                    self.assertNotIn("successful", done.out)
                with lab.Sim(state=folder) as sim:
                    done = lab.lockstep(self.scratch, "atca-set-config", lab.SAMPLE["atecc508a"], *REAL, port=sim.ws)
                    self.assertEqual(done.code, 0, done)

    def test_a_device_gone_in_mid_call(self):
        with lab.Sim(state=self.folder, faults=["power-msg:3"]) as sim:
            done = lab.lockstep(self.scratch, "--timeout", "3s", "atca-lock-zone", "config", *REAL, port=sim.ws)
        self.assertEqual(done.code, 3, done)
        self.assertIn("lockstep: ", done.err)

    def test_locks_outlive_the_device_program(self):
        self.prepare()
        with lab.Sim(state=self.folder) as sim:
            done = lab.lockstep(self.scratch, "atca-get-config", port=sim.pty)
            self.assertIn("config is locked, data is locked", done.err)

    def test_a_zone_that_reads_differently_each_time_is_not_locked(self):
        zone = bytearray(bytes.fromhex("012352aa00005000d1bbf378eec05900c0005500") + bytes(108))
        zone[86] = zone[87] = 0x55
        for slot in range(16):
            zone[96 + 2 * slot] = 0x3c
        locked = []

        def handler(request):
            if request["method"] == "ATCA.GetConfig":
                zone[52] ^= 1
                return {"config": base64.b64encode(bytes(zone)).decode()}
            if request["method"] == "ATCA.LockZone":
                locked.append(request)
            return {}

        with lab.Peer(lab.answers(handler)) as peer:
            done = lab.lockstep(self.scratch, "atca-lock-zone", "config", *REAL, port=peer.url)
        self.assertEqual((done.code, locked), (1, []), done)
        self.assertIn("not the same each time", done.err)

    def test_a_lock_that_did_not_happen_is_a_read_back_failure(self):
        zone = bytearray(bytes.fromhex("012352aa00005000d1bbf378eec05900c0005500") + bytes(108))
        zone[86] = zone[87] = 0x55
        for slot in range(16):
            zone[96 + 2 * slot] = 0x3c

        def handler(request):
            if request["method"] == "ATCA.GetConfig":
                return {"config": base64.b64encode(bytes(zone)).decode()}
            if request["method"] == "ATCA.SetConfig":
                zone[20] = 0xff
            return {}

        with lab.Peer(lab.answers(handler)) as peer:
            done = lab.lockstep(self.scratch, "atca-lock-zone", "config", *REAL, port=peer.url)
            self.assertEqual(done.code, 5, done)
            self.assertIn("reads back as 0x55", done.err)
            done = lab.lockstep(self.scratch, "atca-set-config", lab.SAMPLE["atecc508a"], *REAL, port=peer.url)
            self.assertEqual(done.code, 5, done)
            self.assertIn("SlotConfig[0]", done.err)
        self.assertNotIn("successful", done.out)


class HostKeys(unittest.TestCase):
    """gen-key and gen-cert: no device."""

    def setUp(self):
        self.scratch = lab.Scratch()

    def tearDown(self):
        self.scratch.remove()

    def run_(self, *words, want=0):
        done = lab.lockstep(self.scratch, *words)
        self.assertEqual(done.code, want, done)
        return done

    def test_a_key_that_openssl_takes(self):
        self.run_("gen-key", "keys/ecc.key.pem")
        path = self.scratch.path / "keys" / "ecc.key.pem"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o400)
        self.assertEqual(stat.S_IMODE(path.parent.stat().st_mode), 0o700)
        lab.openssl("ec", "-in", path, "-check", "-noout")
        before = path.read_bytes()
        self.assertIn("exists already", self.run_("gen-key", "keys/ecc.key.pem", want=1).err)
        self.run_("gen-key", "keys/ecc.key.pem", "--keep")
        self.assertEqual(path.read_bytes(), before)
        self.run_("gen-key", "-", want=2)
        self.scratch.file("not.key", b"hello")
        self.run_("gen-key", "not.key", "--keep", want=1)

    def test_a_secret(self):
        self.run_("gen-key", "slot4.key", "--secret")
        self.assertRegex((self.scratch.path / "slot4.key").read_text(), r"^[0-9a-f]{64}\n$")

    def test_a_certificate_that_openssl_verifies(self):
        self.run_("gen-key", "ecc.key.pem")
        self.run_("gen-cert", "ecc.key.pem", "ecc.crt.pem", "--subject", "/C=IE/O=ACME Ltd/CN=test.acme.com", "--days", "100")
        key, cert = self.scratch.path / "ecc.key.pem", self.scratch.path / "ecc.crt.pem"
        self.assertIn(b"OK", lab.openssl("verify", "-CAfile", cert, cert))
        self.assertEqual(lab.openssl("x509", "-in", cert, "-noout", "-pubkey").decode(), lab.public_key(key))
        self.run_("gen-cert", "ecc.key.pem", "ecc.crt.pem", want=1)
        self.run_("gen-cert", "ecc.key.pem", "ecc.crt.pem", "--keep")
        self.run_("gen-key", "other.key.pem")
        self.assertIn("another key", self.run_("gen-cert", "other.key.pem", "ecc.crt.pem", "--keep", want=1).err)


class Scripts(unittest.TestCase):
    def setUp(self):
        self.scratch = lab.Scratch()

    def tearDown(self):
        self.scratch.remove()

    def test_tour(self):
        done = lab.lockstep(self.scratch, "run", lab.ROOT / "scripts" / "tour.lks", port="sim:")
        self.assertEqual(done.code, 0, done)
        self.assertIn("plan (nothing sent)", done.out)
        self.assertIn("That was the tour.", done.out)

    def test_secure_element_twice_in_one_folder(self):
        script = lab.ROOT / "scripts" / "secure-element.lks"
        for _ in range(2):
            done = lab.lockstep(self.scratch, "--confirm", "any", "run", script, port="sim:")
            self.assertEqual(done.code, 0, done)
            self.assertIn("The secure element is provisioned", done.out)
        self.assertEqual(len(list((self.scratch.path / "secure-element-keys").iterdir())), 3)

    def test_secure_element_608a(self):
        script = lab.ROOT / "scripts" / "secure-element.lks"
        device = self.scratch.path / "device"
        done = lab.lockstep(self.scratch, "--confirm", "any", "--var", f"CONFIG={lab.SAMPLE['atecc608a']}", "--var", "DIR=board-17",
                            "run", script, port=f"sim:{device}?chip=atecc608a")
        self.assertEqual(done.code, 0, done)
        sent = [json.loads(line) for line in (device / "journal.jsonl").read_text().splitlines()]
        self.assertIn("ATECC608A", done.err)
        self.assertEqual([line["method"] for line in sent if line.get("method") in CHANGES],
                         ["ATCA.SetConfig", "ATCA.LockZone", "ATCA.LockZone", "ATCA.SetKey", "ATCA.SetKey"])
        self.assertTrue((self.scratch.path / "board-17" / "slot4.key").exists())
        self.assertEqual((device / "fs" / "ecc.crt.pem").read_bytes(), (self.scratch.path / "board-17" / "ecc.crt.pem").read_bytes())

    def test_the_lines_of_the_documents_as_they_stand(self):
        """Two tutorials' commands, openssl's included; only the file names are the reader's own."""
        folder = self.scratch.path
        (folder / "atca-aws-test.yaml").write_bytes(lab.SAMPLE["atecc508a"].read_bytes())
        lab.openssl("ecparam", "-out", folder / "ecc.key.pem", "-name", "prime256v1", "-genkey")
        lab.openssl("req", "-new", "-subj", "/C=IE/L=Dublin/O=ACME Ltd/OU=Testing/CN=test.acme.com", "-sha256", "-key",
                    folder / "ecc.key.pem", "-text", "-out", folder / "ecc.csr.tmpl")
        lab.openssl("x509", "-in", folder / "ecc.csr.tmpl", "-text", "-out", folder / "ecc.crt.pem", "-req", "-signkey",
                    folder / "ecc.key.pem", "-days", "3650")
        lab.openssl("rand", "-hex", "-out", folder / "slot4.key", "32")
        self.scratch.file("lines.lks", r"""
$ mos call I2C.Scan
$ mos config-set sys.atca.enable=true
$ mos -X atca-set-config atca-aws-test.yaml --dry-run=false
$ mos -X atca-lock-zone config --dry-run=false
mos atca-lock-zone data --dry-run=false
mos -X atca-set-key 4 slot4.key --dry-run=false
expect 'S/N 0x012352aad1bbf378ee, config is locked, data is locked'
mos -X atca-set-key 0 ecc.key.pem --write-key=slot4.key --dry-run=false   # the actual key
mos put ecc.crt.pem
mos config-set http.listen_addr=:443 \
  http.ssl_cert=ecc.crt.pem http.ssl_key=ATCA:0
mos config-get http.ssl_key
expect ATCA:0
""")
        done = lab.lockstep(self.scratch, "--confirm", "any", "run", "lines.lks", port="sim:")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(re.findall(r"^.* successful\.$", done.out, re.M),
                         ["SetConfig successful.", "LockZone successful.", "LockZone successful.", "SetKey successful.",
                          "SetKey successful."])

    def test_the_server_then_signs_with_the_key_in_the_chip(self):
        script = lab.ROOT / "scripts" / "secure-element.lks"
        with socket.create_server(("127.0.0.1", 0)) as probe:
            free = probe.getsockname()[1]
        with lab.Sim(options=["--map", f"443:{free}"]) as sim:
            done = lab.lockstep(self.scratch, "--confirm", lab.SERIAL, "run", script, port=sim.pty)
            self.assertEqual(done.code, 0, done)
            cert = self.scratch.path / "secure-element-keys" / "ecc.crt.pem"
            said = lab.openssl("s_client", "-connect", f"127.0.0.1:{free}", "-tls1_2", "-CAfile", cert, "-verify_return_error",
                               "-brief", check=False, both=True).decode(errors="replace")
        self.assertIn("Verification: OK", said)

    def test_secure_element_without_consent_sends_nothing(self):
        device = self.scratch.path / "device"
        done = lab.lockstep(self.scratch, "run", lab.ROOT / "scripts" / "secure-element.lks", port=f"sim:{device}")
        self.assertEqual(done.code, 4, done)
        self.assertFalse(CHANGES & {json.loads(line).get("method") for line in (device / "journal.jsonl").read_text().splitlines()})


if __name__ == "__main__":
    unittest.main()
