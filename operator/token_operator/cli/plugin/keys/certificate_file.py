"""Where a new certificate, which is public, goes: to a file or to the terminal."""

from pathlib import Path

import click

from token_operator.cli.plugin.errors import NotGoodError
from token_operator.cli.plugin.keys.new_key import NewKey


class CertificateFileType(click.ParamType[Path]):
    """A file that does not exist yet, in a folder that does."""

    name = "file"

    def convert(
        self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        """Return the path, or fail before anything is made."""
        path = Path(value)
        if path.exists():
            self.fail(f"{str(path)!r} already exists and is not overwritten.", param, ctx)
        if not path.parent.is_dir():
            self.fail(f"{str(path.parent)!r} is not a directory.", param, ctx)
        return path


def shown(file: Path | None) -> str:
    """Return how the instructions call the certificate."""
    return str(file) if file else "the certificate above (save it as a .crt file)"


def write_certificate(key: NewKey, file: Path | None) -> None:
    """Write the certificate to *file*, or print it."""
    if file is None:
        click.echo(key.certificate.decode())
        return
    try:
        with file.open("xb") as stream:
            stream.write(key.certificate)
    except OSError as error:
        raise NotGoodError(
            f"{file} cannot be written ({error.strerror}); the certificate is in entry tls.crt of "
            "the Secret."
        ) from None
    click.echo(f"Wrote the certificate to {file}.")
