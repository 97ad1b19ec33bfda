"""The console as a whole: its screens as text, real sessions in tmux, the gate, signals, a lost link, and a monkey.

Golden screens lie in tests/data/screens, one file a lock state, size and character set, with every view in it. What a clock or
a stopwatch writes is masked. LOCKSTEP_UPDATE_SCREENS=1 writes them anew: read the difference before it is kept.
"""
import fcntl
import os
import pathlib
import pty
import random
import re
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest

import lab

SCREENS = lab.ROOT / "tests" / "data" / "screens"
PATIENCE = 40
VIEWS = ["overview", "chip", "zones", "slots", "config", "files", "log"]
# what the clock says, and what differs from run to run
MASKS = [(r"\d\d:\d\d:\d\d", "HH:MM:SS"), (r"just started|up (less than )?\d+ m?s\b", "up T"), (r"read (less than )?\d+ s ago", "read T ago"),
         (r"RAM \d{3} of (\d+) KB \(low \d{3}\)", r"RAM ### of \1 KB (low ###)")]
CHANGES_CHIP = {"ATCA.LockZone", "ATCA.SetConfig", "ATCA.SetKey", "ATCA.GenKey"}


def masked(screen):
    lines = screen.splitlines()
    for pattern, mask in MASKS:
        lines = [re.sub(pattern, mask, line) for line in lines]
    return "\n".join(squeezed(line) for line in lines) + "\n"


def squeezed(line):
    """Only lines that hold a mask lose their padding, which depends on what was masked."""
    if not any(mark in line for mark in ("HH:MM:SS", "up T", "read T ago")):
        return line
    return re.sub(r"(─|-|=){3,}", r"\1\1\1", re.sub(r" {2,}", "  ", line))


class Console:
    """lockstep on a terminal of its own, with the terminal's settings to look at afterwards."""

    def __init__(self, scratch, *words, size=(30, 100), env=None):
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        environment = scratch.environment(**{"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "EDITOR": "true", **(env or {})})
        self.child = subprocess.Popen([lab.program("lockstep"), *map(str, words)], stdin=self.slave, stdout=self.slave,
                                      stderr=self.slave, env=environment, cwd=scratch.path, start_new_session=True,
                                      preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.bytes = b""

    def pump(self, seconds):
        end = time.monotonic() + seconds
        while select.select([self.master], [], [], max(0, end - time.monotonic()))[0]:
            try:
                self.bytes += os.read(self.master, 65536)
            except OSError:
                return

    def wait_for(self, text, since=0):
        """Until the bytes written since then hold the text; a redraw may split it, so it had better be short."""
        end = time.monotonic() + PATIENCE
        while text.encode() not in self.bytes[since:]:
            if time.monotonic() > end or self.child.poll() is not None:
                raise AssertionError(f"{text!r} did not appear in {self.bytes[since:][-3000:]!r}")
            self.pump(0.05)
        return len(self.bytes)

    def type(self, keys):
        os.write(self.master, keys.encode())

    def type_slowly(self, keys):
        for key in keys:
            self.pump(0.04)
            self.type(key)

    def end(self, seconds=PATIENCE):
        """The exit status, when it has ended by itself."""
        end = time.monotonic() + seconds
        while self.child.poll() is None and time.monotonic() < end:
            self.pump(0.05)
        self.pump(0.05)
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
            raise AssertionError(f"the console did not end: {self.bytes[-2000:]!r}")
        return self.child.returncode

    def settings(self):
        return termios.tcgetattr(self.slave)

    def close(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        os.close(self.master)
        os.close(self.slave)


class ConsoleCase(unittest.TestCase):
    def setUp(self):
        self.scratch = lab.Scratch()
        self.addCleanup(self.scratch.remove)

    def console(self, *words, **options):
        console = Console(self.scratch, *words, **options)
        self.addCleanup(console.close)
        return console

    def run_keys(self, script, *words, size=None, seconds=PATIENCE, **options):
        """A run with a key script; its exit status and the last it wrote."""
        keys = self.scratch.file("keys.txt", script)
        more = ["--screen-size", size] if size else []
        console = self.console("--keys", keys, *more, *words, **options)
        code = console.end(seconds)
        return code, console


def chip_in(state, folder, scratch):
    """A virtual device's folder with its chip in that state."""
    steps = {"open": [], "config": ["config"], "both": ["config", "data"]}[state]
    port = f"sim:{folder}"
    really = ["--dry-run=false", "--confirm", lab.SERIAL]
    if steps:
        lines = [["atca-set-config", lab.SAMPLE["atecc508a"], *really]] + [["atca-lock-zone", zone, *really] for zone in steps]
        for line in lines:
            done = lab.lockstep(scratch, *line, port=port)
            if done.code != 0:
                raise AssertionError(repr(done))
    lab.lockstep(scratch, "put", scratch.file("init.js", b"print('hello');\n"), port=port)


class GoldenScreens(ConsoleCase):
    """Every view, in every lock state, at three sizes, with line art and without."""
    maxDiff = None

    def take(self, size, ascii_only):
        script = ["settle"]
        for number, view in enumerate(VIEWS, 1):
            script += [str(number), "settle"]
            script += ["&mgos_init<Enter>"] if view == "log" else []
            script += [f"save {self.scratch.path}/{view}.txt"]
        script += ["q"]
        code, console = self.run_keys("\n".join(script) + "\n", "--port", "sim:device", *(["--ascii"] if ascii_only else []), size=size)
        self.assertEqual(code, 0, console.bytes[-2000:])
        return "".join(f"=== {view}\n{masked((self.scratch.path / f'{view}.txt').read_text())}" for view in VIEWS)

    def check(self, state):
        folder = self.scratch.path / "device"
        chip_in(state, folder, self.scratch)
        for size in ("80x24", "120x40", "200x60"):
            for letters in ("utf8", "ascii"):
                for view in VIEWS:
                    (self.scratch.path / f"{view}.txt").unlink(missing_ok=True)
                seen = self.take(size, letters == "ascii")
                golden = SCREENS / f"{state}-{size}-{letters}.txt"
                if os.environ.get("LOCKSTEP_UPDATE_SCREENS"):
                    SCREENS.mkdir(parents=True, exist_ok=True)
                    golden.write_text(seen)
                with self.subTest(state=state, size=size, letters=letters):
                    self.assertEqual(golden.read_text(), seen)
                    if letters == "ascii":
                        self.assertTrue(seen.isascii())

    def test_open(self):
        self.check("open")

    def test_config_locked(self):
        self.check("config")

    def test_both_locked(self):
        self.check("both")


class Gate(ConsoleCase):
    """Nothing typed before the panel was drawn, and no paste, is consent."""

    LINE = "atca-lock-zone config --dry-run=false"

    def begin(self):
        self.sim = lab.Sim(http=False).start()
        self.addCleanup(self.sim.stop)
        console = self.console("--port", self.sim.pty, size=(40, 120))
        console.wait_for("f378")
        console.type(f":{self.LINE}\r")
        console.wait_for("read-only for")  # read-only until it is
        self.assertEqual(self.locks(), 0)
        console.type("arm\r")
        console.wait_for("LIVE")
        return console

    def locks(self):
        return self.sim.methods().count("ATCA.LockZone")

    def test_typed_ahead(self):
        console = self.begin()
        console.type(f"{self.LINE}\rf378\r")
        console.wait_for("____")
        console.pump(1.5)
        self.assertEqual(self.locks(), 0)
        console.type("\x1b")
        console.wait_for("left with Esc")
        self.assertEqual(self.locks(), 0)

    def test_pasted(self):
        console = self.begin()
        console.type(f"{self.LINE}\r")
        console.wait_for("____")
        console.pump(0.6)
        console.type("f378\r")
        console.wait_for("faster")
        console.type("\x1b[200~f378\x1b[201~\r")
        console.pump(0.6)
        self.assertEqual(self.locks(), 0)

    def test_wrong_then_right(self):
        console = self.begin()
        console.type(f"{self.LINE}\r")
        console.wait_for("____")
        console.pump(0.6)
        console.type_slowly("f379\r")
        mark = console.wait_for("not what the question asked for")
        self.assertEqual(self.locks(), 0)
        console.type(f"{self.LINE}\r")
        console.wait_for("____", mark)
        console.pump(0.6)
        console.type_slowly("f378\r")
        console.wait_for("LockZone successful", mark)
        self.assertEqual(self.locks(), 1)
        question = console.bytes.decode(errors="replace")
        self.assertNotIn("f378 to", question)

    def test_interrupted(self):
        console = self.begin()
        console.type(f"{self.LINE}\r")
        console.wait_for("____")
        console.pump(0.6)
        console.type("\x03")
        console.wait_for("left with Ctrl-C")
        self.assertEqual(self.locks(), 0)


class Signals(ConsoleCase):
    """Whatever ends the console, the terminal is as it was."""

    def begin(self):
        console = self.console("--port", "sim:")
        console.wait_for("attached")
        self.assertNotEqual(console.settings(), console.before)
        return console

    def assert_restored(self, console):
        self.assertEqual(console.settings(), console.before)
        for sequence in (b"\x1b[?1049h", b"\x1b[?2004h"):
            self.assertGreater(console.bytes.rfind(sequence.replace(b"h", b"l")), console.bytes.rfind(sequence))

    def test_quit(self):
        console = self.begin()
        console.type("q")
        self.assertEqual(console.end(), 0)
        self.assert_restored(console)

    def test_terminated(self):
        console = self.begin()
        console.child.send_signal(signal.SIGTERM)
        self.assertEqual(console.end(), 130)
        self.assert_restored(console)

    def test_crash(self):
        for number in (signal.SIGSEGV, signal.SIGABRT):
            console = self.begin()
            console.child.send_signal(number)
            self.assertEqual(console.end(), -number)
            self.assert_restored(console)

    def test_terminal_gone(self):
        console = self.begin()
        os.close(console.slave)
        os.close(console.master)
        console.master, console.slave = pty.openpty()
        self.assertIsNotNone(console.child.wait(PATIENCE))

    def test_resize(self):
        console = self.begin()
        mark = len(console.bytes)
        fcntl.ioctl(console.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 60, 0, 0))
        console.child.send_signal(signal.SIGWINCH)
        mark = console.wait_for("needs 80 columns", mark)
        fcntl.ioctl(console.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 130, 0, 0))
        console.child.send_signal(signal.SIGWINCH)
        console.wait_for("overview", mark)
        console.type("q")
        self.assertEqual(console.end(), 0)


class Link(ConsoleCase):
    def test_lost_and_back(self):
        path = self.scratch.path / "uart"
        state = self.scratch.path / "device"
        sim = lab.Sim(state=state, http=False, options=["--pty", path]).start()
        self.addCleanup(lambda: sim.stop())
        console = self.console("--port", path)
        console.wait_for("0A1B2C")
        sim.stop()
        mark = console.wait_for("the link is lost")
        console.pump(1.5)
        sim.start()
        console.wait_for("The link is back", mark)
        console.wait_for("same device", mark)
        console.type("q")
        self.assertEqual(console.end(), 0)

    def test_another_device(self):
        """Nothing typed, so no command has asked who the device is: the console knows all the same."""
        path = self.scratch.path / "uart"
        one = lab.Sim(state=self.scratch.path / "one", http=False, options=["--pty", path]).start()
        self.addCleanup(lambda: one.stop())
        console = self.console("--port", path, size=(40, 120))
        console.wait_for("0A1B2C")
        console.wait_for("open config")
        console.pump(1)
        one.stop()
        mark = console.wait_for("the link is lost")
        two = lab.Sim(state=self.scratch.path / "two", http=False, options=["--pty", path, "--platform", "esp8266"]).start()
        self.addCleanup(lambda: two.stop())
        console.wait_for("another device answers at this port now", mark)
        console.wait_for("5CCF7F0A1B2C", mark)
        console.wait_for("No device is attached.", mark)
        console.type(f":save-screen {self.scratch.path}/dropped.txt\r")
        console.wait_for("dropped.txt", mark)
        mark = len(console.bytes)
        console.type(f"attach {path}\r")
        console.wait_for("esp8266_0A1B2C", mark)
        console.type(f":save-screen {self.scratch.path}/new.txt\r")
        console.wait_for("new.txt", mark)
        console.type("\x1b")
        console.pump(0.3)  # a lone Esc is told from a longer key by time
        console.type("q")
        self.assertEqual(console.end(), 0)
        self.assertNotIn("esp32_0A1B2C", (self.scratch.path / "dropped.txt").read_text())
        self.assertIn("esp8266_0A1B2C", (self.scratch.path / "new.txt").read_text())

    def test_no_device(self):
        console = self.console("--port", self.scratch.path / "nothing")
        console.wait_for("nothing")
        console.wait_for("no device attached")
        console.type("q")
        self.assertEqual(console.end(), 0)


class Mouse(ConsoleCase):
    """The wheel and clicks as a terminal sends them (SGR), at places found on the screen itself."""
    LEFT, WHEEL_UP, WHEEL_DOWN = 0, 64, 65

    def begin(self, *words):
        console = self.console("--port", "sim:", *words)
        console.wait_for("open config")
        self.shots = 0
        return console

    def screen(self, console):
        """The screen as the console saves it; typed as a command, then back to the view."""
        self.shots += 1
        path = self.scratch.path / f"shot{self.shots}.txt"
        console.type(f":save-screen {path}\r")
        end = time.monotonic() + PATIENCE
        while not (path.exists() and path.read_text().endswith("\n")):
            self.assertLess(time.monotonic(), end, console.bytes[-2000:])
            console.pump(0.05)
        console.type("\x1b")
        console.pump(0.3)  # a lone Esc is told from a longer key by time
        return path.read_text()

    def press(self, console, screen, text, button=0):
        row = next(i for i, line in enumerate(screen.splitlines()) if text in line)
        column = screen.splitlines()[row].index(text) + len(text) // 2
        release = "" if button >= self.WHEEL_UP else f"\x1b[<{button};{column + 1};{row + 1}m"  # a wheel has none
        console.type(f"\x1b[<{button};{column + 1};{row + 1}M{release}")
        console.pump(0.3)

    def cursor(self, screen):
        return re.search(r"▸ +(\S+)", screen)[1]

    def test_clicks_and_wheel(self):
        console = self.begin()
        screen = self.screen(console)
        self.press(console, screen, "4 slots")
        screen = self.screen(console)
        self.assertRegex(screen, r"4 slots +◀")
        self.assertEqual(self.cursor(screen), "0")
        row = next(line for line in screen.splitlines() if re.search(r"││ +5 ", line))
        self.press(console, screen, row[row.rindex("││"):][:40])
        screen = self.screen(console)
        self.assertEqual(self.cursor(screen), "5")
        self.press(console, screen, "┌ slots", self.WHEEL_DOWN)
        screen = self.screen(console)
        self.assertEqual(self.cursor(screen), "8")
        self.press(console, screen, "┌ slots", self.WHEEL_UP)
        screen = self.screen(console)
        self.assertEqual(self.cursor(screen), "5")
        console.type("w")  # as screen() does, but the view keeps the keys: the last line shows its hints
        console.wait_for("lockstep-slots-")
        console.pump(0.5)
        screen = next(self.scratch.path.glob("lockstep-slots-*.txt")).read_text()
        self.press(console, screen, "Enter details")
        console.wait_for("SlotConfig")
        self.press(console, screen, "┌ views")  # anywhere beside it closes it
        self.press(console, screen, "? help")
        mark = console.wait_for("In this view")
        console.type("\x1b")
        console.pump(0.3)
        self.press(console, screen, "q quit")
        self.assertEqual(console.end(), 0)
        self.assertGreater(mark, 0)

    def test_switched_off(self):
        console = self.begin("--mouse=false")
        self.assertNotIn(b"1000h", console.bytes)
        mark = len(console.bytes)
        console.type("\x1b[20~")  # F9
        console.wait_for("1000h", mark)
        screen = self.screen(console)
        self.press(console, screen, "4 slots")
        self.assertRegex(self.screen(console), r"4 slots +◀")


class Keys(ConsoleCase):
    """What keys do, told by the screens they lead to."""

    def screens(self, script, *names, **options):
        for name in names:
            script = script.replace(f"save {name}", f"save {self.scratch.path}/{name}.txt")
        code, console = self.run_keys(script, "--port", "sim:", size="100x30", **options)
        self.assertEqual(code, 0, console.bytes[-1500:])
        return [(self.scratch.path / f"{name}.txt").read_text() for name in names]

    def test_help_lists_keys_and_commands(self):
        help_text, closed = self.screens("settle\n4\n?\nsave help\n<Esc>\nsave closed\nq\n", "help", "closed")
        for words in ("In this view: slots", "atca-get-pub-key", "save-screen FILE", "view NAME"):
            self.assertIn(words, help_text)
        self.assertNotIn("save-screen FILE", closed)

    def test_key_runs_its_command_line(self):
        [seen] = self.screens("settle\n3\nl\nsettle\n<F6>\nsave seen\nq\n", "seen")
        self.assertIn("atca-lock-zone config", seen)

    def test_search_filter_sort(self):
        found, filtered, everything, by = self.screens(
            "settle\n5\nsettle\n/auth_file<Enter>\nsave found\n&ssl<Enter>\nsave filtered\n<Esc>\n<Home>\nsave all\ns\nsave by\nq\n",
            "found", "filtered", "all", "by")
        self.assertRegex(found, r"▸ http\.auth_file")
        self.assertIn('only "ssl"', filtered)
        self.assertNotIn("http.enable", filtered)
        self.assertIn("http.ssl_cert", filtered)
        self.assertIn("http.enable", everything)
        self.assertIn("by key", by)

    def test_typing_goes_to_the_command_line(self):
        typed, back = self.screens("settle\necho hello wörld<Left><Left>\nsave typed\n<Enter>\nsettle\n<Esc>\nsave back\nq\n", "typed", "back")
        self.assertIn("> echo hello wörld", typed)
        self.assertRegex(back, r"│ hello wörld")
        self.assertIn("1-7 view", back)

    def test_long_line_and_history(self):
        line = "echo " + "x" * 200
        long, again = self.screens(f"settle\n:{line}\nsave long\n<Enter>\nsettle\n<C-r>echo x\nsave again\n<C-g><Esc>\nq\n", "long", "again")
        self.assertIn("◀", long)
        self.assertIn("(reverse-i-search)`echo x'", again)

    def test_completion_list(self):
        [seen] = self.screens("settle\n:atca-g<Tab>\nsave seen\n<C-c><Esc>\nq\n", "seen")
        self.assertRegex(seen, r"atca-gen-key +atca-get-config")

    def test_queue_of_pasted_lines(self):
        [seen] = self.screens("settle\n<PasteOn>echo one<Enter>echo two<Enter>echo three<Enter><PasteOff>\nsettle\n<F6>\nsave seen\n<Esc>\nq\n", "seen")
        self.assertLess(seen.index("│ one"), seen.index("│ two"))
        self.assertLess(seen.index("│ two"), seen.index("│ three"))

    def test_too_small_and_back(self):
        small, large = self.screens("settle\n3\nresize 79x24\nsave small\nresize 100x30\nsave large\nq\n", "small", "large")
        self.assertIn("lockstep needs 80 columns and 24 rows", small)
        self.assertIn("A locked zone can never be opened again", large)

    def test_view_of_a_plugin(self):
        """It is listed behind the console's own, drawn, searched, and its key runs its command line."""
        plugins = self.scratch.path / "plugins"
        plugins.mkdir()
        (plugins / "view.so").symlink_to(pathlib.Path(lab.program("lockstep")).parent / "tests" / "support" / "plugin_view.so")
        seen, detail, said = self.screens("settle\n8\nsettle\nsave seen\n<Down><Enter>\nsave detail\n<Esc>b\nsettle\nsave said\nq\n",
                                          "seen", "detail", "said", env={"LOCKSTEP_PLUGIN_PATH": str(plugins)})
        self.assertRegex(seen, r"8 badge +◀")
        self.assertRegex(seen, r"▸ name +esp32_0A1B2C")
        self.assertIn("1-8 view", seen)
        self.assertIn("b say it", seen)
        self.assertIn("A plugin's view is left out: zones is there already.", seen)
        self.assertIn("The badge says its firmware.", detail)
        self.assertIn("the badge of firmware", said)

    def test_no_colour(self):
        code, console = self.run_keys("settle\n2\nsettle\nq\n", "--port", "sim:", size="100x30", env={"NO_COLOR": "1"})
        self.assertEqual(code, 0)
        self.assertIsNone(re.search(rb"\x1b\[[0-9;]*(3[0-9]|4[0-9])(;[0-9;]*)?m", console.bytes))

    def test_edit_a_file(self):
        """The editor here is sed; what it changed is on the device, and read back."""
        self.scratch.file("note.txt", b"one\n")
        [seen] = self.screens("settle\n:put note.txt<Enter>\nsettle\n:edit note.txt<Enter>\nsettle\nget note.txt<Enter>\nsettle\n<F6>\nsave seen\n<Esc>\nq\n",
                              "seen", env={"EDITOR": "sed -i s/one/two/"})
        self.assertRegex(seen, r"│ two ")

    def test_terminals(self):
        for term in ("xterm-256color", "xterm", "screen", "tmux-256color", "linux", "vt100"):
            with self.subTest(term=term):
                code, console = self.run_keys("settle\n4\nsettle\nq\n", "--port", "sim:",
                                              env={"TERM": term, "ASAN_OPTIONS": "detect_leaks=0"})  # curses loads libgpm for some, which leaks
                self.assertEqual(code, 0, console.bytes[-500:])

    def test_themes(self):
        for theme in ("default", "light", "high-contrast", "mono", "solarized"):
            code, console = self.run_keys("settle\n2\nsettle\nq\n", "--port", "sim:", "--theme", lab.ROOT / "themes" / f"{theme}.theme", size="100x30")
            self.assertEqual(code, 0)
            self.assertNotIn(b"there is no theme", console.bytes)


@unittest.skipUnless(shutil.which("tmux"), "tmux is not installed")
class Tmux(ConsoleCase):
    """A person's session in a real terminal multiplexer, with a shell around it."""

    def tmux(self, *words):
        return subprocess.run(["tmux", "-S", str(self.socket), *words], capture_output=True, text=True, timeout=PATIENCE).stdout

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def wait_for(self, text):
        end = time.monotonic() + PATIENCE
        while text not in self.screen():
            if time.monotonic() > end:
                raise AssertionError(f"{text!r} did not appear:\n{self.screen()}")
            time.sleep(0.05)

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def setUp(self):
        super().setUp()
        self.socket = pathlib.Path(tempfile.mkdtemp(prefix="lockstep-tmux-")) / "s"
        environment = self.scratch.environment(LC_ALL="C.UTF-8", PS1="shell$ ", EDITOR="true")
        environment.pop("TERM")
        subprocess.run(["tmux", "-S", str(self.socket), "-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "30",
                        "bash", "--norc", "-i"], env=dict(environment, TERM="xterm-256color"), cwd=self.scratch.path, timeout=PATIENCE)
        self.addCleanup(shutil.rmtree, self.socket.parent, True)
        self.addCleanup(self.tmux, "kill-server")
        self.wait_for("shell$")

    def test_a_first_visit(self):
        """By on-screen hints alone: the lock state, slot 0's policy, a dry run of a lock, an upload, and out."""
        self.scratch.file("hello.txt", b"hello\n")
        self.keys(f"{lab.program('lockstep')} --port sim:", "Enter")
        self.wait_for("○ open config")
        self.keys("4")
        self.wait_for("ECC P-256 private")
        self.keys("Enter")
        self.wait_for("SlotConfig")
        self.keys("Escape")
        self.wait_for("1-7 view")
        self.keys("3")
        self.wait_for("l plan lock")
        self.keys("l")
        self.wait_for("To do it:")
        self.keys("6")
        self.wait_for("u upload")
        self.keys("u")
        self.keys("hello.txt", "Enter")
        self.wait_for("hello.txt  ")
        self.keys("q")
        self.wait_for("shell$")
        self.assertNotIn("views", self.screen())

    def test_suspend_and_resume(self):
        self.keys(f"{lab.program('lockstep')} --port sim:", "Enter")
        self.wait_for("○ open config")
        self.keys("3")
        self.wait_for("A locked zone")
        self.keys("C-z")
        self.wait_for("Stopped")
        self.tmux("resize-window", "-x", "120", "-y", "40")
        self.keys("fg", "Enter")
        self.wait_for("A locked zone")
        self.keys("q")
        self.wait_for("shell$")

    def test_resize_live(self):
        self.keys(f"{lab.program('lockstep')} --port sim:", "Enter")
        self.wait_for("○ open config")
        for cols, rows in ((80, 24), (140, 50), (60, 20), (100, 30)):
            self.tmux("resize-window", "-x", str(cols), "-y", str(rows))
            self.wait_for("overview" if cols >= 80 else "needs 80 columns")
        self.keys("q")
        self.wait_for("shell$")


class Monkey(ConsoleCase):
    """Ten thousand keys and resizes at random: it lives, and nothing that can't be undone was sent."""
    KEYS = (list("abcdefghijklmnoprstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/&?[]{}()'\"\\$#=-_.,;!@%^*+|~` ") +
            ["<lt>", "<Enter>", "<Esc>", "<Tab>", "<Up>", "<Down>", "<Left>", "<Right>", "<PageUp>", "<PageDown>", "<Home>", "<End>",
             "<Delete>", "<Backspace>", "<BackTab>", "<F1>", "<F6>", "<F9>", "<C-a>", "<C-e>", "<C-k>", "<C-r>", "<C-g>", "<C-l>", "<C-c>",
             "<C-u>", "<C-w>", "<C-y>", "<C-x>", "<C-t>", "<M-b>", "<M-f>", "<M-d>", "<M-.>", "<C-_>", "<C-q>", "<C-s>", "<PasteOn>", "<PasteOff>",
             "é", "日", "<S-Up>", "<S-Down>"])

    def test_ten_thousand(self):
        chance = random.Random(608508)
        lines = ["settle"]
        for _ in range(1000):
            lines.append("".join(chance.choice(self.KEYS) for _ in range(10)))
            if lines[-1].startswith("#") or re.match(r"(wait |settle|resize |save )", lines[-1]):
                lines[-1] = "<Esc>" + lines[-1]
            if chance.random() < 0.05:
                lines.append(f"resize {chance.randint(1, 220)}x{chance.randint(1, 70)}")
        lines += ["<PasteOff>", "resize 100x30", "<C-c><Esc><Esc><Esc>", "settle", "<Esc><Esc><C-c><Esc>", "settle", "save last.txt", "<Esc>q"]
        # readline itself loses a few bytes of what an interrupted search or key had begun
        leaks = self.scratch.file("leaks", "leak:libreadline\n")
        with lab.Sim(http=False) as sim:
            code, console = self.run_keys("\n".join(lines) + "\n", "--port", sim.pty, size="100x30", seconds=240,
                                          env={"LSAN_OPTIONS": f"suppressions={leaks}:print_suppressions=0"})
            self.assertEqual(code, 0, console.bytes[-3000:])
            self.assertFalse(CHANGES_CHIP & set(sim.methods()))
            self.assertGreater(len(sim.methods()), 3)
        self.assertIn("views", (self.scratch.path / "last.txt").read_text())


if __name__ == "__main__":
    unittest.main()
