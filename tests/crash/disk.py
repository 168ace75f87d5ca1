"""A data folder that has no room at times: full.c, built and loaded before the server's libraries."""

import os
import shutil
import subprocess
import time


class Disk:
    """`environment` is the server's. Full while the flag is there."""

    def __init__(self, folder, root):
        self.flag = os.path.join(folder, "full")
        library = os.path.join(folder, "full.so")
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "full.c")
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        self.environment = {"LD_PRELOAD": library, "CRASH_FULL_ROOT": root, "CRASH_FULL_FLAG": self.flag}

    @staticmethod
    def can_be_full():
        return shutil.which("cc") is not None

    def fill(self):
        open(self.flag, "w").close()

    def free(self):
        if os.path.exists(self.flag):
            os.remove(self.flag)

    def is_full_for(self, seconds):
        self.fill()
        time.sleep(seconds)
        self.free()
