"""An SMTP server (aiosmtpd, in a venv of the cache) that keeps each mail as a file."""

import pathlib
import shutil
import socket
import sys

from .base import Process, Service, cache_folder, free_port, made_once, run_tool

VERSION = "1.4.6"
START_SECONDS = 30
SERVER = pathlib.Path(__file__).with_name("smtp_server.py")


def packages():
    """The folder in which aiosmtpd is installed, from the cache or else by pip."""
    folder = cache_folder() / f"aiosmtpd-{VERSION}-py{sys.version_info[0]}.{sys.version_info[1]}"
    with made_once(folder) as made:
        if made:
            run_tool([sys.executable, "-m", "venv", str(made / "venv")], "making a venv")
            run_tool([str(made / "venv" / "bin" / "python"), "-m", "pip", "install", "-q", "--target",
                      str(made / "packages"), f"aiosmtpd=={VERSION}"], "installing aiosmtpd")
            shutil.rmtree(made / "venv")  # it was there for its pip
    return folder / "packages"


def greets(port):
    with socket.create_connection(("127.0.0.1", port), 1) as connection:
        connection.settimeout(2)
        return connection.recv(256).startswith(b"220")


class Smtp(Service):
    """Smtp(user="u", password="p") asks for AUTH. Mails are in .mails(), in the order of arrival."""

    name = "smtp"

    def __init__(self, user="", password=""):
        super().__init__()
        self.user = user
        self.password = password
        self.port = None
        self.process = None

    @property
    def mail_folder(self):
        return self.folder / "mails"

    def environment(self):
        return {"SMTP_URL": f"smtp://127.0.0.1:{self.port}", "SMTP_MAIL_DIR": str(self.mail_folder)}

    def mails(self):
        return [file.read_bytes() for file in sorted(self.mail_folder.glob("*.eml"))]

    def kill(self):
        self.process.kill()

    def restart(self):
        self.process.stop()
        self._launch()

    def _start(self):
        self.port = free_port()
        self.mail_folder.mkdir()
        self._launch()

    def _launch(self):
        self.process = Process(
            [sys.executable, SERVER, packages(), self.port, self.mail_folder, self.user,
             self.password], self.folder / "smtp.log", self.folder)
        self.process.wait_ready(lambda: greets(self.port), START_SECONDS, "the SMTP server")

    def _processes(self):
        return [self.process] if self.process else []
