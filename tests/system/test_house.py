"""The house rules that a compiler does not check: floors, exits, sizes, words."""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

ROOT = pathlib.Path(os.environ.get("LOCKSTEP_ROOT", pathlib.Path(__file__).resolve().parents[2]))

# Room -> floor (doc/architecture.md). Rooms of one floor do not see each other, except through a floor below.
FLOORS = {"base": 0, "codec": 1, "link": 1, "pki": 1, "rpc": 2, "rom": 2, "device": 3, "gate": 4, "shell": 5, "wizard": 5,
          "plugins": 6, "views": 6, "tui": 7, "main": 8}
SIM_MAY = {"base", "codec", "link", "pki", "sim"}


def sources():
    for folder in ("src", "plugins", "views"):
        for path in sorted((ROOT / folder).rglob("*.[ch]")):
            yield path


def room_of(path):
    parts = path.relative_to(ROOT).parts
    if parts[0] in ("plugins", "views"):
        return parts[0]
    return "main" if len(parts) == 2 else parts[1]


def includes(text):
    return re.findall(r'^\s*#\s*include\s+"([^"]+)"', text, re.M)


def violations(room, own_folder, included):
    """What is wrong with one #include line of a file in `room`, or None."""
    target = included.split("/")[0] if "/" in included else None
    if target is None or target == own_folder:
        return None
    if target not in FLOORS and target != "sim":
        return f"includes {included}, which is no room"
    if room == "sim":
        return None if target in SIM_MAY else f"the virtual device includes {included}; it may use floors 0 and 1 only"
    if target == room:
        return None
    if target == "sim" or FLOORS[target] >= FLOORS[room]:
        return f"{room} (floor {FLOORS[room]}) includes {included}, which is not below it"
    return None


class House(unittest.TestCase):
    def test_rooms_import_only_from_floors_below(self):
        wrong = []
        for path in sources():
            for name in includes(path.read_text()):
                why = violations(room_of(path), path.parent.name, name)
                if why:
                    wrong.append(f"{path.relative_to(ROOT)}: {why}")
        self.assertEqual(wrong, [])

    def test_the_floor_check_itself_catches_a_breach(self):
        self.assertIsNotNone(violations("codec", "codec", "link/link.h"))
        self.assertIsNotNone(violations("base", "base", "codec/frame.h"))
        self.assertIsNotNone(violations("sim", "sim", "rpc/client.h"))
        self.assertIsNotNone(violations("rpc", "rpc", "sim/chip.h"))
        self.assertIsNone(violations("rpc", "rpc", "link/link.h"))
        self.assertIsNone(violations("plugins", "atca", "shell/plugin.h"))

    def test_only_main_exits(self):
        wrong = [str(p.relative_to(ROOT)) for p in sources()
                 if p.name != "main.c" and re.search(r"(?<![_\w])exit\s*\(", strip(p.read_text()))]
        self.assertEqual(wrong, [])

    def test_files_hold_one_concern(self):
        wrong = [f"{p.relative_to(ROOT)}: {n} lines" for p in sources() if (n := len(p.read_text().splitlines())) > 600]
        self.assertEqual(wrong, [])

    def test_nothing_is_left_unfinished(self):
        marks = re.compile(r"\b(TODO|FIXME|XXX)\b")
        wrong = [str(p.relative_to(ROOT)) for p in sources() if marks.search(p.read_text())]
        self.assertEqual(wrong, [])

    def test_layout_is_clang_formats(self):
        tool = shutil.which("clang-format")
        if not tool:
            self.skipTest("clang-format is not installed (the CI run installs it)")
        files = [str(p) for p in sources()] + [str(p) for p in sorted((ROOT / "tests").rglob("*.[ch]"))]
        done = subprocess.run([tool, "--dry-run", "--Werror", *files], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr[:2000])

    def test_functions_fit_on_a_screen(self):
        wrong = []
        for path in sources():
            if path.suffix == ".c":
                wrong += [f"{path.relative_to(ROOT)}:{line}: {n} lines" for line, n in function_lengths(path.read_text()) if n > 80]
        self.assertEqual(wrong, [])


def strip(text):
    """Source without comments and string literals."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)


def function_lengths(text):
    """(first line, length) of each function body: with this layout a body's braces stand alone in column 1."""
    start = None
    for number, line in enumerate(text.splitlines(), 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            yield start, number - start + 1
            start = None


if __name__ == "__main__":
    unittest.main()
