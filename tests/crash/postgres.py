"""A PostgreSQL of the test's own: started, restarted in the middle of everything, thrown away."""

import glob
import os
import pwd
import shutil
import subprocess


class Postgres:
    """A server on a port of its own, run by the user `postgres` where root asks."""

    def __init__(self, folder, port):
        self.bin, self.port, self.folder = Postgres.installed()[0], port, os.path.join(folder, "postgres")
        os.makedirs(self.folder)
        self.user = None
        if os.getuid() == 0:
            self.user = pwd.getpwnam("postgres")
            os.chmod(folder, 0o755)
            shutil.chown(self.folder, "postgres", "postgres")
        self.data = os.path.join(self.folder, "data")
        self.run("initdb", "-D", self.data, "-U", "tenure", "-A", "trust", "--no-sync")
        self.start()

    @staticmethod
    def installed():
        """Folders of initdb, the newest first."""
        return sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)

    def run(self, program, *arguments):
        def become():
            if self.user:
                os.setgid(self.user.pw_gid)
                os.setuid(self.user.pw_uid)

        command = [os.path.join(self.bin, program), *arguments]
        subprocess.run(command, check=True, preexec_fn=become, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, cwd=self.folder)

    def start(self):
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        self.run("pg_ctl", "-D", self.data, "-w", "-o", options, "-l", os.path.join(self.folder, "log"), "start")

    def restart(self):
        """As after a crash of the machine it runs on: nobody is asked to finish."""
        self.run("pg_ctl", "-D", self.data, "-m", "immediate", "stop")
        self.start()

    def stop(self):
        self.run("pg_ctl", "-D", self.data, "-m", "immediate", "stop")

    def database(self, name):
        """The address of a new database."""
        self.run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "tenure", name)
        return f"postgres://tenure@127.0.0.1:{self.port}/{name}"

    def rows(self, address, sql):
        """Rows as tuples of text."""
        command = [os.path.join(self.bin, "psql"), "-X", "-A", "-t", "-F", "\x1f", "-c", sql, address]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return [tuple(line.split("\x1f")) for line in out.splitlines() if line]
