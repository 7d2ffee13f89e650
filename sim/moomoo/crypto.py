"""Encrypt as OpenD does: RSA for the handshake, AES-CBC under the key it hands out for the rest."""

from typing import cast

from cryptography.hazmat.primitives import padding, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

AES_KEY, AES_IV = "0123456789abcdef", "fedcba9876543210"
_HANDSHAKE, _PLAIN_BLOCK, _CIPHER_BLOCK = 1001, 100, 128


class Encryption:
    """Hold the key shared with the clients."""

    def __init__(self, pem: bytes) -> None:
        self._key = cast("RSAPrivateKey", serialization.load_pem_private_key(pem, None))

    def close(self, proto: int, body: bytes) -> bytes:
        """Encrypt a reply or a push."""
        if proto == _HANDSHAKE:
            public = self._key.public_key()
            return b"".join(public.encrypt(part, PKCS1v15()) for part in _parts(body, _PLAIN_BLOCK))
        padder, encryptor = padding.PKCS7(128).padder(), _aes().encryptor()
        return encryptor.update(padder.update(body) + padder.finalize()) + encryptor.finalize()

    def open(self, proto: int, body: bytes) -> bytes:
        """Decrypt a request. Raises ValueError for what is not encrypted with the key."""
        if proto == _HANDSHAKE:
            return b"".join(self._key.decrypt(part, PKCS1v15()) for part in _parts(body, _CIPHER_BLOCK))
        unpadder, decryptor = padding.PKCS7(128).unpadder(), _aes().decryptor()
        return unpadder.update(decryptor.update(body) + decryptor.finalize()) + unpadder.finalize()


def _aes() -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(AES_KEY.encode()), modes.CBC(AES_IV.encode()))


def _parts(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]
