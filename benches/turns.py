"""Runs two commands by turns and keeps the fastest run of each: the machine's speed changes from minute to minute, for both alike.

    turns.py NAME OUT TURNS --peer CMD… --ours CMD…

Each command prints JSON with `seconds` on its last line. Writes OUT/NAME.json, and the peer's fastest run to OUT/NAME.duckdb.json.
"""

import json
import subprocess
import sys


def fastest(command, known):
    """The run with the least seconds: this one, or the one known."""
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    report = json.loads(out.strip().splitlines()[-1])
    print("  ", command[0].split("/")[-1], report, flush=True)
    return report if known is None or report["seconds"] < known["seconds"] else known


name, out, turns = sys.argv[1], sys.argv[2], int(sys.argv[3])
peer_at, ours_at = sys.argv.index("--peer"), sys.argv.index("--ours")
peer_command, ours_command = sys.argv[peer_at + 1 : ours_at], sys.argv[ours_at + 1 :]
peer = ours = None
for _ in range(turns):
    peer = fastest(peer_command, peer)
    ours = fastest(ours_command, ours)
row = {
    "name": name,
    "ours": ours["seconds"],
    "peer": peer["seconds"],
    "ratio": ours["seconds"] / peer["seconds"],
    "unit": "s",
    "peer_name": peer["peer_name"],
    "turns": turns,
}
print(f"{name}: ours {row['ours']:.3f}, {row['peer_name']} {row['peer']:.3f} s: {row['ratio']:.3f}× (the fastest of {turns} turns)")
with open(f"{out}/{name}.duckdb.json", "w") as file:
    file.write(json.dumps(peer) + "\n")
with open(f"{out}/{name}.json", "w") as file:
    file.write(json.dumps([row]) + "\n")
