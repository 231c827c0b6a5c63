"""PostgreSQL servers of a test: in its folder, on a free port of the loopback, as the user postgres (it refuses root)."""
import glob
import os
import shutil
import signal
import subprocess

from support import Skip, free_port, wait_until

PASSWORD = "p4ss-of-the-superuser"


def programs():
    """The folder of the newest PostgreSQL, or Skip."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda path: float(path.split("/")[4]))
    if not found:
        raise Skip("PostgreSQL is not installed")
    return os.path.dirname(found[-1])


class Postgres:
    """A cluster that is made, started, and stopped with the test."""

    def __init__(self, work, name="main", settings="", copy_of=None):
        self.work, self.name, self.bin, self.port = work, name, programs(), free_port()
        os.chmod(work.folder, 0o755)
        self.home = work.path(name)
        os.mkdir(self.home)
        if os.geteuid() == 0:
            shutil.chown(self.home, "postgres", "postgres")
        self.data = os.path.join(self.home, "data")
        if copy_of is None:
            password = os.path.join(self.home, "password")
            with open(password, "w", encoding="utf-8") as out:
                out.write(PASSWORD)
            self.run("initdb", "-N", "-D", self.data, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={password}")
        else:
            self.run("pg_basebackup", "-D", self.data, "-d", copy_of.dsn(), "-R", "-X", "stream", "-c", "fast", "-C", "-S", name)
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as out:
            out.write(f"\nport={self.port}\nlisten_addresses='127.0.0.1'\nunix_socket_directories='{self.home}'\n"
                      f"fsync=off\nshared_buffers=8MB\nmax_connections=30\n{settings}\n")
        self.start()

    def command(self, program, *arguments):
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        return [*as_user, os.path.join(self.bin, program), *arguments]

    def run(self, program, *arguments):
        return self.work.run(*self.command(program, *arguments), seconds=120)

    def start(self):
        self.server = self.work.start(self.name, self.command("postgres", "-D", self.data))
        wait_until(self.answers, f"PostgreSQL {self.name} answers", 120)

    def answers(self):
        self.server.check_runs()
        return subprocess.run(self.command("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)), check=False,
                              cwd=self.home).returncode == 0

    def stop(self):
        self.server.signal(signal.SIGINT)  # fast: sessions are ended
        self.server.process.wait(60)

    def pids(self):
        """The postmaster and its children."""
        children = subprocess.run(["pgrep", "-P", str(self.server.pid)], capture_output=True, text=True, check=False).stdout
        return [self.server.pid, *map(int, children.split())]

    def signal_all(self, number):
        for pid in self.pids():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def sql(self, *statements, database="postgres"):
        """The rows' texts, without headers."""
        command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", self.dsn(database=database)]
        for statement in statements:
            command += ["-c", statement]
        return self.work.run(*command).strip()

    def dsn(self, user="postgres", password=PASSWORD, database="postgres", options=""):
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}?sslmode=disable{options}"

    @property
    def label(self):
        return f"127.0.0.1:{self.port}"
