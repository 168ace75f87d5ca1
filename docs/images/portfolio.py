"""Draws docs/images/portfolio.svg: the portfolio and the first reasons that `make demo` prints. Needs `pip install rich`.

Run it after `make demo`: python docs/images/portfolio.py target/debug/tenure
"""

import subprocess
import sys

from rich.console import Console
from rich.text import Text

COLOURS = {"red": "bold red", "yellow": "bold yellow", "green": "bold green"}


def main(tenure):
    console = Console(record=True, width=172, file=open("/dev/null", "w"))
    for command, lines in [("accounts --sort -arr --limit 12", 14), ("explain {account} health", 26)]:
        command = command.format(account=worst(tenure))
        out = run(tenure, command).splitlines()
        console.print(f"[bold cyan]$ tenure {command}[/]")
        for line in [*out[:lines], *(["…"] if len(out) > lines else [])]:
            text = Text(line)
            for word, style in COLOURS.items():
                text.highlight_regex(rf"\b{word}\b", style)
            console.print(text, no_wrap=True, crop=True)
        console.print()
    console.save_svg("docs/images/portfolio.svg", title="tenure")


def worst(tenure):
    return run(tenure, "accounts --where \"health_band = 'red' AND status = 'live'\" --sort -arr --columns id --csv").split()[1]


def run(tenure, command):
    import shlex

    folders = ["--data", "demo-data/workspace", "--model", "models/saas"]
    return subprocess.run([tenure, *folders, *shlex.split(command)], check=True, capture_output=True, text=True).stdout


main(sys.argv[1])
