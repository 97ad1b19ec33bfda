"""The shell as a whole program: command line, reports, command files, standard input, the prompt."""
import json
import os
import pathlib
import pty
import re
import select
import signal
import stat
import subprocess
import termios
import unittest

from lab import ROOT, SERIAL, Scratch, Sim, lockstep

BUILD = pathlib.Path(os.environ.get("LOCKSTEP_BUILD", ROOT / "build"))


class Shell(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.remove)
        plugins = self.scratch.path / "plugins"
        plugins.mkdir()
        (plugins / "good.so").symlink_to(BUILD / "tests" / "support" / "plugin_good.so")
        self.more = {"LOCKSTEP_PLUGIN_PATH": str(plugins), "GOOD_STATE": str(self.scratch.path / "good.state")}

    def run_it(self, *words, **more):
        return lockstep(self.scratch, *words, **{**self.more, **more})

    def run_file(self, text, *words, name="file.lks", **more):
        self.scratch.file(name, text)
        return self.run_it(*words, "run", name, **more)

    def locked(self):
        return pathlib.Path(self.more["GOOD_STATE"]).exists()


class CommandLine(Shell):
    def test_help_lists_commands_of_the_core_and_of_plugins(self):
        run = self.run_it("help")
        self.assertEqual(run.code, 0, run)
        for word in ("good-say", "status", "expect-json", "--dry-run", "atca-get-config", "config-set"):
            self.assertIn(word, run.out)
        self.assertEqual(run.err, "")
        self.assertLessEqual(max(map(len, run.out.splitlines())), 112)

    def test_help_of_one_command(self):
        for words in (("help", "good-lock"), ("good-lock", "--help"), ("--help", "good-lock")):
            run = self.run_it(*words)
            self.assertEqual(run.code, 0, run)
            self.assertTrue(run.out.startswith("usage: good-lock [--spoil] [--passcode=…] [--dry-run=false]\n"), run.out)
            self.assertIn("Cannot be undone", run.out)

    def test_no_line_of_any_help_is_cut_or_empty(self):
        names = [c["name"] for c in json.loads(self.run_it("--json", "help").out)["result"]["commands"]]
        self.assertGreater(len(names), 30)
        for name in names:
            run = self.run_it("help", name)
            self.assertEqual((run.code, run.err), (0, ""), run)
            self.assertTrue(run.out.startswith(f"usage: {name}"), run.out)

    def test_version(self):
        self.assertRegex(self.run_it("--version").out, r"^lockstep \d+\.\d+\.\d+\n$")

    def test_unknown_command_offers_near_names(self):
        run = self.run_it("atca-get-confg")
        self.assertEqual((run.code, run.out), (2, ""), run)
        self.assertEqual(run.err, 'lockstep: "atca-get-confg" is not a command.\n'
                                  "  Next: Near names: atca-get-config or atca-set-config. lockstep help lists the commands.\n")

    def test_usage_errors(self):
        for words, said in [
                (("good-say",), "good-say: WORD is missing: what to say."),
                (("good-table", "x"), "good-table: good-table takes fewer arguments than it was given."),
                (("good-say", "x", "--lod"), "Near names: --log or --loud"),
                (("good-say", "x", "--write-key=y"), "--write-key is not an option of good-say."),
                (("good-say", "x", "--slot=16"), "--slot: 16 is not a slot: a chip has slots 0 to 15."),
                (("good-say", "x", "--level=10"), "--level: 10 is not a whole number from 0 to 9."),
                (("good-say", "x", "--color=blue"), '--color: "blue" is not one of red or green.'),
                (("good-say", "x", "--loud=perhaps"), '--loud: "perhaps" is neither true nor false.'),
                (("good-say", "x", "--timeout=soon"), '--timeout: "soon" is not a time'),
                (("--nonsense",), "--nonsense is not an option."),
                (("--prot", "ws://x/rpc", "status"), "--prot is not an option."),
                (("good-secret", "x", "--dry-run"), "good-secret: PASSWORD is missing"),
                (("good-secret", "x", "y", "--dry-run"), "good-secret has no dry run, and one was asked for: nothing was sent."),
                (("on-error", "stop"), "on-error belongs in a command file."),
                (("expect", "x"), "no command was run before."),
                (("help", "good-sai"), "Near names: good-say"),
        ]:
            run = self.run_it(*words)
            self.assertEqual((run.code, run.out), (2, ""), (words, run))
            self.assertIn(said, run.err)

    def test_exit_statuses(self):
        for code in (1, 2, 3, 4, 5, 6, 130):
            run = self.run_it("good-fail", code)
            self.assertEqual((run.code, run.out), (code, ""), run)
            self.assertEqual(run.err, f"lockstep: good-fail: it was asked to fail with {code}.\n  Next: do not ask\n")

    def test_no_port_lists_none_and_is_usage(self):
        run = self.run_it("--port", "nonsense://x", "status")
        self.assertEqual(run.code, 2, run)

    def test_options_come_before_or_after(self):
        wanted = self.run_it("good-say", "a", "--level", "5", "--loud").out
        self.assertEqual(wanted, "a!\nLevel             5\nColour            red\n")
        for words in (("--level=5", "--loud", "good-say", "a"), ("good-say", "--loud", "a", "--level=5"),
                      ("mos", "-X", "good-say", "--loud", "--level", "5", "a")):
            self.assertEqual(self.run_it(*words).out, wanted)

    def test_words_are_taken_as_they_are(self):
        run = self.run_it("--var", "A=1", "good-say", "${A} 'x' # y \\")
        self.assertEqual(run.out.splitlines()[0], "${A} 'x' # y \\")

    def test_environment(self):
        self.assertIn("Level             7\n", self.run_it("good-say", "x", LOCKSTEP_LEVEL="7").out)
        self.assertIn("Level             7\n", self.run_it("good-say", "x", MOS_LEVEL="7").out)
        self.assertIn("Level             6\n", self.run_it("good-say", "x", "--level=6", MOS_LEVEL="7").out)
        self.assertTrue(json.loads(self.run_it("good-say", "x", LOCKSTEP_JSON="true").out)["ok"])
        run = self.run_it("good-say", "x", LOCKSTEP_TIMEOUT="never")
        self.assertEqual(run.code, 2, run)
        self.assertIn("the environment's LOCKSTEP_TIMEOUT", run.err)

    def test_environment_gives_no_consent(self):
        for names in (("LOCKSTEP_DRY_RUN", "LOCKSTEP_CONFIRM"), ("MOS_DRY_RUN", "MOS_CONFIRM")):
            run = self.run_it("good-lock", **dict(zip(names, ("false", "any"))))
            self.assertEqual(run.code, 0, run)
            self.assertIn("plan (nothing sent)", run.out)
            run = self.run_it("good-lock", "--dry-run=false", **dict(zip(names, ("false", "any"))))
            self.assertEqual(run.code, 4, run)
        self.assertFalse(self.locked())

    def test_e_lines_run_in_order_up_to_the_first_failure(self):
        run = self.run_it("-e", "echo one", "-e", "echo two", "echo", "three")
        self.assertEqual((run.code, run.out), (0, "one\ntwo\nthree\n"), run)
        run = self.run_it("-e", "echo one", "-e", "good-fail 5", "-e", "echo two", "echo", "three")
        self.assertEqual((run.code, run.out), (5, "one\n"), run)
        self.assertIn("lockstep: -e:2: good-fail: it was asked to fail with 5.", run.err)

    def test_output_that_cannot_be_written_is_a_failure(self):
        for words in (["good-say", "x"], ["--json", "good-say", "x"]):
            with open("/dev/full", "w") as full:
                done = subprocess.run([str(BUILD / "lockstep"), *words], stdout=full, stderr=subprocess.PIPE, text=True,
                                      env=self.scratch.environment(**self.more))
            self.assertEqual(done.returncode, 1, done)
            self.assertIn("the answer could not be written to standard output", done.stderr)

    def test_a_closed_pipe_does_not_kill(self):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([str(BUILD / "lockstep"), "help"], stdout=write, stderr=subprocess.PIPE, text=True,
                              env=self.scratch.environment(**self.more))
        os.close(write)
        self.assertEqual(done.returncode, 1, done)

    def test_tables_are_aligned_by_width(self):
        run = self.run_it("good-table", LC_ALL="C.UTF-8")
        self.assertEqual(run.out, "NAME   SIZE\ngröße  1\nb      22\n")

    def test_man_page(self):
        run = self.run_it("help", "--man")
        self.assertEqual(run.code, 0, run)
        self.assertTrue(run.out.startswith(".TH LOCKSTEP 1"), run.out[:100])
        for word in ("good\\-lock", "\\-\\-confirm", ".SH EXIT STATUS"):
            self.assertIn(word, run.out)

    def test_bash_completion(self):
        script = self.scratch.file("complete.bash", self.run_it("help", "--bash-completion").out)

        def complete(*words):
            line = " ".join(f'"{w}"' for w in words)
            done = subprocess.run(["bash", "-c", f'. {script}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _lockstep; '
                                                 'printf "%s\\n" "${COMPREPLY[@]}"'], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            return done.stdout.split()
        self.assertEqual(complete("lockstep", "good-t"), ["good-table"])
        self.assertEqual(complete("lockstep", "--json", "good-say", "--lo"), ["--log", "--loud"])
        self.assertEqual(complete("lockstep", "good-say", "--color", "=", "g"), ["green"])
        self.assertIn("good-lock", complete("lockstep", "help", "good-l"))


class Json(Shell):
    def object_of(self, run):
        self.assertEqual(run.err, "")
        self.assertEqual(run.out.count("\n"), 1, run)
        return json.loads(run.out)

    def test_shape_of_success(self):
        answer = self.object_of(self.run_it("--json", "good-say", "x"))
        self.assertEqual(list(answer), ["command", "ok", "mode", "result", "device", "elapsed_ms"])
        self.assertEqual((answer["command"], answer["ok"], answer["mode"], answer["device"]), ("good-say", True, "read", None))
        self.assertEqual(answer["result"], {"level": "3", "color": "red"})
        self.assertIsInstance(answer["elapsed_ms"], int)

    def test_shape_of_failure(self):
        run = self.run_it("good-fail", "5", "--json")
        answer = self.object_of(run)
        self.assertEqual(run.code, 5)
        self.assertEqual(list(answer), ["command", "ok", "mode", "error", "device", "elapsed_ms"])
        self.assertEqual(answer["error"], {"code": 5, "message": "it was asked to fail with 5"})
        self.assertIs(answer["ok"], False)

    def test_usage_errors_are_objects_too(self):
        for words in (("--json", "good-sai"), ("--json", "good-say"), ("good-say", "x", "--json", "--nonsense")):
            run = self.run_it(*words)
            self.assertEqual((run.code, self.object_of(run)["error"]["code"]), (2, 2), run)

    def test_modes(self):
        answer = self.object_of(self.run_it("--json", "good-lock"))
        self.assertEqual((answer["mode"], answer["ok"]), ("plan", True))
        self.assertEqual(answer["result"]["line"], "lockstep good-lock --json --dry-run=false")
        answer = self.object_of(self.run_it("--json", "good-secret", "a", "b"))
        self.assertEqual(answer["mode"], "applied")
        answer = self.object_of(self.run_it("--json", "good-lock", "--dry-run=false", "--confirm", SERIAL))
        self.assertEqual((answer["mode"], answer["ok"]), ("applied", True))
        self.assertTrue(self.locked())

    def test_nothing_is_called_applied_that_was_not_begun(self):
        run = self.run_it("--json", "good-lock", "--dry-run=false")
        self.assertEqual((run.code, self.object_of(run)["mode"]), (4, "plan"), run)
        with Sim() as sim:
            for words, mode in [(("atca-set-key", "99", "x"), "plan"), (("put", "nofile"), "read"),
                                (("config-set", "a.b=1"), "read"), (("config-set", "debug.level"), "read")]:
                run = self.run_it("--json", "--port", sim.ws, *words)
                answer = json.loads(run.out)
                self.assertEqual((answer["ok"], answer["mode"]), (False, mode), run)
            self.assertEqual(json.loads(self.run_it("--json", "--port", sim.ws, "put", "nofile").out)["device"], "esp32_0A1B2C")
            answer = json.loads(self.run_it("--json", "--port", sim.ws, "wifi", "net", "hunter2").out)
            self.assertEqual((answer["ok"], answer["mode"]), (True, "applied"))
            self.assertEqual(answer["result"]["config"], {"wifi.ap.enable": False, "wifi.sta.enable": True,
                                                          "wifi.sta.ssid": "net", "wifi.sta.pass": "(set)"})

    def test_nothing_in_it_is_obeyed_by_a_terminal(self):
        run = self.run_it("--json", "echo", os.fsdecode(b"a\xc2\x9b31m\x1b[2J\x7f\xe2\x80\xae\xff"))
        self.assertRegex(run.out, r"^[\x20-\x7e\n]+$")
        self.assertEqual(self.object_of(run)["result"]["text"], "a\x9b31m\x1b[2J\x7f\u202e\ufffd")
        run = self.run_it("echo", os.fsdecode(b"a\xc2\x9b31m\x1b[2J\xff"))
        self.assertEqual(run.out, "a\\x9b31m\\x1b[2J\\xff\n")

    def test_table(self):
        answer = self.object_of(self.run_it("--json", "good-table"))
        self.assertEqual(answer["result"], {"rows": [{"name": "größe", "size": "1"}, {"name": "b", "size": "22"}]})

    def test_one_object_for_each_command_of_a_file(self):
        run = self.run_file("good-table\ngood-fail 3\necho never\n", "--json")
        objects = [json.loads(line) for line in run.out.splitlines()]
        self.assertEqual([(o["command"], o["ok"]) for o in objects], [("good-table", True), ("good-fail", False), ("run", False)])
        self.assertEqual(objects[1]["error"], {"code": 3, "message": "file.lks:2: it was asked to fail with 3"})
        self.assertEqual((run.code, run.err), (3, ""))


class Gate(Shell):
    def test_a_dry_run_is_the_default_and_says_what_would_do_it(self):
        run = self.run_it("mos", "-X", "good-lock", "--passcode", "hunter2")
        self.assertEqual((run.code, run.err), (0, ""), run)
        self.assertIn("plan (nothing sent)", run.out)
        self.assertIn("0x55", run.out)
        self.assertIn("To do it: lockstep good-lock --passcode=${PASSCODE} --dry-run=false\n", run.out)
        self.assertNotIn("successful", run.out)
        self.assertNotIn("hunter2", run.out)
        self.assertFalse(self.locked())

    def test_without_consent_nothing_happens(self):
        for words in ((), ("--confirm", "012352aad1bbf378ef"), ("--confirm", "ANY"), ("--confirm", "f378")):
            run = self.run_it("good-lock", "--dry-run=false", *words)
            self.assertEqual(run.code, 4, run)
            self.assertNotIn("successful", run.out)
            self.assertFalse(self.locked())

    def test_with_consent(self):
        run = self.run_it("good-lock", "--dry-run=false", "--confirm", SERIAL)
        self.assertEqual(run.code, 0, run)
        self.assertTrue(run.out.endswith("Lock successful.\n"), run)
        self.assertNotIn("nothing sent", run.out)
        self.assertTrue(self.locked())
        run = self.run_it("good-lock", "--dry-run=false", "--confirm", "any")
        self.assertEqual(run.code, 1, run)
        self.assertIn("it is locked already", run.err)

    def test_a_difference_in_reading_back(self):
        run = self.run_it("good-lock", "--dry-run=false", "--confirm", "any", "--spoil")
        self.assertEqual(run.code, 5, run)
        self.assertIn("byte 87 reads 0x55", run.err)
        self.assertNotIn("successful", run.out)

    def test_json_never_asks(self):
        terminal = _Terminal(self.scratch.environment(**self.more), "--json", "good-lock", "--dry-run=false")
        self.addCleanup(terminal.kill)
        self.assertEqual(terminal.end(), 4)
        self.assertFalse(self.locked())


class CommandFiles(Shell):
    def test_every_directive(self):
        self.scratch.file("inner.lks", "set FROM inner\ngood-say ${FROM}\n")
        run = self.run_file("""
# a comment
set NAME 'two words'
echo ${NAME} "${NAME}" '${NAME}'
good-say a \\
    --level=4
expect a
expect /^Level +4$/
expect a note
expect-json level "4"
expect-json . '{"level":"4","color":"red"}'
include inner.lks
expect inner
echo ${FROM}
good-fail 4
expect-error asked to fail with 4
expect-error /do not (ask|tell)/
good-lock
expect plan (nothing sent)
expect --dry-run=false
expect-json identity 012352aad1bbf378ee
set confirm 012352aad1bbf378ee
good-lock --dry-run=false
expect Lock successful.
on-error continue
on-error stop
sleep 0
sleep 1ms
quit
echo never
""")
        self.assertEqual(run.code, 0, run)
        self.assertIn("two words two words ${NAME}\n", run.out)
        self.assertIn("\ninner\n", run.out)
        self.assertNotIn("never", run.out)
        self.assertEqual(run.err, "a note\na note\nlockstep: file.lks:15: good-fail: it was asked to fail with 4.\n  Next: do not ask\n"
                                  "about to do: lock the good thing\n  byte 87   0x55 → 0x00      for ever\n")

    def test_every_failure_is_named_with_file_line_and_command(self):
        for text, code, said in [
                ("echo a\n\ngood-fail 3\n", 3, "file.lks:3: good-fail: it was asked to fail with 3."),
                ("nonsense\n", 2, 'file.lks:1: "nonsense" is not a command.'),
                ("good-say\n", 2, "file.lks:1: good-say: WORD is missing"),
                ("echo 'a\nb\n", 2, "file.lks:1: the quote ' opened in column 6 is not closed."),
                ("echo ${NONE}\n", 2, "file.lks:1: the variable NONE is not set."),
                ("echo ${\n", 2, 'file.lks:1: "${" is not followed by'),
                ("good-say x \\\n --level=10\n", 2, "file.lks:1: good-say: --level: 10 is not a whole number"),
                ("good-say x\nexpect y\n", 6, "file.lks:2: expect: the answer of good-say does not contain y."),
                ("good-say x\nexpect /^y$/\n", 6, "file.lks:2: expect: the answer of good-say does not contain /^y$/."),
                ("good-say x\nexpect /(/\n", 2, "file.lks:2: expect: /(/ is not a regular expression"),
                ("good-say x\nexpect-error x\n", 6, "file.lks:2: expect-error: good-say succeeded and was expected to fail."),
                ("good-fail 1\nexpect-error other\n", 6, "file.lks:2: expect-error: the error of good-fail does not contain other."),
                ("good-say x\nexpect-json level 4\n", 6, 'file.lks:2: expect-json: level in the result of good-say is \\"3\\".'
                 .replace("\\", "")),
                ("good-say x\nexpect-json none.of[3].it 4\n", 6, "the result of good-say has no none.of[3].it."),
                ("expect x\n", 2, "file.lks:1: expect: no command was run before."),
                ("include missing.lks\n", 1, "file.lks:1: include: "),
                ("include file.lks\n", 2, "file.lks:1: include: file.lks is being run already"),
                ("set bad/name x\n", 2, '"bad/name" is not a variable\'s name'),
                ("set timeout never\n", 2, '--timeout: "never" is not a time'),
                ("set port\n", 2, "VALUE is missing"),
                ("sleep long\n", 2, '"long" is not a time'),
                ("on-error never\n", 2, 'WHAT: "never" is not one of stop or continue.'),
                ("quit --var A=1\n", 2, "--var belongs to the start of the program"),
        ]:
            run = self.run_file(text)
            self.assertEqual(run.code, code, (text, run))
            self.assertIn(said, run.err, text)
            self.assertEqual(run.err.count("lockstep: "), len(re.findall(r"lockstep: \S+:\d", run.err)), run.err)
            after = self.run_file(text + "echo after\n")
            self.assertNotIn("after\n", after.out, text)

    def test_a_missing_file(self):
        run = self.run_it("run", "missing.lks")
        self.assertEqual(run.code, 1, run)
        self.assertIn("missing.lks", run.err)

    def test_an_endless_or_deep_nesting_is_refused(self):
        for i in range(20):
            self.scratch.file(f"deep{i}.lks", f"include deep{i + 1}.lks\n")
        run = self.run_it("run", "deep0.lks")
        self.assertEqual(run.code, 2, run)
        self.assertIn("16 are the limit", run.err)
        self.scratch.file("a.lks", "include b.lks\n")
        self.scratch.file("b.lks", "include ./a.lks\n")
        run = self.run_it("run", "a.lks")
        self.assertEqual(run.code, 2, run)
        self.assertIn("b.lks:1: include: ./a.lks is being run already", run.err)

    def test_includes_are_relative_to_the_file(self):
        folder = self.scratch.path / "sub"
        (folder / "deeper").mkdir(parents=True)
        (folder / "one.lks").write_text("include deeper/two.lks\n")
        (folder / "deeper" / "two.lks").write_text("include ../three.lks\n")
        (folder / "three.lks").write_text("echo three\n")
        run = self.run_it("run", "sub/one.lks")
        self.assertEqual((run.code, run.out), (0, "three\n"), run)

    def test_on_error_continue_remembers_the_first_failure(self):
        run = self.run_file("on-error continue\ngood-fail 3\necho on\ngood-fail 5\nexpect x\necho end\n")
        self.assertEqual((run.code, run.out), (3, "on\nend\n"), run)
        self.assertIn("expect: good-fail did not succeed", run.err)
        run = self.run_file("on-error continue\ngood-fail 3\non-error stop\ngood-fail 5\necho end\n")
        self.assertEqual((run.code, run.out), (3, ""), run)

    def test_settings_end_with_the_file_that_sets_them(self):
        self.scratch.file("inner.lks", "set X inner\nset json true\nset confirm any\n")
        run = self.run_file("set X outer\nrun inner.lks\necho ${X}\ngood-lock --dry-run=false\n")
        self.assertEqual(run.code, 4, run)
        self.assertIn("outer\n", run.out)
        run = self.run_file("set X outer\ninclude inner.lks\necho ${X}\n")
        self.assertEqual(json.loads(run.out.splitlines()[-1])["result"], {"text": "inner"}, run)

    def test_variables_from_the_command_line(self):
        run = self.run_file("echo ${A}-${B}\n", "--var", "A=1", "--var=B=x=y")
        self.assertEqual((run.code, run.out), (0, "1-x=y\n"), run)

    def test_variables_of_the_command_line_go_before_those_of_a_file(self):
        run = self.run_file("set A file\nset B file\necho ${A} ${B}\n", "--var", "A=line")
        self.assertEqual((run.code, run.out), (0, "line file\n"), run)

    def test_here_is_the_folder_of_the_file(self):
        folder = self.scratch.path / "sub"
        folder.mkdir()
        (folder / "inner.lks").write_text("echo ${HERE}\n")
        run = self.run_file("echo ${HERE}\ninclude sub/inner.lks\n")
        here = os.path.realpath(self.scratch.path)
        self.assertEqual((run.code, run.out), (0, f"{here}\n{here}/sub\n"), run)

    def test_values_are_not_expanded_or_split_again(self):
        run = self.run_file("good-say ${A}\n", "--var", "A=${B} 'c'")
        self.assertEqual(run.out.splitlines()[0], "${B} 'c'")

    def test_set_shows_settings_and_hides_variables(self):
        run = self.run_file("set password hunter2\nset timeout 3s\nset\n")
        self.assertEqual(run.code, 0, run)
        self.assertRegex(run.out, r"timeout +3s +setting")
        self.assertRegex(run.out, r"password +\(set\) +variable")
        self.assertNotIn("hunter2", run.out)

    def test_dry_run_of_a_whole_file(self):
        run = self.run_file("good-lock\ngood-secret a b\necho never\n", "--dry-run")
        self.assertEqual(run.code, 2, run)
        self.assertIn("good-secret has no dry run", run.err)
        run = self.run_file("good-lock\n", "--dry-run=false", "--confirm=any")
        self.assertEqual(run.code, 0, run)
        self.assertTrue(self.locked())

    def test_a_dry_run_of_a_file_cannot_be_undone_by_a_line_in_it(self):
        text = "set dry-run false\nset confirm any\ngood-lock\ngood-lock --dry-run=false\n"
        for words in (["--dry-run", "run", "file.lks"], ["run", "file.lks", "--dry-run"], ["-e", "run file.lks --dry-run"],
                      ["--dry-run", "-e", "set dry-run false", "-e", "run file.lks --dry-run=false"]):
            self.scratch.file("file.lks", text)
            run = self.run_it(*words)
            self.assertEqual((run.code, run.out.count("plan (nothing sent)")), (0, 2), (words, run))
            self.assertFalse(self.locked())
        run = self.run_it("--dry-run", stdin=text)
        self.assertEqual((run.code, self.locked()), (0, False), run)
        self.assertEqual(self.run_it(stdin=text).code, 1)  # the second finds it locked
        self.assertTrue(self.locked())

    def test_options_of_the_line_hold_for_the_file(self):
        self.scratch.file("inner.lks", "good-lock\n")
        run = self.run_file("run inner.lks --dry-run=false --confirm any\n")
        self.assertEqual((run.code, self.locked()), (0, True), run)
        run = self.run_file("include inner.lks --dry-run=false\n")
        self.assertEqual(run.code, 2, run)
        self.assertIn("include takes no options", run.err)

    def test_verbose_says_lines_without_secrets(self):
        run = self.run_file("good-secret me ${P}\n", "--verbose", "--var", "P=hunter2")
        self.assertIn("+ good-secret me ${PASSWORD}\n", run.err)
        self.assertNotIn("hunter2", run.err + run.out)
        run = self.run_file("""on-error continue
set port ws://u:hunter2@127.0.0.1:1/rpc
attach ws://u:hunter2@127.0.0.1:1/rpc
call Config.Set {"config":{"wifi":{"sta":{"pass":"hunter2"}}}}
config-set wifi.ap.pass = hunter2
--rpc-creds u:hunter2 status
""", "--verbose")
        self.assertEqual(re.findall(r"^\+ (.*)", run.err, re.M)[1:], [
            "on-error continue", "set port ws://${LOGIN}@127.0.0.1:1/rpc", "attach ws://${LOGIN}@127.0.0.1:1/rpc",
            "call Config.Set ${JSON}", "config-set ${KEY_VALUE} ${KEY_VALUE} ${KEY_VALUE}", "status --rpc-creds=${RPC_CREDS}"])
        self.assertNotIn("hunter2", run.err + run.out)
        run = self.run_it("--verbose", "-e", "good-secret me hunter2", "--rpc-creds=u:hunter2", "echo", "x")
        self.assertIn("+ good-secret me ${PASSWORD}\n+ echo x --verbose --rpc-creds=${RPC_CREDS}\n", run.err)
        self.assertNotIn("hunter2", run.err + run.out)

    def test_windows_line_ends_and_no_last_newline(self):
        run = self.run_file(b"echo a\r\necho b \\\r\n c\r\necho d")
        self.assertEqual((run.code, run.out), (0, "a\nb c\nd\n"), run)

    def test_a_zero_byte(self):
        run = self.run_file(b"echo a\necho b\0c\n")
        self.assertEqual((run.code, run.out), (2, "a\n"), run)
        self.assertIn("file.lks:2: column 7 holds a zero byte", run.err)


class StandardInput(Shell):
    def test_lines_run_and_stop_at_the_first_failure(self):
        run = self.run_it(stdin="echo a\ngood-fail 4\necho b\n")
        self.assertEqual((run.code, run.out), (4, "a\n"), run)
        self.assertIn("lockstep: stdin:2: good-fail: it was asked to fail with 4.", run.err)

    def test_nothing_is_fine(self):
        run = self.run_it(stdin="")
        self.assertEqual((run.code, run.out, run.err), (0, "", ""))

    def test_run_dash(self):
        run = self.run_it("run", "-", stdin="echo a\nexpect x\n")
        self.assertEqual(run.code, 2, run)
        self.assertIn("stdin:2", run.err)

    def test_a_command_cannot_read_what_holds_the_commands(self):
        run = self.run_it(stdin="run -\necho a\n")
        self.assertEqual((run.code, run.out), (2, ""), run)
        self.assertIn("the commands come from there", run.err)

    def test_each_line_is_answered_as_it_comes(self):
        for words in ([], ["run", "-"]):
            child = subprocess.Popen([str(BUILD / "lockstep"), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     text=True, env=self.scratch.environment(**self.more))
            self.addCleanup(child.kill)
            for word in ("one", "two"):
                child.stdin.write(f"echo {word}\n")
                child.stdin.flush()
                self.assertTrue(select.select([child.stdout], [], [], 30)[0])
                self.assertEqual(child.stdout.readline(), word + "\n")
            child.stdin.write("quit\n")
            child.stdin.flush()
            self.assertEqual(child.wait(30), 0)
            child.stdin.close()
            child.stdout.close()

    def test_interrupt_and_termination(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            child = subprocess.Popen([str(BUILD / "lockstep"), "-e", "echo ready", "-e", "sleep 60", "-e", "echo never"],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.scratch.environment())
            self.assertEqual(child.stdout.readline(), "ready\n")
            child.send_signal(number)
            out, err = child.communicate(timeout=30)
            self.assertEqual((child.returncode, out), (130, ""), err)


class Prompt(Shell):
    def start(self, *words, **more):
        before = dict(os.environ)
        terminal = _Terminal(self.scratch.environment(**{**self.more, "TERM": "xterm", **more}), "--no-tui", *words)
        self.assertEqual(before, dict(os.environ))
        self.addCleanup(terminal.kill)
        return terminal

    def history(self):
        path = self.scratch.path / "xdg" / "state" / "lockstep" / "history"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        return path.read_text().splitlines()

    def test_commands_failures_and_the_end(self):
        t = self.start()
        t.expect(r"lockstep> $")
        t.type("echo one\r")
        t.expect(r"\none\n.*lockstep> $")
        t.type("good-fail 3\r")
        t.expect(r"asked to fail with 3\.\n  Next: do not ask\n.*lockstep> $")
        t.type("expect-error fail with 3\r")
        t.expect(r"lockstep> $")
        t.type("echo two \\\r")
        t.expect(r"> $")
        t.type("three\r")
        t.expect(r"\ntwo three\n.*lockstep> $")
        t.type("\x04")
        self.assertEqual(t.end(), 0)

    def test_termination_leaves_the_terminal_as_it_was(self):
        t = self.start()
        before = termios.tcgetattr(t.fd)
        t.expect(r"lockstep> $")
        os.kill(t.pid, signal.SIGTERM)
        self.assertEqual(t.end(), 130)
        self.assertTrue(before[3] & termios.ICANON)

    def test_continued_after_a_stop(self):
        t = self.start()
        t.expect(r"lockstep> $")
        t.type("echo ab")
        t.expect("echo ab$")
        raw = termios.tcgetattr(t.fd)
        self.assertFalse(raw[3] & termios.ICANON)
        cooked = list(raw)
        cooked[3] |= termios.ICANON | termios.ECHO
        os.kill(t.pid, signal.SIGSTOP)
        os.waitpid(t.pid, os.WUNTRACED)
        termios.tcsetattr(t.fd, termios.TCSANOW, cooked)  # as a shell would
        os.kill(t.pid, signal.SIGCONT)
        t.expect("echo ab$")
        t.type("c\r")
        t.expect(r"\nabc\n.*lockstep> $")
        t.type("quit\r")
        self.assertEqual(t.end(), 0)

    def test_quit(self):
        t = self.start()
        t.expect(r"lockstep> $")
        t.type("quit\r")
        self.assertEqual(t.end(), 0)

    def test_interrupt_drops_the_line_or_the_command_not_the_console(self):
        t = self.start()
        t.expect(r"lockstep> $")
        t.type("echo half")
        t.expect("echo half$")
        t.type("\x03")
        t.expect(r"\^C\n.*lockstep> $")
        t.type("sleep 60\r")
        t.expect(r"sleep 60\n")
        t.type("\x03")
        t.expect(r"interrupted\.\n.*lockstep> $")
        t.type("echo whole\r")
        t.expect(r"\nwhole\n.*lockstep> $")
        t.type("quit\r")
        self.assertEqual(t.end(), 0)

    def test_history_lasts_and_keeps_no_secret(self):
        t = self.start()
        t.expect(r"lockstep> $")
        lines = ["echo first", "good-secret me hunter2", "set password hunter2", "good-secret me hunter2 more",
                 "set port ws://u:hunter2@127.0.0.1:1/rpc", "set rpc-creds u:hunter2", "status --rpc-creds=u:hunter2",
                 'call Config.Set {"config":{"wifi":{"sta":{"pass":"hunter2"}}}}', "config-set wifi.ap.pass = hunter2",
                 """call FS.Put '{"filename":"a","data":"hunter2"}'""", """call X '{"p\\u0061ss":"hunter2"}'""",
                 "config-set wifi.ap.pass=hunter2", "attach ws://u:hunter2@/x@127.0.0.1:1/rpc", "echo last"]
        for line in lines:
            t.type(line + "\r")
            t.expect(r"lockstep> $")
        t.type("quit\r")
        self.assertEqual(t.end(), 0)
        self.assertEqual(self.history(), [
            "echo first", "good-secret me ${PASSWORD}", "set password ${VALUE}", "set port ws://${LOGIN}@127.0.0.1:1/rpc",
            "set rpc-creds ${VALUE}", "status --rpc-creds=${RPC_CREDS}", "call Config.Set ${JSON}", "call FS.Put ${JSON}", "call X ${JSON}",
            "config-set wifi.ap.pass=${WIFI_AP_PASS}", "attach ws://${LOGIN}@127.0.0.1:1/rpc", "echo last", "quit"])
        t = self.start()
        t.expect(r"lockstep> $")
        t.type("\x1b[A\x1b[A\r")
        t.expect(r"\nlast\n.*lockstep> $")
        t.type("\x12first\r")
        t.expect(r"\nfirst\n.*lockstep> $")
        t.type("quit\r")
        self.assertEqual(t.end(), 0)

    def test_completion(self):
        t = self.start()
        t.expect(r"lockstep> $")
        t.type("good-sa\t")
        t.expect("good-say $")
        t.type("x --col\t")
        t.expect("or=$")
        t.type("g\t")
        t.expect("green $")
        t.type("--slot=1\t\t")
        t.expect(r"--slot=15")
        t.type("\x03")
        t.expect(r"lockstep> $")
        self.scratch.file("my file.lks", "echo from file\n")
        for typed in ("include my\t", "include 'my f\t", "include my\\ fi\t"):
            t.type(typed)
            t.expect(r"file\.lks'? $")
            t.type("\r")
            t.expect(r"\nfrom file\n.*lockstep> $")
        t.type("quit\r")
        self.assertEqual(t.end(), 0)

    def test_the_gate_asks_on_the_terminal_of_the_prompt(self):
        t = self.start()
        t.expect(r"lockstep> $")
        t.type("good-lock --dry-run=false\r")
        t.expect(r"(?s)about to do.*four digits")
        t.type("0000\r")
        t.expect(r"lockstep> $")
        self.assertFalse(self.locked())
        t.type("good-lock --dry-run=false\r")
        t.expect(r"(?s)about to do.*four digits")
        t.type("f378\r")
        t.expect(r"Lock successful\.\n.*lockstep> $")
        self.assertTrue(self.locked())
        t.type("quit\r")
        self.assertEqual(t.end(), 0)


class WithDevice(Shell):
    def test_status(self):
        run = self.run_it("--port", "sim:", "status")
        self.assertEqual(run.code, 0, run)
        for word in ("Device            esp32_0A1B2C", "Platform          esp32", "Link              sim:"):
            self.assertIn(word, run.out)
        answer = json.loads(self.run_it("--port", "sim:", "--json", "status").out)
        self.assertEqual((answer["device"], answer["result"]["info"]["id"]), ("esp32_0A1B2C", "esp32_0A1B2C"))
        self.assertGreaterEqual(answer["result"]["counters"]["received"], 1)

    def test_status_fails_with_a_device_that_goes(self):
        for message, lines in ((1, 0), (2, 9)):
            run = self.run_it("--port", f"sim:?fault=power-msg:{message}", "status", "--timeout=2s")
            self.assertEqual((run.code, run.out.count("\n")), (3, lines), run)
            self.assertRegex(run.err, r"^lockstep: status: .*The connection was lost")

    def test_an_option_of_the_virtual_device_that_is_wrong_is_named(self):
        run = self.run_it("--port", "sim:?chip=zzz", "status")
        self.assertEqual((run.code, run.out), (3, ""), run)
        self.assertIn('--chip cannot be "zzz". It is one of: atecc508a, atecc608a, none.', run.err)

    def test_a_line_that_would_do_it_names_the_port(self):
        with Sim() as sim:
            run = self.run_it("--port", sim.ws, "atca-lock-zone", "config")
            self.assertEqual(run.code, 0, run)
            self.assertIn(f"To do it: lockstep --port {sim.ws} atca-lock-zone config --dry-run=false\n", run.out)
            self.assertNotIn("ATCA.LockZone", sim.methods())

    def test_an_interrupt_leaves_no_virtual_device_behind(self):
        child = subprocess.Popen([str(BUILD / "lockstep"), "--port", "sim:", "-e", "status", "-e", "sleep 60"], text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.scratch.environment())
        while not child.stdout.readline().startswith("Link"):
            pass
        children = pathlib.Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
        self.assertEqual(len(children), 1)
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=30)
        self.assertEqual(child.returncode, 130)
        self.assertFalse(pathlib.Path(f"/proc/{children[0]}").exists())

    def test_attach_and_detach(self):
        with Sim() as one, Sim() as two:
            run = self.run_file(f"""
attach {one.ws}
status
expect {one.ws}
detach
attach {two.pty}
status
expect {two.pty}
status --port {one.http}
expect {one.http}
detach
detach
expect-error no device is attached
""")
            self.assertEqual(run.code, 0, run)

    def test_after_a_failed_attach_or_detach_no_device_is_touched(self):
        with Sim() as sim:
            bad = "ws://user:Secr17@127.0.0.1:1/rpc"
            run = self.run_file(f"on-error continue\nattach {bad}\ncall Sys.Reboot\natca-lock-zone config\n",
                                "--port", sim.ws)
            self.assertEqual((run.code, run.out), (3, ""), run)
            self.assertEqual(run.err.count("no device is attached: the last attach to ws://${LOGIN}@127.0.0.1:1/rpc "
                                           "did not succeed"), 2, run)
            self.assertNotIn("Secr17", run.err)
            self.assertNotIn("Sys.Reboot", sim.methods())
            run = self.run_it("--port", sim.ws, stdin="status\ndetach\nstatus\n")
            self.assertEqual(run.code, 3, run)
            self.assertIn("stdin:3: status: no device is attached: detach closed the port.", run.err)
            self.scratch.file("inner.lks", f"attach {bad}\n")
            run = self.run_file("run inner.lks\nexpect-error refused\nstatus\nexpect-error no device is attached", "--port", sim.ws)
            self.assertEqual((run.code, run.out), (0, ""), run)
            for line in (f"status --port {sim.ws}", "attach", f"set port {sim.ws}"):
                run = self.run_file(f"attach\ndetach\n{line}\nstatus\nexpect {sim.ws}\n", "--port", sim.ws)
                self.assertEqual(run.code, 0, run)

    def test_console(self):
        with Sim() as sim:
            child = subprocess.Popen([str(BUILD / "lockstep"), "--port", sim.pty, "console", "--timestamp"], text=True,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     env=self.scratch.environment())
            self.assertIn("Ctrl-C ends it", child.stderr.readline())
            self.run_it("--port", sim.ws, "call", "Sys.Reboot")
            while not re.search("mgos_init", line := child.stdout.readline()):
                self.assertRegex(line, r"^\d\d:\d\d:\d\d\.\d{3}  ")
            self.assertNotRegex(line, r"\x1b|\\x1b|\[0;32m")  # colours are neither obeyed nor shown
            child.send_signal(signal.SIGINT)
            self.assertEqual(child.wait(30), 130)
            self.assertIn("ended by Ctrl-C", child.communicate()[1])

    def test_console_ends_with_standard_input(self):
        with Sim() as sim:
            run = self.run_it("console", "--port", sim.pty)
            self.assertEqual(run.code, 0, run)
            run = self.run_it("console", "--port", sim.pty, "--json")
            self.assertIsInstance(json.loads(run.out)["result"]["lines"], list)

    def test_console_in_the_prompt(self):
        with Sim() as sim:
            t = _Terminal(self.scratch.environment(**self.more, TERM="xterm"), "--no-tui", "--port", sim.pty)
            self.addCleanup(t.kill)
            t.expect(r"lockstep> $")
            t.type("console\r")
            t.expect(r"Ctrl-C ends it")
            self.run_it("--port", sim.ws, "call", "Sys.Reboot")
            t.expect(r"mgos_init")
            t.type("\x03")
            t.expect(r"(?s)ended by Ctrl-C\.\n.*> $")
            t.type("quit\r")
            self.assertEqual(t.end(), 0)

    def test_log_lines_at_the_prompt(self):
        with Sim() as sim:
            t = _Terminal(self.scratch.environment(**self.more, TERM="xterm"), "--no-tui", "--port", sim.pty)
            self.addCleanup(t.kill)
            t.expect(r"lockstep> $")
            t.type("set log on\r")
            t.expect(r"lockstep> $")
            t.type("status\r")
            t.expect(r"esp32_0A1B2C> $")
            t.type("half a li")
            t.expect("half a li$")
            self.run_it("--port", sim.ws, "call", "Sys.Reboot")
            t.expect(r"(?s)mgos_init.*Init done[^\n]*\n[^\n]*esp32_0A1B2C> half a li$")
            t.type("\x03")
            t.expect(r"\^C\n.*esp32_0A1B2C> $")
            t.type("set log off\r")
            t.expect(r"esp32_0A1B2C> $")
            t.type("log 1\r")
            t.expect(r"(?<!m)mgos_init[^\n]*Init done[^\n]*\n.*esp32_0A1B2C> $")
            t.type("quit\r")
            self.assertEqual(t.end(), 0)

    def test_live_completion(self):
        with Sim() as sim:
            (sim.state / "fs" / "unmistakable.txt").write_text("x")
            t = _Terminal(self.scratch.environment(**self.more, TERM="xterm"), "--no-tui", "--port", sim.ws)
            self.addCleanup(t.kill)
            t.expect(r"lockstep> $")
            t.type("attach\r")
            t.expect(r"attached to .*\n.*lockstep> $")
            t.type("rm unmis\t")
            t.expect(r"rm unmistakable\.txt $")
            t.type("\x03")
            t.expect(r"\^C\n.*> $")
            t.type("call Sys.GetI\t")
            t.expect(r"call Sys\.GetInfo $")
            t.type("\x03")
            t.expect(r"\^C\n.*> $")
            t.type("config-get htt\t.list\t")
            t.expect(r"config-get http\.listen_addr $")
            t.type("\x03")
            t.expect(r"\^C\n.*> $")
            t.type("config-set htt\tlist\t")
            t.expect(r"config-set http\.listen_addr=$")
            t.type("\x03")
            t.expect(r"\^C\n.*> $")
            t.type("quit\r")
            self.assertEqual(t.end(), 0)

    def test_a_lost_link_is_told_and_opened_again(self):
        sim = Sim()
        with sim:
            t = _Terminal(self.scratch.environment(**self.more, TERM="xterm"), "--no-tui", "--port", sim.ws)
            self.addCleanup(t.kill)
            t.expect(r"lockstep> $")
            t.type("status\r")
            t.expect(r"esp32_0A1B2C> $")
            port = sim.http_port
            sim.stop()
            t.expect(r"the link is lost: .*\n.*> $")
            t.type("status --timeout 1s\r")
            t.expect(r"(?s)\nlockstep: status: .*\nesp32_0A1B2C> $")
            sim.words[sim.words.index("--http") + 1] = str(port)
            sim.start()
            t.type("status\r")
            t.expect(r"(?s)Device +esp32_0A1B2C.*esp32_0A1B2C> $")
            t.type("quit\r")
            self.assertEqual(t.end(), 0)


    def test_another_device_after_a_loss_is_refused(self):
        one = Sim()
        with one:
            t = _Terminal(self.scratch.environment(**self.more, TERM="xterm"), "--no-tui", "--port", one.ws)
            self.addCleanup(t.kill)
            t.expect(r"lockstep> $")
            t.type("status\r")
            t.expect(r"esp32_0A1B2C> $")
            one.stop()
            t.expect(r"the link is lost: .*\n.*> $")
            with Sim(http=False, options=["--http", str(one.http_port), "--platform", "esp8266"]):
                t.type("status\r")
                t.expect(r"(?s)another device answers at this port now: .*lockstep> $")
                t.type("status\r")
                t.expect(r"(?s)Platform +esp8266.*esp8266_\w+> $")
                t.type("quit\r")
                self.assertEqual(t.end(), 0)


class _Terminal:
    """lockstep on a terminal, read with a pattern at a time: what was matched is gone."""

    def __init__(self, environment, *words):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(environment["HOME"])
                os.execve(str(BUILD / "lockstep"), ["lockstep", *map(str, words)], environment)
            finally:
                os._exit(127)  # never a second run of the tests
        self.text = ""

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            raise AssertionError(f"nothing more came; so far: {self.text!r}")
        try:
            return os.read(self.fd, 65536).decode(errors="replace")
        except OSError:
            return ""

    def expect(self, pattern):
        """Reads until the text, without what only moves the cursor or switches modes, matches."""
        while True:
            plain = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]|[\x07\r]", "", self.text)
            if re.search(pattern, plain):
                self.text = ""
                return
            piece = self.read(30)
            if not piece:
                raise AssertionError(f"the program ended; {pattern!r} is not in {self.text!r}")
            self.text += piece

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def end(self):
        while piece := self.read(30):
            self.text += piece
        pid, self.pid = self.pid, None
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def kill(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


if __name__ == "__main__":
    unittest.main()
