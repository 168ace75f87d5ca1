"""A server that comes back at the same address, on the same data, and says what it was doing when it was killed."""

import base64
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.request

PHASE = re.compile(r"tenure_service::phase: (\w+) (begins|ends)")
# The archive takes over at once, and with it a snapshot is taken: both are under way most of the time.
LIMITS = ["--set", "archive.age=50ms", "--set", "archive.items=40"]
STARTS_WITHIN = 120  # seconds
SETTLES_WITHIN = 120  # seconds


class Server:
    """The server. `phases` are under way, the innermost last; `life` counts its starts."""

    def __init__(self, tenure, folder, port, database=None, environment=()):
        self.data = os.path.join(folder, "data")
        os.makedirs(self.data)
        self.command = [tenure, "serve", "--data", self.data, "--listen", f"127.0.0.1:{port}", *LIMITS]
        self.command += ["--log", "warn,tenure_service::phase=debug"]
        self.environment = dict(os.environ, **dict(environment), **({"TENURE_DATABASE": database} if database else {}))
        self.port, self.key, self.admin, self.link, self.process = port, None, None, None, None
        self.log = open(os.path.join(folder, "server.log"), "a")
        self.changed, self.phases, self.model, self.serves, self.life = threading.Condition(), [], None, False, 0

    def spawn(self, model=None):
        """Starts it; with a model, or else with the one that decided last."""
        command = self.command + (["--model", model] if model else [])
        self.phases, self.model, self.serves, self.life = [], None, False, self.life + 1
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment)
        self.readers = [threading.Thread(target=read, args=(self.process,), daemon=True) for read in (self.hear, self.follow)]
        [reader.start() for reader in self.readers]

    def wait(self):
        """Waits until it serves; False where it ended instead."""
        until = time.time() + STARTS_WITHIN
        while not self.serves:
            if self.process.poll() is not None:
                self.ended()
                return False
            if time.time() > until:
                raise SystemExit(f"the server does not serve after {STARTS_WITHIN} s (see {self.log.name})")
            with self.changed:
                self.changed.wait(0.02)
        return True

    def start(self, model=None):
        self.spawn(model)
        if not self.wait():
            raise SystemExit(f"the server did not start (see {self.log.name})")

    def hear(self, process):
        """What it says to the one who started it."""
        for line in process.stdout:
            with self.changed:
                for name, pattern in (("key", r"(wk_[0-9a-f]+)"), ("link", r"/setup#(\w+)"), ("model", r"^ +model +(\w+)")):
                    found = re.search(pattern, line)
                    if found and (name == "model" or getattr(self, name) is None):
                        setattr(self, name, found.group(1))
                # All lines are printed at once, this one first.
                self.serves |= self.model is not None
                self.changed.notify_all()

    def follow(self, process):
        """What it logs."""
        for line in process.stderr:
            found = PHASE.search(line)
            if not found:
                self.log.write(line)
                self.log.flush()
                continue
            phase, what = found.groups()
            with self.changed:
                if what == "begins":
                    self.phases.append(phase)
                elif phase in self.phases:
                    self.phases.remove(phase)
                self.changed.notify_all()

    def reaches(self, phase, within):
        """Waits until it begins something; False where it does not within so many seconds."""
        with self.changed:
            return self.changed.wait_for(lambda: phase in self.phases, within)

    def kill(self):
        """SIGKILL. Gives what was under way."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        return self.ended()

    def ended(self):
        # What it wrote before its end is still read.
        [reader.join(10) for reader in self.readers]
        return list(self.phases)

    def stop(self):
        """Lets it finish."""
        until = time.time() + SETTLES_WITHIN
        while self.metric("tenure_journal_backlog_items") > 0:
            if time.time() > until:
                raise SystemExit(f"the engine is behind for more than {SETTLES_WITHIN} s (see {self.log.name})")
            time.sleep(0.05)
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(timeout=120) != 0:
            raise SystemExit(f"the server ended with {self.process.returncode} (see {self.log.name})")
        self.ended()

    def end(self):
        """Whatever happened, nothing of it stays."""
        if self.process.poll() is None:
            self.kill()

    def call(self, method, path, body=None, headers=(), timeout=10):
        headers = {"Content-Type": "application/json", **dict(headers)}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers, method=method)
        return urllib.request.urlopen(request, timeout=timeout)

    def post(self, items):
        """Sends a batch. Gives the status."""
        auth = base64.b64encode(f"{self.key}:".encode()).decode()
        return self.call("POST", "/v1/batch", {"batch": items}, {"Authorization": f"Basic {auth}"}).status

    def set_up(self):
        """Makes the first admin by the link that was printed, and an API key."""
        answer = self.call("POST", "/api/v1/setup", {"token": self.link, "email": "ann@example.com", "password": "correct horse battery"})
        cookie, csrf = answer.headers["Set-Cookie"].split(";")[0], json.load(answer)["csrf"]
        session = {"Cookie": cookie, "X-CSRF-Token": csrf}
        self.admin = json.load(self.call("POST", "/api/v1/keys", {"name": "crash", "scopes": ["admin"]}, session))["key"]

    def api(self, method, path, body=None):
        """Calls the REST API as admin."""
        return json.load(self.call(method, path, body, {"Authorization": f"Bearer {self.admin}"}))

    def metric(self, name):
        text = self.call("GET", "/metrics").read().decode()
        return float(re.search(rf"^{name} (\S+)$", text, re.M).group(1))
