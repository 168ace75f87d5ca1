"""The model is switched while everything goes on: over the REST API, or by a start with another one."""

import random
import threading
import time
import urllib.error

from load import models


class Switcher:
    """Switches between models. `history` is what came into force, one after the other; `lost`: what was acknowledged, and was not in force later."""

    def __init__(self, server, folder, seed):
        self.server, self.folder, self.rng = server, folder, random.Random(f"{seed}/switch")
        self.models = models(seed)
        checked = [server.api("POST", "/api/v1/model/check", {"files": {"model.yaml": text}}) for text in self.models]
        self.revisions = [answer["revision"] for answer in checked]
        # By place in `models`; `pending` was asked for, in that life of the server, and is not known to be in force.
        self.in_force, self.pending, self.asked_in = 0, None, None
        self.history, self.lost, self.ending, self.lock = [], [], False, threading.Lock()

    def begin(self):
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ending:
            time.sleep(self.rng.uniform(0.1, 0.8))
            with self.lock:
                if self.pending is not None or self.ending:
                    continue
                self.pending = self.another()
            self.apply()

    def end(self):
        """No more of it, but that in the end all rules are there."""
        self.ending = True
        self.thread.join()
        self.switch_to(len(self.models) - 1)

    def switch_to(self, n):
        while self.in_force != n:
            self.pending = n
            self.apply()

    def another(self):
        return self.rng.choice([n for n in range(len(self.models)) if n != self.in_force])

    def apply(self):
        """Over the API; comes back when it is in force, or the server was killed: then the next start tells."""
        n = self.pending
        with self.lock:
            self.asked_in = self.server.life
            try:
                self.server.api("POST", "/api/v1/model/apply", {"files": {"model.yaml": self.models[n]}, "reason": "the crash loop"})
            except urllib.error.HTTPError as error:
                if error.code not in (409, 429, 503):
                    raise
                self.asked_in = None
            except OSError:
                self.asked_in = None
        while self.pending == n and self.asked_in == self.server.life:
            time.sleep(0.01)
            try:
                last = self.server.api("GET", "/api/v1/model/apply")["last"]
            except (OSError, ValueError):
                continue
            with self.lock:
                if self.pending == n and last and last["revision"] == self.revisions[n] and last["state"] != "running":
                    self.asked_in = None
                    # A commit that failed, on a disk that was full, may be found after a crash all the same: what failed stays pending until then.
                    if last["state"] == "done":
                        self.in_force, self.pending = n, None
                        self.history.append(n)

    def start_with(self):
        """The file of another model for the next start; None while a switch is under way."""
        with self.lock:
            if self.pending is not None:
                return None
            self.pending, self.asked_in = self.another(), None
            path = f"{self.folder}/model-{self.pending}.yaml"
            with open(path, "w") as file:
                file.write(self.models[self.pending])
            return path

    def started(self):
        """The server serves again: by which model? What was acknowledged must be in force, what was asked for may be."""
        with self.lock:
            decides = [n for n, revision in enumerate(self.revisions) if revision.startswith(self.server.model)]
            if self.pending in decides:
                self.in_force = self.pending
                self.history.append(self.in_force)
                self.pending = None
            elif self.in_force not in decides:
                self.lost.append(f"{self.revisions[self.in_force]} was in force, {self.server.model} is")
                self.in_force = decides[0]
            if self.asked_in != self.server.life:
                self.pending = None
