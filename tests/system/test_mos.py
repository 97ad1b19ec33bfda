"""Configuration, files and calls, as whole programs: over a pty, over WebSocket, over HTTP, and against scripted devices."""
import base64
import hashlib
import json
import os
import pathlib
import unittest

import lab


class Case(unittest.TestCase):
    chip, faults, options = None, (), ()

    def setUp(self):
        self.scratch = lab.Scratch()
        self.addCleanup(self.scratch.remove)
        self.sim = lab.Sim(chip=self.chip, faults=self.faults, options=self.options).start()
        self.addCleanup(self.sim.__exit__)

    def run_(self, *words, want=0, port=None, **more):
        done = lab.lockstep(self.scratch, *words, port=port or self.sim.ws, **more)
        self.assertEqual(done.code, want, done)
        return done

    def refused(self, *words, want=1, says=(), **more):
        """A refusal: the status, a sentence on standard error that holds these words, nothing on standard output."""
        done = self.run_(*words, want=want, **more)
        self.assertEqual(done.out, "")
        self.assertRegex(done.err, r"^(.*\n)*lockstep: .*\.\n")
        for word in says:
            self.assertIn(word, done.err)
        return done

    def since(self, action):
        """Methods the device got while action() ran."""
        before = len(self.sim.methods())
        action()
        return self.sim.methods()[before:]


class Transcripts(Case):
    def test_i2c_scan_of_the_documents(self):
        self.assertEqual(json.loads(self.run_("call", "I2C.Scan").out), [96])
        self.assertEqual(self.run_("call", "I2C.Scan").out, "[\n  96\n]\n")
        scan = self.run_("i2c-scan")
        self.assertEqual(scan.out, "[ 96 ]\n")
        self.assertIn("0x60", scan.err)
        self.assertEqual(json.loads(self.run_("i2c-scan", "--json").out)["result"], {"addresses": [96]})

    def test_config_set_of_the_documents(self):
        for port in (self.sim.pty, self.sim.ws):
            done = self.run_("mos", "config-set", "mqtt.ssl_cert=ecc.crt.pem", "mqtt.ssl_key=ATCA:0", port=port)
            self.assertEqual(done.err, "Getting configuration...\nSetting new configuration...\nSaving and rebooting...\n")
            self.assertEqual(done.out, "")
            self.assertEqual(self.run_("config-get", "mqtt.ssl_key", port=port).out, "ATCA:0\n")

    def test_config_get_of_the_documents(self):
        http = self.run_("mos", "config-get", "http").out
        self.assertTrue(http.startswith('{\n  "auth_algo": 0,\n  "auth_domain": "",\n'), http)
        self.assertEqual(list(json.loads(http)), sorted(json.loads(http)))
        self.assertEqual(self.run_("config-get", "http.enable").out, "true\n")
        self.assertEqual(self.run_("config-get", "sys.atca.i2c_addr").out, "96\n")
        self.assertEqual(set(json.loads(self.run_("config-get").out)) & {"http", "wifi", "sys"}, {"http", "wifi", "sys"})

    def test_put_ls_get_rm(self):
        self.scratch.file("ecc.crt.pem", b"certificate\n")
        self.assertEqual(self.run_("mos", "put", "ecc.crt.pem").out, "")
        self.assertIn("ecc.crt.pem\n", self.run_("ls").out)
        for words in (("ls", "-l"), ("ls", "--long")):
            self.assertIn("ecc.crt.pem 12\n", self.run_(*words).out)
        self.assertEqual(self.run_("get", "ecc.crt.pem").out, "certificate\n")
        self.assertEqual(self.run_("rm", "ecc.crt.pem").out, "")
        self.assertNotIn("ecc.crt.pem", self.run_("ls").out)

    def test_wifi(self):
        done = self.run_("mos", "wifi", "MyNet", "s3cret-pass")
        self.assertNotIn("s3cret", done.out + done.err)
        sta = json.loads(self.run_("config-get", "wifi.sta").out)
        self.assertEqual((sta["enable"], sta["ssid"], sta["pass"]), (True, "MyNet", "s3cret-pass"))
        self.assertEqual(self.run_("config-get", "wifi.ap.enable").out, "false\n")

    def test_call_keeps_the_order_of_the_device(self):
        info = self.run_("call", "Sys.GetInfo").out
        self.assertEqual(list(json.loads(info))[:2], ["id", "app"])
        self.assertTrue(info.startswith('{\n  "id": "'), info)
        self.assertEqual(json.loads(self.run_("--json", "call", "Sys.GetInfo").out)["result"]["arch"], "esp32")
        self.assertEqual(self.run_("call", "FS.List", '{"path": "/"}', port=self.sim.pty).out, "[]\n")
        self.refused("call", "FS.Remove", '{"filename": "x"}')


class Config(Case):
    def test_one_call_with_only_the_changed_keys(self):
        got = self.since(lambda: self.run_("config-set", "debug.level=1", "device.sn=7", "mqtt.enable=true", "--no-reboot"))
        self.assertEqual(got.count("Config.Set"), 1)
        sent = [line["args"] for line in self.sim.journal() if line["method"] == "Config.Set"][-1]
        self.assertEqual(sent["config"], {"debug": {"level": 1}, "device": {"sn": "7"}, "mqtt": {"enable": True}})
        self.assertEqual((sent["save"], sent["reboot"]), (True, False))

    def test_options_reach_the_device(self):
        self.run_("config-set", "debug.level=1", "--no-save")
        self.run_("config-set", "debug.level=0", "--no-reboot", "--try-once", "--level=2")
        first, second = [line["args"] for line in self.sim.journal() if line["method"] == "Config.Set"]
        self.assertEqual((first["save"], first["reboot"]), (False, False))
        self.assertEqual((second["try_once"], second["level"]), (True, 2))
        self.assertNotIn("try_once", first)

    def test_wrong_keys_and_types_send_nothing(self):
        table = [("http.ssl_kee=x", "http.ssl_key"), ("http.enable=yes", "true or false"), ("http=1", "section"),
                 ("debug.level=loud", "a number"), ("debug.level=", "a number"), ("debug.level=1e999", "a number"),
                 ("=1", "KEY=VALUE"), ("http..enable=true", "no key"), ("wifi.sta.enable=secret", "true or false")]
        for word, says in table:
            with self.subTest(word):
                got = self.since(lambda: self.refused("config-set", "mqtt.enable=true", word, says=[says],
                                                      want=2 if word.startswith("=") else 1))
                self.assertNotIn("Config.Set", got)
        self.assertEqual(self.run_("config-get", "mqtt.enable").out, "false\n")

    def test_missing_key_offers_the_nearest(self):
        self.refused("config-get", "ssl_key", says=["http.ssl_key"])
        self.refused("config-get", "http.nothing.there", says=["no key"])

    def test_a_silent_denial_is_an_error(self):
        self.run_("config-set", "conf_acl=mqtt.*")
        done = self.refused("config-set", "http.document_root=/x", says=["http.document_root", "conf_acl", "mqtt.*"])
        self.assertNotIn("Saving", done.err)
        self.assertEqual(self.run_("config-get", "http.document_root").out, "/\n")
        self.run_("config-set", "mqtt.enable=true")

    def test_secrets_are_not_shown(self):
        self.run_("config-set", "conf_acl=mqtt.*")
        done = self.run_("config-set", "wifi.sta.pass=hunter22", want=1)
        self.assertIn("wifi.sta.pass", done.err)
        self.assertNotIn("hunter22", done.out + done.err)

    def test_reboot_comes_back_as_the_same_device(self):
        for port in (self.sim.pty, self.sim.ws):
            self.assertIn("answers again", self.run_("reboot", port=port).out)
        self.assertEqual(self.sim.methods().count("Sys.Reboot"), 2)

    def test_what_moves_the_device_away_is_read_back_before(self):
        done = self.run_("config-set", "http.enable=false")
        self.assertIn("Saving and rebooting...", done.err)
        self.assertIn("http.enable moves the device away", done.err)
        self.assertEqual([m for m in self.sim.methods() if m in ("Config.Set", "Config.Get", "Sys.Reboot")],
                         ["Config.Get", "Config.Set", "Config.Get", "Sys.Reboot"])
        self.assertIs(json.loads((self.sim.state / "fs" / "conf9.json").read_text())["http"]["enable"], False)

    def test_values_of_every_kind_come_back(self):
        self.run_("config-set", "device.sn=héllo \"wörld\" \\ {}", "debug.level=3", "wifi.ap.enable=true", port=self.sim.pty)
        self.assertEqual(self.run_("config-get", "device.sn").out, "héllo \"wörld\" \\ {}\n")


class Files(Case):
    SIZE = 100_000

    def blob(self, size):
        return self.scratch.file("blob.bin", os.urandom(size))

    def on_device(self, name):
        return (self.sim.state / "fs" / name).read_bytes()

    def test_100_kb_there_and_back(self):
        path = self.blob(self.SIZE)
        want = hashlib.sha256(path.read_bytes()).hexdigest()
        for port in (self.sim.pty, self.sim.ws):
            with self.subTest(port):
                self.run_("put", path, "there.bin", port=port)
                self.assertEqual(hashlib.sha256(self.on_device("there.bin")).hexdigest(), want)
                back = self.run_("get", "there.bin", port=port, binary=True).out
                self.assertEqual(hashlib.sha256(back).hexdigest(), want)

    def test_over_http_too(self):
        path = self.blob(10_000)
        self.run_("put", path, port=self.sim.http)
        self.assertEqual(self.run_("get", "blob.bin", port=self.sim.http, binary=True).out, path.read_bytes())

    def test_sizes_around_a_chunk(self):
        for size in (0, 1, 2, 3, 99, 100, 101, 200, 201):
            with self.subTest(size):
                path = self.blob(size)
                self.run_("put", path, f"s{size}", "--chunk-size=100")
                self.assertEqual(self.on_device(f"s{size}"), path.read_bytes())
                self.assertEqual(self.run_("get", f"s{size}", binary=True).out, path.read_bytes())

    def test_chunks_are_as_large_as_the_link_takes(self):
        path = self.blob(20_000)
        for port, most in ((self.sim.pty, 7), (self.sim.ws, 10)):
            calls = self.since(lambda: self.run_("put", path, f"n{most}", "--no-verify", port=port))
            self.assertLessEqual(calls.count("FS.Put"), most)
        self.refused("put", path, "--chunk-size=4000", want=2, says=["--chunk-size", "1 to"])

    def test_no_verify_reads_nothing_back(self):
        calls = self.since(lambda: self.run_("put", self.blob(5000), "--no-verify"))
        self.assertNotIn("FS.Get", calls)
        self.assertIn("FS.Get", self.since(lambda: self.run_("put", self.blob(5000))))

    def test_a_larger_file_replaces_the_old_one_only_when_complete(self):
        self.run_("put", self.blob(6000), "old.bin")
        new = self.blob(9000)
        calls = self.since(lambda: self.run_("put", new, "old.bin"))
        self.assertEqual(calls.count("FS.Rename"), 1)
        self.assertEqual(self.on_device("old.bin"), new.read_bytes())
        self.assertEqual([p.name for p in (self.sim.state / "fs").iterdir() if p.name.endswith(".new")], [])

    def test_get_into_a_new_file_never_overwrites(self):
        self.run_("put", self.scratch.file("a.txt", b"new"))
        self.run_("get", "a.txt", "copy.txt")
        self.assertEqual((self.scratch.path / "copy.txt").read_bytes(), b"new")
        calls = self.since(lambda: self.refused("get", "a.txt", "copy.txt", says=["exists already", "never overwritten"]))
        self.assertEqual(calls, [])

    def test_json_of_a_binary_file(self):
        blob = bytes(range(256))
        self.run_("put", self.scratch.file("b.bin", blob))
        result = json.loads(self.run_("--json", "get", "b.bin").out)["result"]
        self.assertEqual(base64.b64decode(result["data"]), blob)

    def test_a_name_that_is_not_ascii(self):
        self.run_("put", self.scratch.file("f.txt", b"x"), "zertifikat-ä.pem")
        self.assertIn("zertifikat-ä.pem\n", self.run_("ls").out)
        self.assertEqual(self.run_("get", "zertifikat-ä.pem").out, "x")

    def test_from_standard_input(self):
        self.run_("put", "-", "typed.txt", stdin="typed\n")
        self.assertEqual(self.on_device("typed.txt"), b"typed\n")
        self.refused("put", "-", want=2, stdin="x", says=["no name"])

    def test_refusals(self):
        self.run_("put", self.scratch.file("server.crt", b"x"))
        self.refused("get", "servr.crt", says=["servr.crt", "server.crt"])
        self.refused("rm", "server.crd", says=["server.crd", "server.crt"])
        calls = self.since(lambda: self.refused("put", "nowhere.bin", says=["nowhere.bin", "No such file"]))
        self.assertNotIn("FS.Put", calls)
        self.refused("put", str(self.scratch.path), says=["folder"])
        self.refused("ls", "a", "b", want=2)


class Calls(Case):
    def test_what_cannot_be_undone_is_not_called_directly(self):
        for method, command in (("ATCA.SetConfig", "atca-set-config"), ("ATCA.LockZone", "atca-lock-zone"),
                                ("ATCA.SetKey", "atca-set-key"), ("ATCA.GenKey", "atca-gen-key"),
                                ("atca.lockzone", "atca-lock-zone")):
            with self.subTest(method):
                calls = self.since(lambda: self.refused("call", method, '{"zone": 0}', "--dry-run=false", "--confirm", "any",
                                                        says=[command, "nothing was sent"]))
                self.assertEqual([c for c in calls if c.startswith("ATCA")], [])

    def test_arguments_must_be_json(self):
        calls = self.since(lambda: self.refused("call", "FS.List", "{path: /}", want=2, says=["no JSON from byte", "nothing was sent"]))
        self.assertEqual(calls, [])
        done = self.refused("call", "FS.List", "{bad", want=2, says=["FS.List cannot be read: its brackets"])
        self.assertNotIn("The text", done.err)
        self.refused("call", "FS.List", "", want=2, says=["no JSON, for it is empty"])

    def test_methods_that_are_not_there(self):
        self.refused("call", "Sys.GetInf", says=["Sys.GetInfo"])
        self.refused("call", "OTA.Status", says=["OTA.Status", "rpc-service-ota"])

    def test_text_of_a_device_is_not_obeyed(self):
        self.run_("config-set", "device.sn=a\x1b]0;b\x07c\u202ed", "--no-reboot")
        for words in (("config-get", "device.sn"), ("config-get", "device"), ("call", "Config.Get", '{"key": "device"}')):
            out = self.run_(*words).out
            self.assertNotIn("\x1b", out)
            self.assertNotIn("\x07", out)
            self.assertNotIn("\u202e", out)


class NoChip(Case):
    chip = "none"

    def test_i2c_scan_of_an_empty_bus(self):
        done = self.run_("i2c-scan")
        self.assertEqual(done.out, "[]\n")
        self.assertIn("SDA", done.err)


    def test_a_call_says_as_much_as_the_command(self):
        said = [self.refused(*words, says=["0x60", "SDA"]).err.split(": ", 2)[2]
                for words in (("call", "ATCA.GetConfig"), ("atca-get-config",))]
        self.assertEqual(*said)


class Wire(unittest.TestCase):
    """Devices that misbehave."""

    def setUp(self):
        self.scratch = lab.Scratch()

    def tearDown(self):
        self.scratch.remove()

    def test_a_lost_answer_does_not_append_twice(self):
        """The device stores each chunk but its answer to the second one is lost; then the request of the third is lost."""
        files, seen = {}, []

        def handler(request):
            method, args = request["method"], request.get("args", {})
            if method == "FS.Put":
                seen.append(args["filename"])
                if len(seen) == 4:
                    return None  # never arrived
                data = base64.b64decode(args["data"])
                files[args["filename"]] = (files.get(args["filename"], b"") if args["append"] else b"") + data
                return None if len(seen) == 2 else {}
            if method == "FS.ListExt":
                return [{"name": n, "size": len(c)} for n, c in files.items()]
            if method == "FS.Get":
                content, at = files[args["filename"]], args["offset"]
                piece = content[at:at + args["len"]]
                return {"data": base64.b64encode(piece).decode(), "left": len(content) - at - len(piece)}
            return (404, f"No handler for {method}")

        path = self.scratch.file("blob.bin", os.urandom(5000))
        with lab.Peer(lab.answers(handler)) as peer:
            done = lab.lockstep(self.scratch, "--timeout", "300ms", "put", path, "--chunk-size=1000", port=peer.url)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(files["blob.bin"], path.read_bytes())
        self.assertEqual(len(seen), 6)

    def test_what_reads_back_otherwise_is_told_with_its_place(self):
        def handler(request):
            if request["method"] == "FS.Get":
                return {"data": base64.b64encode(b"abcdXf").decode(), "left": 0}
            return [] if request["method"] == "FS.ListExt" else {}

        with lab.Peer(lab.answers(handler)) as peer:
            done = lab.lockstep(self.scratch, "put", self.scratch.file("f.txt", b"abcdef"), port=peer.url)
        self.assertEqual(done.code, 5, done)
        self.assertIn("from byte 4 on", done.err)

    def test_a_get_that_never_ends_is_stopped(self):
        with lab.Peer(lab.answers(lambda request: {"data": "", "left": 5})) as peer:
            done = lab.lockstep(self.scratch, "get", "f.txt", port=peer.url)
        self.assertEqual(done.code, 1, done)
        self.assertIn("gives none of them", done.err)

    def test_a_get_whose_end_never_comes_nearer_is_stopped(self):
        asked = []

        def handler(request):
            asked.append(request["method"])
            return {"data": base64.b64encode(b"abcd").decode(), "left": 1000}

        with lab.Peer(lab.answers(handler)) as peer:
            done = lab.lockstep(self.scratch, "get", "f.txt", "here.txt", port=peer.url)
        self.assertEqual(done.code, 1, done)
        self.assertIn("do not agree", done.err)
        self.assertEqual(asked.count("FS.Get"), 2)
        self.assertFalse((self.scratch.path / "here.txt").exists())
        with lab.Peer(lab.answers(lambda request: {"data": ""})) as peer:
            done = lab.lockstep(self.scratch, "get", "f.txt", port=peer.url)
        self.assertEqual(done.code, 1, done)
        self.assertIn("how many bytes are left", done.err)

    def test_a_key_that_is_set_otherwise_is_a_read_back_failure(self):
        config = {"debug": {"level": 2}, "wifi": {"sta": {"pass": "old"}}}
        taken = iter(("other-secret", "third-secret"))

        def handler(request):
            if request["method"] == "Config.Get":
                return config
            if request["method"] == "Config.Set":
                config["debug"]["level"] = 7
                config["wifi"]["sta"]["pass"] = next(taken)
                return {"saved": True}
            return {"id": "peer", "mac": "", "uptime": 5}

        with lab.Peer(lab.answers(handler)) as peer:
            done = lab.lockstep(self.scratch, "config-set", "debug.level=3", "--no-reboot", port=peer.url)
            self.assertEqual(done.code, 5, done)
            self.assertIn("set to 3 and reads back as 7", done.err)
            done = lab.lockstep(self.scratch, "config-set", "wifi.sta.pass=mine-secret", "--no-reboot", port=peer.url)
        self.assertEqual(done.code, 5, done)
        self.assertNotIn("secret", done.err)

    def test_old_firmware_is_told_to_save(self):
        config, methods = {"debug": {"level": 2}}, []

        def handler(request):
            methods.append(request["method"])
            if request["method"] == "Config.Set":
                config["debug"]["level"] = 3
                return {}
            return config if request["method"] == "Config.Get" else {"id": "peer", "mac": "", "uptime": 5}

        with lab.Peer(lab.answers(handler)) as peer:
            done = lab.lockstep(self.scratch, "config-set", "debug.level=3", "--no-reboot", port=peer.url)
        self.assertEqual(done.code, 0, done)
        self.assertIn("Config.Save", methods)

    def test_a_cable_pulled_in_a_put_is_survived_or_told(self):
        path = self.scratch.file("blob.bin", os.urandom(60_000))
        with lab.Sim(faults=["cut-tx:5000"]) as sim:
            done = lab.lockstep(self.scratch, "put", path, port=sim.ws)
            arrived = (sim.state / "fs" / "blob.bin").read_bytes()
        if done.code == 0:
            self.assertEqual(arrived, path.read_bytes())
        else:
            self.assertEqual(done.code, 3, done)
            self.assertIn("lockstep: ", done.err)

    def test_interrupted_in_a_put(self):
        path = self.scratch.file("blob.bin", os.urandom(200_000))
        with lab.Sim(pace=True) as sim:
            screen = lab.Terminal(self.scratch, "put", path, port=sim.pty)
            self.assertTrue(screen.read_until("put"), screen.text)
            screen.type(b"\x03")
            self.assertEqual(screen.end(), 130, screen.text)
            self.assertRegex(screen.text, r"interrupted: blob.bin has \d+ of 200000 bytes")

    def test_noise_and_own_frames_of_the_device(self):
        for fault in ("noise", "unsolicited"):
            with self.subTest(fault), lab.Sim(faults=[fault]) as sim:
                path = self.scratch.file("blob.bin", os.urandom(8000))
                done = lab.lockstep(self.scratch, "put", path, port=sim.pty)
                self.assertEqual(done.code, 0, done)
                self.assertEqual((sim.state / "fs" / "blob.bin").read_bytes(), path.read_bytes())


if __name__ == "__main__":
    unittest.main()
