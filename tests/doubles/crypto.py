"""The platform's cryptography, by the library that everybody trusts; and keys to sign with as the providers do."""

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from runtime.ports import SignatureAlgorithm


class HostCrypto:
    async def verify(self, algorithm: SignatureAlgorithm, public_key: bytes, signature: bytes, data: bytes) -> bool:
        key = serialization.load_der_public_key(public_key)
        digest = hashes.SHA1() if algorithm == "RSA-SHA1" else hashes.SHA256()
        try:
            if algorithm == "ECDSA-P256-SHA256":
                if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
                    raise ValueError("this is no P-256 key")
                key.verify(signature, data, ec.ECDSA(digest))
            else:
                if not isinstance(key, rsa.RSAPublicKey):
                    raise ValueError("this is no RSA key")
                key.verify(signature, data, padding.PKCS1v15(), digest)
        except InvalidSignature:
            return False
        return True

    async def sign_ed25519(self, seed: bytes, data: bytes) -> bytes:
        return ed25519.Ed25519PrivateKey.from_private_bytes(seed).sign(data)

    async def ed25519_public_key(self, seed: bytes) -> bytes:
        return ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


@cache
def p256_key(name: str) -> ec.EllipticCurvePrivateKey:  # noqa: ARG001 - another name, another key
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:  # noqa: ARG001
    return rsa.generate_private_key(65537, 2048)


def spki(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@cache
def certificate(name: str) -> bytes:
    """A certificate for `rsa_key(name)`, in PEM."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(subject, subject, rsa_key(name).public_key(), 1, begin, begin + timedelta(3650))
    return made.sign(rsa_key(name), hashes.SHA256()).public_bytes(Encoding.PEM)


def sign_p256(data: bytes, name: str = "sendgrid") -> bytes:
    return p256_key(name).sign(data, ec.ECDSA(hashes.SHA256()))


def sign_rsa(data: bytes, version: str = "2", name: str = "amazon") -> bytes:
    digest = hashes.SHA1() if version == "1" else hashes.SHA256()
    return rsa_key(name).sign(data, padding.PKCS1v15(), digest)
