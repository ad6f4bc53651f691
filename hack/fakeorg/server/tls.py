"""Server-side TLS that has a certificate for whatever name a caller asks for."""

import ssl
from pathlib import Path

from fakeorg.server.ca import CertificateAuthority


class VirtualHosts:
    """TLS contexts, one per host name, made when the name is first asked for."""

    def __init__(self, authority: CertificateAuthority, folder: Path) -> None:
        self._authority = authority
        self._folder = folder
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._key_file = folder / "server.key"
        self._key_file.write_text(authority.server_key)
        self._key_file.chmod(0o600)
        self.default = self._context("localhost")
        self.default.sni_callback = self._switch

    def _switch(
        self, connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext
    ) -> None:
        if name:
            connection.context = self._context(name)

    def _context(self, name: str) -> ssl.SSLContext:
        if name not in self._contexts:
            self._contexts[name] = self._make(name)
        return self._contexts[name]

    def _make(self, name: str) -> ssl.SSLContext:
        certificate = self._folder / "server.crt"
        certificate.write_text(self._authority.server_certificate(name))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, self._key_file)
        return context
