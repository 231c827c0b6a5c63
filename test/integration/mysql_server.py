"""MariaDB servers of a test: in its folder, on a free port and a socket, as the user mysql when the test is root."""
import os
import shutil
import signal
import subprocess

from support import Skip, free_port, wait_until

USER, PASSWORD = "exporter", "p4ss-of-the-exporter"


def program(*names):
    """The first of the programs that is there (servers are in sbin), or Skip."""
    for name in names:
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
        if found:
            return found
    raise Skip(f"{names[0]} is not installed")


class MariaDb:
    """A server that is made, started, and stopped with the test. `exporter` may do everything."""

    def __init__(self, work, name="main", server_id=1, options=()):
        self.work, self.name, self.port = work, name, free_port()
        self.binary = program("mariadbd", "mysqld")
        os.chmod(work.folder, 0o755)
        self.home = work.path(name)
        os.mkdir(self.home)
        self.as_user = []
        if os.geteuid() == 0:
            shutil.chown(self.home, "mysql", "mysql")
            self.as_user = ["--user=mysql"]
        self.data, self.socket = os.path.join(self.home, "data"), os.path.join(self.home, "s")
        # A server that starts removes the temporary tables of all others that share its folder for them.
        self.scratch = os.path.join(self.home, "tmp")
        os.mkdir(self.scratch)
        if self.as_user:
            shutil.chown(self.scratch, "mysql", "mysql")
        work.run(program("mariadb-install-db", "mysql_install_db"), "--no-defaults", f"--datadir={self.data}", f"--tmpdir={self.scratch}",
                 *self.as_user, "--auth-root-authentication-method=normal", "--skip-test-db", seconds=120)
        self.options = [f"--server-id={server_id}", "--log-bin=binlog", "--performance-schema=ON", "--userstat=1",
                        "--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0", *options]
        self.start()
        self.sql(f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'", f"GRANT ALL ON *.* TO '{USER}'@'%'")

    def start(self, *options):
        self.options += options
        self.server = self.work.start(self.name, [self.binary, "--no-defaults", f"--datadir={self.data}", *self.as_user,
                                                  f"--socket={self.socket}", f"--tmpdir={self.scratch}", f"--port={self.port}", "--bind-address=127.0.0.1",
                                                  f"--pid-file={self.home}/pid", *self.options])
        wait_until(self.answers, f"MariaDB {self.name} answers", 120)

    def client(self, *arguments):
        return [program("mariadb", "mysql"), "--no-defaults", "-S", self.socket, "-uroot", "-N", "-B", *arguments]

    def answers(self):
        self.server.check_runs()
        return subprocess.run(self.client("-e", "SELECT 1"), check=False, capture_output=True, timeout=30).returncode == 0

    def stop(self):
        self.server.signal(signal.SIGTERM)
        self.server.process.wait(60)

    def sql(self, *statements):
        """The rows' texts, without headers."""
        return self.work.run(*self.client("-e", "; ".join(statements))).strip()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"
