"""Runs a command and prints, as JSON, how long it took; its output goes to a file.

    timed.py FILE CMD…
"""

import json
import subprocess
import sys
import time

start = time.perf_counter()
with open(sys.argv[1], "w") as file:
    subprocess.run(sys.argv[2:], check=True, stdout=file)
print(json.dumps({"seconds": round(time.perf_counter() - start, 3), "peer_name": "one backtest"}))
