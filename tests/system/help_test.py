"""Help, the manual page and completions, against one another: every command and every option that it takes stands in each of them."""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

PROGRAM = str(pathlib.Path(os.environ["NH_PROGRAM"]).resolve())
STEPS = ["c", "map", "rtl", "sim", "synth", "pnr", "report"]


def text(*words):
    r = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60)
    assert r.returncode == 0 and r.stderr == "", (words, r.returncode, r.stderr)
    return r.stdout


def options_in(listing):
    """{long name: letter or None}; the value behind a name is none of it."""
    return {m[2]: m[1] or None for m in re.finditer(r"^  (?:-(\w), |    )--([a-z-]+)", listing, re.M)}


class Help(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.front = text("--help")
        cls.commands = re.findall(r"^  (\w+) ", cls.front.split("options of every command")[0], re.M)
        cls.options = {c: options_in(text(c, "--help")) for c in cls.commands}

    def test_every_command_has_its_page(self):
        self.assertGreaterEqual(len(self.commands), 13)
        for command in self.commands:
            page = text(command, "--help")
            usage, more, listing = re.fullmatch(r"usage: neurohls (.*)\n\n(.*)\n\noptions:\n(.*)", page, re.S).groups()
            self.assertRegex(usage, rf"^{command} \[options\]")
            for line in more.split("\n"):
                self.assertLessEqual(len(line), 100, page)
            words = more.split()
            for line, after in zip(more.split("\n"), more.split("\n")[1:]):  # a line is as full as it may be
                self.assertGreater(len(line) + 1 + len(after.split()[0]), 100, page)
            self.assertGreater(len(words), 5)
            self.assertGreaterEqual(set(self.options[command]), {"json", "quiet", "verbose", "help"}, page)

    def test_the_manual_has_all_of_them(self):
        page = text("--man")
        self.assertRegex(page, r"\A\.TH NEUROHLS 1 ")
        self.assertEqual(re.findall(r'^\.TP\n\.BR (\w+) "', page, re.M), self.commands)
        every = {}
        for own in self.options.values():
            every.update(own)
        listed = {m[2].replace("\\-", "-"): m[1] for m in re.finditer(r"^\.TP\n\.B (?:\\-(\w), )?\\-\\-([a-z\\-]+)$", page, re.M)}
        self.assertGreaterEqual(set(listed), set(every))
        for name, letter in every.items():
            self.assertEqual(listed[name], letter, name)
        for line in page.split("\n"):  # nothing of the text is taken for a request
            self.assertRegex(line, r"^(\.(TH|SH|TP|BR|B|I|br|PP|nf|fi)\b|[^.']|$)")
        if shutil.which("groff"):
            r = subprocess.run(["groff", "-man", "-Tascii", "-ww"], input=page, capture_output=True, text=True, timeout=60)
            self.assertEqual((r.returncode, r.stderr), (0, ""))

    def complete(self, *words):
        script = text("completions", "bash") + """
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_neurohls
printf '%s\\n' "${COMPREPLY[@]}"
"""
        r = subprocess.run(["bash", "-c", script, "bash", "neurohls", *words], capture_output=True, text=True, timeout=60, cwd="/usr/lib")
        self.assertEqual((r.returncode, r.stderr), (0, ""))
        return r.stdout.split()

    def test_bash_completes_commands_options_steps_and_files(self):
        self.assertEqual(sorted(self.complete("")), sorted(self.commands))
        self.assertEqual(self.complete("bu"), ["build"])
        for command, own in self.options.items():
            self.assertEqual(sorted(self.complete(command, "--")), sorted("--" + o for o in own), command)
        self.assertEqual(self.complete("build", "--unt"), ["--until"])
        self.assertEqual(self.complete("build", "--until", ""), STEPS)
        self.assertEqual(self.complete("build", "--from", "s"), ["sim", "synth"])
        self.assertIn("os-release", self.complete("build", "os-rel"))

    def test_fish_and_zsh_have_every_option(self):
        fish, zsh = text("completions", "fish"), text("completions", "zsh")
        self.assertEqual(re.findall(r"-n __fish_use_subcommand -a (\w+) -d '", fish), re.findall(r"^    (\w+)\) _arguments", zsh, re.M))
        self.assertEqual(sorted(re.findall(r"^        '(\w+):", zsh, re.M)), sorted(self.commands))
        for command, own in self.options.items():
            lines = re.findall(rf"^complete -c neurohls -n '__fish_seen_subcommand_from {command}' -l (\S+)(?: -s (\w))?(.*)$", fish, re.M)
            self.assertEqual({name: letter or None for name, letter, _ in lines}, own, command)
            arguments = re.search(rf"^    {command}\) _arguments(.*);;$", zsh, re.M)[1]
            self.assertEqual(set(re.findall(r" '--([a-z-]+)\[", arguments)), set(own), command)
            takes_value = set(re.findall(r"^  (?:-\w, |    )--([a-z-]+) [A-Z]", text(command, "--help"), re.M))
            self.assertEqual({name for name, _, rest in lines if re.match(r" -r| -x", rest)}, takes_value, command)
            self.assertEqual(set(re.findall(r" '--([a-z-]+)\[(?:[^'\]\\]|\\.|'\\'')*\]:", arguments)), takes_value, command)
        for script in (fish, zsh):  # quotes are closed on every line
            for line in script.split("\n"):
                self.assertEqual(line.replace("'\\''", "").count("'") % 2, 0, line)


if __name__ == "__main__":
    unittest.main()
