"""Signatures of packs: Ed25519 over the manifest."""

from __future__ import annotations

import json
from pathlib import Path

from graphflow.errors import InputError, MissingExtraError, Problem
from graphflow.language import N_

SIGNATURE = "signature.json"


def sign(manifest: bytes, key: Path) -> bytes:
    """The signature of a manifest, with the public key that belongs to it.

    Raises
    ------
    InputError
        For a file that holds no Ed25519 private key.
    MissingExtraError
        Where what signs is not installed.
    """
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            PublicFormat,
            load_pem_private_key,
        )
    except ImportError:
        raise MissingExtraError.of("sign", "cryptography") from None
    try:
        private = load_pem_private_key(key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            Problem(str(key), N_("cannot be read as a private key"), first=str(error)[:80],
                    expected=N_("an Ed25519 private key as PEM, without a password"))
        ) from None  # fmt: skip
    if not isinstance(private, Ed25519PrivateKey):
        raise InputError(
            Problem(str(key), N_("is no Ed25519 key"), expected=N_("an Ed25519 private key as PEM"))
        )
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    said = {"algorithm": "Ed25519", "public_key": public.hex(), "signature": private.sign(manifest).hex()}
    return (json.dumps(said, indent=1, sort_keys=True) + "\n").encode()


def signed_by(manifest: bytes, signature: bytes) -> str | None:
    """The public key by which a manifest is signed; None where the signature is not of this manifest.

    Raises
    ------
    MissingExtraError
        Where what checks signatures is not installed.
    """
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        raise MissingExtraError.of("sign", "cryptography") from None
    try:
        said = json.loads(signature)
        public = bytes.fromhex(said["public_key"])
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(said["signature"]), manifest)
    except (ValueError, KeyError, TypeError, InvalidSignature):
        return None
    return str(said["public_key"])
