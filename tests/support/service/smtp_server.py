"""The process behind smtp.py: smtp_server.py OPTIONS, a JSON object."""

import asyncio
import json
import pathlib
import ssl
import sys

options = json.loads(sys.argv[1])
sys.path.insert(0, options["packages"])

from aiosmtpd.smtp import SMTP, AuthResult  # noqa: E402


class Keep:
    """Each mail becomes a file, whole from the first moment; what came before a restart stays."""

    def __init__(self, folder):
        self.folder = folder / "mails"
        self.cuts = folder / "cuts"
        self.count = len(list(self.folder.glob("*.eml")))

    async def handle_DATA(self, server, _session, envelope):
        self.count += 1
        file = self.folder / f"{self.count:06}.eml"
        made = file.with_suffix(".new")
        made.write_bytes(envelope.original_content)
        made.rename(file)
        if self.take_cut():
            server.transport.abort()
        return "250 OK"

    def take_cut(self):
        left = int(self.cuts.read_text()) if self.cuts.exists() else 0
        if left:
            self.cuts.write_text(str(left - 1))
        return left > 0


def authenticate(_server, _session, _envelope, _mechanism, data):
    good = (data.login == options["user"].encode()
            and data.password == options["password"].encode())
    return AuthResult(success=good, handled=False)


def rules(context):
    found = {}
    if options["user"]:
        found |= {"authenticator": authenticate, "auth_required": True,
                  "auth_require_tls": options["tls"] == "starttls"}
    if options["tls"] == "starttls":
        found |= {"tls_context": context, "require_starttls": True}
    return found


async def serve():
    folder = pathlib.Path(options["folder"])
    keep = Keep(folder)
    context = None
    if options["tls"]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(keep, hostname="localhost", **rules(context)), "127.0.0.1", options["port"],
        ssl=context if options["tls"] == "implicit" else None)
    await server.serve_forever()


asyncio.run(serve())
