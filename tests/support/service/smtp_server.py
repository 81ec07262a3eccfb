"""The process behind smtp.py: smtp_server.py PACKAGES PORT MAIL_DIR USER PASSWORD."""

import asyncio
import pathlib
import sys

packages, port, folder, user, password = sys.argv[1:]
sys.path.insert(0, packages)

from aiosmtpd.smtp import SMTP, AuthResult  # noqa: E402


class Keep:
    """Each mail becomes a file, whole from the first moment; what came before a restart stays."""

    def __init__(self, folder):
        self.folder = folder
        self.count = len(list(folder.glob("*.eml")))

    async def handle_DATA(self, _server, _session, envelope):
        self.count += 1
        file = self.folder / f"{self.count:06}.eml"
        made = file.with_suffix(".new")
        made.write_bytes(envelope.original_content)
        made.rename(file)
        return "250 OK"


def authenticate(_server, _session, _envelope, _mechanism, data):
    good = data.login == user.encode() and data.password == password.encode()
    return AuthResult(success=good, handled=good)


async def serve():
    keep = Keep(pathlib.Path(folder))
    rules = {"authenticator": authenticate, "auth_required": True,
             "auth_require_tls": False} if user else {}
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(keep, hostname="127.0.0.1", **rules), "127.0.0.1", int(port))
    await server.serve_forever()


asyncio.run(serve())
