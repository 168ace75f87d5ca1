"""Calls every operation of the API as its OpenAPI document says, and some as it does not: no 5xx, no answer that is not documented.

    python3 tests/api/run.py TENURE SCHEMATHESIS

Left out: the stream of changes, which does not end; setting up, which is over by then; and what would take the caller's key or role away.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

ADDRESS = "127.0.0.1:17955"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
NOW = time.time()
EXAMPLES = 15


def call(method, path, body=None, **headers):
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    request = urllib.request.Request(f"http://{ADDRESS}{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
        return (json.loads(text) if text else None), answer.headers


def main():
    tenure, schemathesis = (os.path.abspath(path) for path in sys.argv[1:3])
    with tempfile.TemporaryDirectory(prefix="tenure-api-") as data:
        server = subprocess.Popen([tenure, "serve", "--data", data, "--listen", ADDRESS, "--log", "warn"], stdout=subprocess.PIPE, text=True)
        try:
            said = ""
            while "set up" not in said:
                said += server.stdout.readline() or sys.exit(f"the server did not start: {said}")
            token, write_key = re.search(r"setup#(\w+)", said).group(1), re.search(r"wk_\w+", said).group(0)
            who = {"token": token, "email": "ann@example.com", "name": "Ann", "password": "correct horse battery"}
            session, headers = call("POST", "/api/v1/setup", who)
            cookie = headers["set-cookie"].split(";")[0]
            key, _ = call("POST", "/api/v1/keys", {"name": "test", "scopes": ["admin"]}, cookie=cookie, x_csrf_token=session["csrf"])
            # The examples of the document speak of acme.
            stamp = lambda ago: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW - ago))
            batch = [{"type": "group", "userId": "ann", "groupId": "acme", "traits": {"name": "Acme", "tier": 1}, "timestamp": stamp(9e5)}]
            batch += [{"type": "track", "userId": "ann", "event": "login", "timestamp": stamp(8e5 + n)} for n in range(40)]
            batch += [{"type": "track", "userId": "ann"}]
            call("POST", "/v1/batch", {"batch": batch}, authorization=f"Bearer {write_key}")
            command = [schemathesis, "run", f"http://{ADDRESS}/api/v1/openapi.json", "--header", f"Authorization: Bearer {key['key']}"]
            # One worker: Python 3.11 miscounts the depth of its parser where two threads parse (python/cpython#106905).
            command += ["--max-examples", str(EXAMPLES), "--checks", CHECKS, "--seed", "1", "--workers", "1"]
            # How hard it is to make up a key for a path says nothing about the server.
            command += ["--suppress-health-check", "filter_too_much"]
            for path in ["/api/v1/stream", "/api/v1/setup", "/api/v1/keys/{id}", "/api/v1/teammates/{id}"]:
                command += ["--exclude-path", path]
            run = subprocess.run(command, capture_output=True, text=True, cwd=data)
            if run.returncode != 0:
                print(run.stdout)
                print(run.stderr, file=sys.stderr)
            else:
                print("\n".join(line for line in run.stdout.splitlines() if re.search(r"generated|Tested|Selected", line)))
            alive = call("GET", "/api/v1/status", authorization=f"Bearer {key['key']}")[0]["ready"] if run.returncode == 0 else False
            sys.exit(run.returncode if run.returncode else (0 if alive else 1))
        finally:
            server.kill()
            server.wait()


main()
