"""Users, access rules and channels, as whole programs: over a pty, over WebSocket, and against scripted devices that misbehave."""
import base64
import hashlib
import json
import os
import stat
import subprocess
import time
import unittest

import lab

RULES = """[
  {"method": "FS.*", "acl": "+alice,-bob"},
  {"method": "RPC.*", "acl": "*"},
  {"method": "ATCA.LockZone", "acl": "-*"},
  {"method": "Config.*", "acl": "+alice"},
  {"method": "*", "acl": "+alice,+bob"}
]
"""
# The sample of the tutorials: the first entry has no comma behind it.
SAMPLE = """[
  {"method": "FS.*", "ch_type": "GCP", "acl":"*"}
  {"method": "SYS.*", "ch_type": "WS_in", "acl":"*"},
  {"method": "FS.*", "acl": "+user1,-user2"},
  {"method": "*", "acl": "-*"}
]
"""
SECRETS = ("secret1", "se:cret2")


def ha1(user, realm, password, algorithm="md5"):
    return hashlib.new(algorithm, f"{user}:{realm}:{password}".encode()).hexdigest()


def users(realm="RPC", algorithm="md5"):
    return "".join(f"{u}:{realm}:{ha1(u, realm, p, algorithm)}\n" for u, p in zip(("alice", "bob"), SECRETS))


class Case(unittest.TestCase):
    def setUp(self):
        self.scratch = lab.Scratch()
        self.scratch.file("alice.pw", SECRETS[0] + "\n")
        self.scratch.file("bob.pw", SECRETS[1] + "\r\nsecond line\n")
        self.scratch.file("wrong.pw", "not-it\n")
        self.addCleanup(self.scratch.remove)

    def path(self, name):
        return self.scratch.path / name

    def run_(self, *words, want=0, port=None, **more):
        done = lab.lockstep(self.scratch, *words, port=port, **more)
        self.assertEqual(done.code, want, done)
        for secret in (*SECRETS, "not-it"):
            self.assertNotIn(secret, done.out + done.err)
        return done

    def refused(self, *words, want=1, says=(), **more):
        done = self.run_(*words, want=want, **more)
        for word in (says,) if isinstance(says, str) else says:
            self.assertIn(word, done.err)
        return done


class PasswordFiles(Case):
    def test_create_change_delete(self):
        done = self.run_("htdigest", "-c", "rpc_auth.txt", "myproduct", "joe", "--password-file", "alice.pw")
        self.assertIn("(new file)", done.err)
        self.assertEqual(self.path("rpc_auth.txt").read_text(), f"joe:myproduct:{ha1('joe', 'myproduct', 'secret1')}\n")
        self.assertEqual(stat.S_IMODE(self.path("rpc_auth.txt").stat().st_mode), 0o600)
        with self.path("rpc_auth.txt").open("a") as file:
            file.write("# a comment\n\nwhat is this\n")
        self.run_("htdigest", "rpc_auth.txt", "myproduct", "joe", "--password-file", "-", stdin="se:cret2\n")
        self.run_("htdigest", "rpc_auth.txt", "other", "ann", "--password-file", "bob.pw", "--algorithm=sha-256")
        self.assertEqual(self.path("rpc_auth.txt").read_text(),
                         f"joe:myproduct:{ha1('joe', 'myproduct', 'se:cret2')}\n# a comment\n\nwhat is this\n"
                         f"ann:other:{ha1('ann', 'other', 'se:cret2', 'sha256')}\n")
        self.run_("htdigest", "rpc_auth.txt", "myproduct", "joe", "--delete")
        self.assertNotIn("joe", self.path("rpc_auth.txt").read_text())
        self.assertIn("# a comment", self.path("rpc_auth.txt").read_text())
        self.refused("htdigest", "rpc_auth.txt", "myproduct", "joe", "--delete", says="no user joe")

    def test_refusals(self):
        self.scratch.file("there.txt", "x\n")
        self.refused("htdigest", "-c", "there.txt", "r", "u", "--password-file", "alice.pw", says="is there already")
        self.refused("htdigest", "new.txt", "r", "u", want=2, says="--password-file")
        self.refused("htdigest", "new.txt", "r", "u:v", "--password-file", "alice.pw", want=2, says="colon")
        self.scratch.file("empty.pw", "\nsecret1\n")
        self.refused("htdigest", "new.txt", "r", "u", "--password-file", "empty.pw", says="no password")
        self.assertFalse(self.path("new.txt").exists())
        self.assertEqual(self.path("there.txt").read_text(), "x\n")

    @unittest.skipUnless(subprocess.run(["sh", "-c", "command -v curl"], capture_output=True).returncode == 0, "no curl")
    def test_curl_logs_in_with_it(self):
        for algorithm, number in (("md5", 0), ("sha-256", 1)):
            for user, password in (("alice", "alice.pw"), ("bob", "bob.pw")):
                self.run_("htdigest", f"{algorithm}.txt", "bench", user, "--password-file", password, "--algorithm", algorithm)
            with lab.Sim() as sim:
                (sim.state / "fs" / "u.txt").write_bytes(self.path(f"{algorithm}.txt").read_bytes())
                self.run_("config-set", "rpc.auth_domain=bench", "rpc.auth_file=u.txt", f"rpc.auth_algo={number}",
                          "rpc.acl=+alice,+bob", "--no-reboot", "--no-save", port=sim.pty, want=1)
                for login, status in ((None, "401"), ("bob:se:cret2", "200"), ("bob:se", "401")):
                    words = ["--digest", "-u", login] if login else []
                    out = subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", *words,
                                          f"http://127.0.0.1:{sim.http_port}/rpc/RPC.Ping"], capture_output=True, text=True)
                    self.assertEqual(out.stdout, status, out)


class Rules(Case):
    def test_sample_of_the_tutorials_lacks_a_comma(self):
        self.scratch.file("rpc_acl.json", SAMPLE)
        self.refused("acl", "show", "rpc_acl.json", says=("rpc_acl.json: line 3, column 3", "comma is missing"))
        self.scratch.file("rpc_acl.json", SAMPLE.replace('"GCP", "acl":"*"}', '"GCP", "acl":"*"},'))
        self.assertIn("user1", self.run_("acl", "show", "rpc_acl.json").out)
        for words, verdict, entry in ((("Sys.GetInfo", "-", "WS_in"), "allowed", 2), (("FS.Get", "user1"), "allowed", 3),
                                      (("FS.Get", "user2"), "denied", 3), (("FS.Get", "-"), "login", 3),
                                      (("Config.Get", "user1"), "denied", 4)):
            result = json.loads(self.run_("acl", "check", "rpc_acl.json", *words, "--json").out)["result"]
            self.assertEqual((result["verdict"], result["entry"]), (verdict, entry), words)

    def test_a_new_file(self):
        for words in (("*", "+joe"), ("RPC.*", "*"), ("FS.*", "+ann", "WS_in")):
            self.run_("acl", "add", "new.json", *words)
        self.assertEqual([entry["method"] for entry in json.loads(self.path("new.json").read_text())], ["RPC.*", "FS.*", "*"])

    def test_edit(self):
        self.scratch.file("rules.json", '[{"method":"*","acl":"-*"}]')
        self.run_("acl", "add", "rules.json", "FS.*", "+joe")            # before the one that fits everything
        self.run_("acl", "add", "rules.json", "RPC.*", "*", "UART", "--at", "1")
        rules = json.loads(self.path("rules.json").read_text())
        self.assertEqual(rules, [{"method": "RPC.*", "ch_type": "UART", "acl": "*"}, {"method": "FS.*", "acl": "+joe"},
                                 {"method": "*", "acl": "-*"}])
        self.run_("acl", "add", "rules.json", "Sys.*", "*", "--at", "4")
        self.assertIn("never reached: entry 3", self.run_("acl", "show", "rules.json").out)
        self.run_("acl", "remove", "rules.json", "4")
        before = self.path("rules.json").read_bytes()
        self.refused("acl", "remove", "rules.json", "4", want=2, says="1 to 3")
        self.refused("acl", "add", "rules.json", "FS.*", "+joe, -ann", says="blank")
        self.refused("acl", "add", "rules.json", 'a"b', "*", says="cannot be read")
        self.refused("acl", "check", "rules.json", want=2, says="wants a method")
        self.refused("acl", "show", "missing.json", says="missing.json")
        self.assertIn("says so already", self.run_("acl", "add", "rules.json", "FS.*", "+joe").err)
        self.assertEqual(self.path("rules.json").read_bytes(), before)


class Device(Case):
    def setUp(self):
        super().setUp()
        self.scratch.file("rpc_auth.txt", users())
        self.scratch.file("rpc_acl.json", RULES)
        self.sim = lab.Sim().start()
        self.addCleanup(self.sim.stop)

    def ports(self):
        return self.sim.pty, self.sim.ws

    def as_alice(self):
        return "--user", "alice", "--password-file", "alice.pw"

    def since(self, action):
        before = len(self.sim.journal())
        action()
        return self.sim.journal()[before:]

    def guard(self, port):
        """Users and rules on the device."""
        self.run_("access-set", "auth", "rpc_auth.txt", *self.as_alice(), "--no-attack", port=port)
        self.run_("access-set", "acl", "rpc_acl.json", *self.as_alice(), "--no-attack", port=port)

    def restart(self):
        """Power off and on."""
        self.sim.stop()
        self.sim.start()


class Documents(Device):
    def test_flow_of_the_tutorials(self):
        for port in self.ports():
            self.scratch.file("rpc_auth.txt", users("myproduct"))
            self.run_("mos", "put", "rpc_auth.txt", port=port)
            self.run_("mos", "config-set", "rpc.auth_domain=myproduct", port=port)
            self.run_("mos", "config-set", "rpc.auth_file=rpc_auth.txt", port=port)
            self.run_("mos", "put", "rpc_acl.json", port=port)
            self.run_("-e", "login alice --password-file alice.pw", "-e", "mos config-set rpc.acl_file=rpc_acl.json", port=port)
            self.refused("call", "FS.List", port=port,
                         says=('asks for a user and password (realm "myproduct")', "--rpc-creds"))
            got = self.since(lambda: self.run_("-e", "login alice --password-file alice.pw", "-e", "call FS.List", "-e", "ls",
                                               port=port))
            self.assertEqual([(r["method"], r["code"], r.get("user")) for r in got],
                             [("Sys.GetInfo", 401, None), ("Sys.GetInfo", 0, "alice"), ("FS.List", 0, "alice"),
                              ("FS.List", 0, "alice")])
            self.assertEqual(got[0]["id"], got[1]["id"])
            self.run_("-e", "login alice --password-file alice.pw", "-e", "access-set off --no-attack", port=port)
            self.run_("call", "FS.List", port=port)


class Scripts(Case):
    def test_command_files(self):
        for name in ("rpc-auth", "rpc-acl"):
            for _ in range(2):  # the second time the files are there
                done = self.run_("run", lab.ROOT / "scripts" / f"{name}.lks", port="sim:")
                for file in self.scratch.path.glob("rpc-*/*.password"):
                    self.assertNotIn(file.read_text().strip(), done.out + done.err)
                    self.assertEqual(stat.S_IMODE(file.stat().st_mode) & 0o077, 0)


class Messages(Device):
    def test_each_refusal_has_its_own(self):
        self.guard(self.sim.ws)
        for port in self.ports():
            self.refused("call", "Sys.GetInfo", port=port, says="asks for a user and password")
            self.refused("login", "alice", "--password-file", "wrong.pw", port=port,
                         says='wrong user or password for realm "RPC" (user alice)')
            self.refused("login", "carol", "--password-file", "alice.pw", port=port, says="wrong user or password")
            self.refused("-e", "login bob --password-file bob.pw", "-e", "call FS.List", port=port,
                         says=("access rules (ACL) do not allow it to user bob", "403"))
            self.refused("-e", "login alice --password-file alice.pw", "-e", "logout", "-e", "call FS.List", port=port,
                         says="asks for a user")

    def test_hostile_challenges(self):
        for said, words in (("nonsense", "no JSON"), ('{"realm":"x","nonce":-1}', "whole number"),
                            ('{"realm":"\\u001b[2J","nonce":1}', "\\x1b[2J"),
                            ('{"realm":"x","nonce":1,"algorithm":"SHA-512"}', '"SHA-512"'),
                            ('{"auth_type":"basic","realm":"x","nonce":1}', "basic")):
            with lab.Peer(lab.answers(lambda request, said=said: (401, said))) as peer:
                done = self.refused("login", "alice", "--password-file", "alice.pw", port=peer.url, says=words)
                self.assertNotIn("\x1b", done.err)
                self.refused("call", "X.Y", port=peer.url, says="asks for a user and password")


class Status(Device):
    def test_open_device(self):
        for port in self.ports():
            out = self.run_("access-status", port=port).out
            self.assertIn("Everybody may call everything", out)
            self.assertRegex(out, r"uart +UART +on +everything")

    def test_guarded_device(self):
        self.guard(self.sim.ws)
        words = ("-e", "login alice --password-file alice.pw", "-e", "access-status --matrix WS_in --json")
        result = json.loads(self.run_(*words, port=self.sim.pty).out.splitlines()[-1])["result"]
        self.assertEqual(result["users"], ["alice", "bob"])
        self.assertEqual(result["rules"], "rpc_acl.json")
        self.assertEqual(len(result["entries"]), 5)
        matrix = {row["method"]: (row["nobody"], row["alice"], row["bob"]) for row in result["matrix"]}
        self.assertEqual(matrix["RPC.List"], ("allowed", "allowed", "allowed"))
        self.assertEqual(matrix["FS.Get"], ("login", "allowed", "denied"))
        self.assertEqual(matrix["ATCA.LockZone"], ("denied", "denied", "denied"))
        self.assertEqual(result["notes"], [])
        check = self.run_("-e", "login alice --password-file alice.pw", "-e", "access-check FS.Get bob", port=self.sim.ws).out
        self.assertIn("denied", check)
        self.assertIn("entry 1 of rpc_acl.json (line 2)", check)

    def test_what_is_wrong_is_said(self):
        (self.sim.state / "fs" / "u.txt").write_text("joe:elsewhere:" + "0" * 32 + "\nann:RPC:" + "0" * 64 + "\n")
        (self.sim.state / "fs" / "a.json").write_text('[{"method":"*","acl":"*"}, {"method":"FS.*","acl":"-*"}]')
        self.run_("config-set", "rpc.auth_file=u.txt", "rpc.acl_file=a.json", port=self.sim.ws)
        notes = "\n".join(json.loads(self.run_("access-status", "--json", port=self.sim.ws).out)["result"]["notes"])
        for words in ("joe cannot log in", "ann cannot log in", "Entry 2 of a.json is never reached"):
            self.assertIn(words, notes)
        (self.sim.state / "fs" / "a.json").write_text('[{"method":"*" "acl":"*"}]')
        notes = "\n".join(json.loads(self.run_("access-status", "--json", port=self.sim.ws).out)["result"]["notes"])
        self.assertIn("a.json on the device: line 1, column 16: a comma is missing", notes)


class Set(Device):
    def test_users_then_rules(self):
        for kind in ("pty", "ws"):
            port = getattr(self.sim, kind)
            done = self.run_("access-set", "auth", "rpc_auth.txt", *self.as_alice(), port=port)
            self.assertIn("asks nobody for a login", done.err)
            done = self.run_("access-set", "acl", "rpc_acl.json", *self.as_alice(), "--json", port=port)
            result = json.loads(done.out)["result"]
            self.assertEqual(result["wrong"], 0)
            happened = {row["method"]: (row["nobody"], row["alice"], row["bob"]) for row in result["methods"]}
            self.assertEqual(happened["FS.List"], ("asked to log in", "let through", "denied"))
            self.assertEqual(happened["RPC.List"], ("let through",) * 3)
            self.assertEqual(happened["ATCA.LockZone"], ("denied",) * 3)
            self.assertEqual(happened["ATCA.GenKey"], ("asked to log in", "(allowed)", "(allowed)"))
            logins = {row["login"]: row["happened"] for row in result["logins"]}
            self.assertEqual(logins, {"wrong password": "asked to log in", "unknown user": "asked to log in",
                                      "expired nonce": "asked to log in", "nonce of the future": "asked to log in",
                                      "wrong realm": "refused as malformed", "wrong algorithm": "refused as malformed",
                                      "right login": "let through", "the same frame once more": "let through"})
            self.restart()
            self.refused("call", "FS.List", port=self.sim.ws, says="asks for a user")
            self.run_("-e", "login alice --password-file alice.pw", "-e", "access-set off --no-attack", port=self.sim.ws)
            self.restart()
            self.run_("call", "FS.List", port=self.sim.ws)

    def test_set_for_one_start_first(self):
        got = self.since(lambda: self.run_("access-set", "acl", "rpc_acl.json", *self.as_alice(), "--no-attack", port=self.sim.ws,
                                           want=1))  # there are no users yet
        self.assertEqual([r["method"] for r in got if r["method"] in ("Config.Set", "Config.Save", "FS.Put")], [])
        got = self.since(lambda: self.guard(self.sim.ws))
        sets = [r["args"] for r in got if r["method"] == "Config.Set"]
        self.assertEqual([(s["save"], s["try_once"], s["reboot"]) for s in sets], [(True, True, True)] * 2)
        saves = [r for r in got if r["method"] == "Config.Save"]
        self.assertEqual(len(saves), 2)
        self.assertNotIn("try_once", saves[0].get("args") or {})
        journal = (self.sim.state / "journal.jsonl").read_text()
        for secret in SECRETS:
            self.assertNotIn(secret, journal)
            self.assertNotIn(base64.b64encode(secret.encode()).decode(), journal)

    def test_sha_256(self):
        self.scratch.file("rpc_auth.txt", users("bench", "sha256"))
        self.guard(self.sim.ws)
        self.run_("-e", "login bob --password-file bob.pw", "-e", "call Sys.GetInfo", port=self.sim.pty)
        self.assertEqual(json.loads(self.run_("-e", "login alice --password-file alice.pw", "-e", "config-get rpc --json",
                                              port=self.sim.ws).out.splitlines()[-1])["result"]["auth_algo"], 1)

    def test_nobody_locks_himself_out(self):
        self.run_("access-set", "auth", "rpc_auth.txt", *self.as_alice(), "--no-attack", port=self.sim.ws)
        rules = {"nobody": '[{"method":"*","acl":"-*"}]', "bob": '[{"method":"*","acl":"+bob"}]',
                 "uart": '[{"method":"*","ch_type":"UART","acl":"*"}]', "save": '[{"method":"Config.Save","acl":"-*"},'
                 '{"method":"*","acl":"*"}]', "carol": '[{"method":"*","acl":"+carol"}]', "empty": "[]"}
        for name, text in rules.items():
            self.scratch.file(f"{name}.json", text)

        def attempts():
            for name in ("nobody", "bob", "uart", "save", "empty"):
                self.refused("access-set", "acl", f"{name}.json", *self.as_alice(), port=self.sim.ws,
                             says=("would lock alice out", "Nothing was changed"))
            self.refused("access-set", "acl", "rpc_acl.json", port=self.sim.ws, says=("would lock you out", "--user"))
            self.refused("access-set", "acl", "rpc_acl.json", "--user", "alice", "--password-file", "wrong.pw", port=self.sim.ws,
                         says="the password of alice is not the one")
            self.refused("access-set", "acl", "carol.json", "--user", "carol", "--password-file", "alice.pw", port=self.sim.ws,
                         says="no user carol")
            self.scratch.file("sample.json", SAMPLE)
            self.refused("access-set", "acl", "sample.json", *self.as_alice(), port=self.sim.ws, says="line 3, column 3")
            self.refused("access-set", "channel", "ws", "off", port=self.sim.ws, says="close the channel")
            self.refused("access-set", "channel", "uart", "off", port=self.sim.pty, says="close the channel")
            self.refused("access-set", "acl", "rpc_acl.json", *self.as_alice(), port=self.sim.http, says="ws:// or serial")

        changing = ("Config.Set", "Config.Save", "FS.Put", "Sys.Reboot", "FS.Remove", "FS.Rename")
        self.assertEqual([r["method"] for r in self.since(attempts) if r["method"] in changing], [])

    def test_users_that_make_no_sense(self):
        for text, words in (("", "has no user"), (users() + users("other"), "several realms"),
                            (users() + f"eve:RPC:{'0' * 64}\n", "MD5 and of SHA-256"),
                            (f"{'e' * 100}:RPC:{'0' * 32}\n", "longer than")):
            self.scratch.file("bad.txt", text)
            self.run_("access-set", "auth", "bad.txt", port=self.sim.ws, want=2 if "realms" in words else 1)
            self.assertIn(words, lab.lockstep(self.scratch, "access-set", "auth", "bad.txt", port=self.sim.ws).err)
        self.scratch.file("two.txt", users() + users("other"))
        self.run_("access-set", "auth", "two.txt", "--realm", "other", "--no-attack", port=self.sim.ws)
        self.assertEqual(self.run_("config-get", "rpc.auth_domain", port=self.sim.ws).out, "other\n")

    def test_the_file_in_use_is_never_written_to(self):
        self.guard(self.sim.ws)
        self.scratch.file("rpc_acl.json", RULES.replace('"+alice,+bob"', '"+alice"'))
        done = self.run_("access-set", "acl", "rpc_acl.json", *self.as_alice(), "--no-attack", port=self.sim.ws)
        self.assertIn("rpc_acl-2.json", done.err)
        self.assertEqual((self.sim.state / "fs" / "rpc_acl.json").read_text(), RULES)
        done = self.run_("access-set", "acl", "rpc_acl.json", *self.as_alice(), "--no-attack", port=self.sim.ws)
        self.assertIn("set like that already", done.err)

    def test_channels(self):
        ping = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-d", "{}",
                f"http://127.0.0.1:{self.sim.http_port}/rpc/RPC.Ping"]
        self.assertEqual(subprocess.run(ping, capture_output=True, text=True).stdout, "200")
        self.run_("access-set", "channel", "http", "off", "--no-attack", port=self.sim.ws)
        self.assertNotEqual(subprocess.run(ping, capture_output=True, text=True).stdout, "200")
        self.assertRegex(self.run_("access-status", port=self.sim.ws).out, r"http +HTTP +off")
        self.run_("access-set", "channel", "http", "on", "--no-attack", port=self.sim.ws)
        self.assertEqual(subprocess.run(ping, capture_output=True, text=True).stdout, "200")
        self.refused("access-set", "channel", "telnet", "off", port=self.sim.ws, want=2, says="uart, ws, http and mqtt")

    def test_conf_acl_denies_without_a_word(self):
        self.run_("config-set", "conf_acl=-rpc.*,+*", port=self.sim.ws)
        self.refused("access-set", "auth", "rpc_auth.txt", "--no-attack", port=self.sim.ws, says=("conf_acl", "changed nothing"))


class Fake:
    """A device in Python: files, configuration with try_once, restarts. `rule(device, request)` may answer first."""

    def __init__(self, rule=lambda device, request: None):
        self.rule, self.files, self.boots, self.seen, self.began = rule, {}, 0, [], time.time() - 1000
        self.saved = {"conf_acl": "*", "rpc": {"enable": True, "acl": "", "acl_file": "", "auth_domain": "RPC", "auth_file": "",
                                               "auth_algo": 0, "uart": {"uart_no": 0}}}
        self.config = json.loads(json.dumps(self.saved))
        self.once, self.closing = None, False

    def boot(self):
        self.boots += 1
        self.closing = True  # the next answer is the last before it goes down
        self.config = json.loads(json.dumps(self.once or self.saved))
        self.once, self.began = None, time.time()

    def __call__(self, request):
        self.seen.append(request)
        method, args = request["method"], request.get("args") or {}
        if self.closing:
            self.closing = False
            return 418, "shutting down in 50 ms"
        said = self.rule(self, request)
        return said if said is not None else getattr(self, method.replace(".", "_"), lambda _: (404, f"No handler for {method}"))(args)

    def Sys_GetInfo(self, args):
        return {"id": "esp32_FAKE", "mac": "AABBCCDDEEFF", "uptime": time.time() - self.began}

    def Config_Get(self, args):
        return self.config

    def Config_Set(self, args):
        self.config["rpc"].update(args["config"].get("rpc", {}))
        if args.get("try_once"):
            self.once = json.loads(json.dumps(self.config))
        else:
            self.saved = json.loads(json.dumps(self.config))
        self.boot()
        return {"saved": True}

    def Config_Save(self, args):
        self.saved = json.loads(json.dumps(self.config))
        return {"saved": True}

    def Sys_Reboot(self, args):
        self.boot()
        return {}

    def RPC_List(self, args):
        return ["RPC.List", "Sys.GetInfo", "Config.Get", "FS.Get"]

    def FS_Put(self, args):
        before = self.files.get(args["filename"], b"") if args.get("append") else b""
        self.files[args["filename"]] = before + base64.b64decode(args["data"])
        return {}

    def FS_Get(self, args):
        if args.get("filename") not in self.files:
            return 400, "failed to open file"
        data = self.files[args["filename"]][args.get("offset", 0):]
        piece = data[:args.get("len", len(data))]
        return {"data": base64.b64encode(piece).decode(), "left": len(data) - len(piece)}


CHALLENGE = '{"auth_type":"digest","nonce":1795165320,"nc":1,"realm":"RPC","algorithm":"MD5"}'


class Misbehaving(Case):
    def setUp(self):
        super().setUp()
        self.scratch.file("rpc_auth.txt", users())
        self.scratch.file("open.json", '[{"method":"*","acl":"*"}]')
        self.scratch.file("rpc_acl.json", RULES)

    def test_taken_back_when_the_device_no_longer_answers(self):
        def rule(device, request):
            """With rules it asks for a login that nobody can give; it may always be restarted."""
            guarded = device.boots > 0 and device.config["rpc"]["acl_file"]
            return (401, CHALLENGE) if guarded and request["method"] != "Sys.Reboot" else None
        device = Fake(rule)
        with lab.Peer(lab.answers(device)) as peer:
            done = self.refused("access-set", "acl", "open.json", "--no-attack", port=peer.url,
                                says=("Taking the change back", "has its old settings again"))
            self.assertIn("asks for a user and password", done.err)
        self.assertEqual(device.config["rpc"]["acl_file"], "")
        self.assertEqual(device.saved["rpc"]["acl_file"], "")
        self.assertNotIn("Config.Save", [r["method"] for r in device.seen])
        self.assertEqual(device.boots, 2)

    def test_taken_back_from_firmware_that_knows_no_try_once(self):
        class Old(Fake):
            def Config_Set(self, args):
                return super().Config_Set({**args, "try_once": False})
        broken = []

        def rule(device, request):
            """Reads back otherwise than it was set, until it is set back."""
            if request["method"] == "Config.Get" and device.config["rpc"]["acl_file"] and len(broken) < 2:
                broken.append(1)
                return {**device.config, "rpc": {**device.config["rpc"], "acl_file": "other.json"}}
            return None
        device = Old(rule)
        with lab.Peer(lab.answers(device)) as peer:
            self.refused("access-set", "acl", "open.json", "--no-attack", port=peer.url, want=5,
                         says=("acl_file does not read back", "old settings again"))
        self.assertEqual(device.saved["rpc"]["acl_file"], "")

    def test_a_device_that_does_not_obey_its_rules(self):
        device = Fake(lambda device, request: None)  # lets everything through
        with lab.Peer(lab.answers(device)) as peer:
            self.run_("access-set", "auth", "rpc_auth.txt", "--user", "alice", "--password-file", "alice.pw", "--no-attack",
                      port=peer.url)
            done = self.refused("access-set", "acl", "rpc_acl.json", "--user", "alice", "--password-file", "alice.pw",
                                port=peer.url, want=5, says="ended otherwise than the rules say")
            self.assertRegex(done.out, r"FS.Get +let through !")
        sent = {r["method"] for r in device.seen}
        self.assertFalse(sent & {"Sys.Reboot", "FS.Remove", "ATCA.LockZone", "ATCA.GenKey"})

    def test_a_file_that_reads_back_otherwise(self):
        def rule(device, request):
            if request["method"] == "FS.Put":
                return device.FS_Put({**request["args"], "data": base64.b64encode(b"x").decode()})
            return None
        device = Fake(rule)
        with lab.Peer(lab.answers(device)) as peer:
            self.refused("access-set", "acl", "open.json", port=peer.url, want=5, says="reads back otherwise")
        self.assertNotIn("Config.Set", [r["method"] for r in device.seen])

    def test_hostile_names_and_rules(self):
        device = Fake()
        device.config["rpc"].update(auth_file="u\x1b[2J.txt", acl_file="a\x1b]0;x.json", auth_domain="r\x1b[31m")
        device.files = {"u\x1b[2J.txt": b"ev\x1b[2Jil:r\x1b[31m:" + b"0" * 32 + b"\n", "a\x1b]0;x.json":
                        b'[{"method":"*","acl":"+ev\xc2\x9bil"}]'}
        with lab.Peer(lab.answers(device)) as peer:
            done = self.run_("access-status", "--matrix", "UART", port=peer.url)
            self.assertNotIn("\x1b", done.out + done.err)
            self.assertNotIn("\x9b", done.out + done.err)
            self.assertIn("ev\\x1b[2Jil", done.out)


if __name__ == "__main__":
    unittest.main()
