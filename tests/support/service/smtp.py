"""An SMTP server (aiosmtpd, in a venv of the cache) that keeps each mail as a file."""

import contextlib
import json
import pathlib
import shutil
import socket
import ssl
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


def make_certificate(certificate, key):
    run_tool(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
              "-nodes", "-days", "2", "-subj", "/CN=localhost",
              "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
              "-out", str(certificate), "-keyout", str(key)], "making a certificate")


class Smtp(Service):
    """Smtp(user="u", password="p") asks for AUTH; tls="starttls" or "implicit" encrypts, under a
    certificate made for the occasion (.ca_file). Mails are in .mails(), in the order of arrival.
    """

    name = "smtp"

    def __init__(self, user="", password="", tls=""):
        super().__init__()
        self.user = user
        self.password = password
        self.tls = tls
        self.port = None
        self.process = None

    @property
    def mail_folder(self):
        return self.folder / "mails"

    @property
    def ca_file(self):
        return self.folder / "certificate.pem"

    @property
    def url(self):
        return f"{'smtps' if self.tls == 'implicit' else 'smtp'}://127.0.0.1:{self.port}"

    def environment(self):
        return {"SMTP_URL": self.url, "SMTP_MAIL_DIR": str(self.mail_folder)}

    def mails(self):
        return [file.read_bytes() for file in sorted(self.mail_folder.glob("*.eml"))]

    def cut_after_dot(self, count):
        """Keep the next `count` mails, but hang up instead of saying so."""
        made = self._cuts.with_suffix(".new")
        made.write_text(str(count))
        made.rename(self._cuts)

    def kill(self):
        self.process.kill()

    def restart(self):
        self.process.stop()
        self._launch()

    @property
    def _cuts(self):
        return self.folder / "cuts"

    def _start(self):
        self.port = free_port()
        self.mail_folder.mkdir()
        if self.tls:
            make_certificate(self.ca_file, self.folder / "key.pem")
        self._launch()

    def _launch(self):
        options = {"packages": str(packages()), "port": self.port, "folder": str(self.folder),
                   "user": self.user, "password": self.password, "tls": self.tls}
        self.process = Process([sys.executable, SERVER, json.dumps(options)],
                               self.folder / "smtp.log", self.folder)
        self.process.wait_ready(self._greets, START_SECONDS, "the SMTP server")

    def _greets(self):
        with contextlib.ExitStack() as stack:
            connection = stack.enter_context(
                socket.create_connection(("127.0.0.1", self.port), 1))
            connection.settimeout(2)
            if self.tls == "implicit":
                trusting = ssl.create_default_context(cafile=self.ca_file)
                connection = stack.enter_context(
                    trusting.wrap_socket(connection, server_hostname="localhost"))
            return connection.recv(256).startswith(b"220")

    def _processes(self):
        return [self.process] if self.process else []
