"""The little of DER (X.690) that certificates, RSA keys and ECDSA signatures need: no arithmetic.

The promise: whatever bytes come, the answer is made of them or a `ValueError`.
"""

import base64
import re

_SEQUENCE, _INTEGER, _BIT_STRING, _VERSION = 0x30, 0x02, 0x03, 0xA0
_RSA_ENCRYPTION = bytes.fromhex("300d06092a864886f70d0101010500")  # the algorithm 1.2.840.113549.1.1.1, with NULL
_BEGIN, _END = re.compile(r"-----BEGIN [A-Z ]++-----"), re.compile(r"-----END [A-Z ]++-----")


def of_pem(text: str) -> bytes:
    """The first object in PEM; or bare base64, as some services show their keys."""
    begin = _BEGIN.search(text)
    end = _END.search(text, begin.end()) if begin else None
    inside = text[begin.end() : end.start()] if begin and end else text
    try:
        return base64.b64decode("".join(inside.split()), validate=True)
    except ValueError:
        raise ValueError("this is not base64") from None


def public_key_of(certificate: bytes) -> bytes:
    """The SubjectPublicKeyInfo of an X.509 certificate (RFC 5280, 4.1)."""
    [to_be_signed, *_] = _parts(_value(certificate, _SEQUENCE))
    fields = _parts(_value(to_be_signed, _SEQUENCE))
    place = 6 if fields[:1] and fields[0][:1] == bytes([_VERSION]) else 5
    if len(fields) <= place:
        raise ValueError("the certificate ends too early")
    key = fields[place]
    _value(key, _SEQUENCE)
    return key


def rsa_public_key(modulus: bytes, exponent: bytes) -> bytes:
    """The SubjectPublicKeyInfo of an RSA key (RFC 8017, A.1.1) of which these two numbers are known, big-endian."""
    numbers = _element(_SEQUENCE, _number(modulus) + _number(exponent))
    return _element(_SEQUENCE, _RSA_ENCRYPTION + _element(_BIT_STRING, b"\0" + numbers))


def raw_signature(signature: bytes, size: int) -> bytes:
    """r and s of an ECDSA signature, each in `size` bytes, as WebCrypto takes them (IEEE P1363)."""
    numbers = _parts(_value(signature, _SEQUENCE))
    if len(numbers) != 2:
        raise ValueError("a signature is two numbers")
    try:
        return b"".join(int.from_bytes(_value(number, _INTEGER)).to_bytes(size) for number in numbers)
    except OverflowError:
        raise ValueError("a number of the signature is too long") from None


def _number(big_endian: bytes) -> bytes:
    digits = big_endian.lstrip(b"\0")
    if not digits:
        raise ValueError("a number of the key is zero")
    return _element(_INTEGER, b"\0" * (digits[0] >> 7) + digits)  # without the zero it would be negative


def _element(tag: int, value: bytes) -> bytes:
    length = len(value)
    if length < 0x80:
        return bytes([tag, length]) + value
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 + size]) + length.to_bytes(size) + value


def _value(element: bytes, tag: int) -> bytes:
    head, whole = _measure(element)
    if element[0] != tag or whole != len(element):
        raise ValueError("another element was expected")
    return element[head:]


def _parts(value: bytes) -> list[bytes]:
    parts = []
    while value:
        _, whole = _measure(value)
        parts.append(value[:whole])
        value = value[whole:]
    return parts


def _measure(data: bytes) -> tuple[int, int]:
    """The lengths of the first element's head, and of all of it."""
    if len(data) < 2:
        raise ValueError("the data ends too early")
    head, length = 2, data[1]
    if length >= 0x80:  # the length of the length; none at all is not DER
        head += length - 0x80
        length = int.from_bytes(data[2:head]) if head > 2 else len(data)
    if head + length > len(data):
        raise ValueError("the data ends too early")
    return head, head + length
