"""The forms of a private key: PEM and DER, with and without a passphrase."""
