"""The walk through DER finds what the `cryptography` package finds, and ends on whatever else."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from core import der
from tests.doubles.crypto import certificate, p256_key, rsa_key, spki

LARGEST = 2**256 - 1


def test_the_public_key_of_a_certificate() -> None:
    assert der.public_key_of(der.of_pem(certificate("amazon").decode())) == spki(rsa_key("amazon"))


def test_the_public_key_of_a_certificate_with_a_long_subject() -> None:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ü" * 30)] * 5)
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC)
    key = p256_key("sendgrid")
    made = x509.CertificateBuilder(name, name, key.public_key(), 2**150, begin, end).sign(key, hashes.SHA256())
    assert der.public_key_of(made.public_bytes(Encoding.DER)) == spki(key)


def whole(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)


@pytest.mark.parametrize("size", [1024, 1032, 2048, 4096])  # with and without a bit that would make it negative
def test_an_rsa_key_is_made_of_its_two_numbers(size: int) -> None:
    for exponent in (3, 65537):
        number = (3 << (size - 2)) + 24691  # no two primes made it, which takes seconds: as a number it is one of a key
        key = rsa.RSAPublicNumbers(exponent, number).public_key()
        expected = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert der.rsa_public_key(whole(number), whole(exponent)) == expected
        assert der.rsa_public_key(b"\0\0" + whole(number), b"\0" + whole(exponent)) == expected


@pytest.mark.parametrize(("modulus", "exponent"), [(b"", b"\3"), (b"\0", b"\3"), (b"\5", b"")])
def test_a_number_that_is_none_makes_no_key(modulus: bytes, exponent: bytes) -> None:
    with pytest.raises(ValueError, match="zero"):
        der.rsa_public_key(modulus, exponent)


@given(st.integers(0, LARGEST), st.integers(0, LARGEST))
def test_a_signature_is_its_two_numbers(r: int, s: int) -> None:
    raw = der.raw_signature(encode_dss_signature(r, s), 32)
    assert (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")) == (r, s)
    assert decode_dss_signature(encode_dss_signature(r, s)) == (r, s)


def test_a_number_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        der.raw_signature(encode_dss_signature(1, LARGEST + 1), 32)


@given(st.binary(max_size=200))
def test_anything_else_ends_in_a_value_error(data: bytes) -> None:
    for read in (der.public_key_of, lambda given: der.raw_signature(given, 32)):
        try:
            read(data)
        except ValueError:
            continue


@given(st.data())
def test_a_damaged_certificate_ends_in_a_part_of_it_or_a_value_error(data: st.DataObject) -> None:
    whole = der.of_pem(certificate("amazon").decode())
    place, byte = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 255))
    damaged = whole[:place] + bytes([byte]) + whole[place + 1 : data.draw(st.integers(0, len(whole)))]
    try:
        assert der.public_key_of(damaged) in damaged
    except ValueError:
        return


def test_the_first_object_in_pem_is_read_whatever_stands_around_it() -> None:
    pem = "of us\n-----BEGIN PUBLIC KEY-----\nAQI=\n-----END PUBLIC KEY-----\n"
    assert der.of_pem(pem + pem.replace("AQI=", "AwQ=")) == b"\x01\x02"
    assert der.of_pem("AQ\nI=") == b"\x01\x02"


def test_what_is_no_pem_is_refused() -> None:
    with pytest.raises(ValueError, match="base64"):
        der.of_pem("ß")


def test_an_element_of_another_kind_or_with_a_tail_is_refused() -> None:
    signature = encode_dss_signature(1, 2)
    for wrong in (b"\x31" + signature[1:], signature + b"\0", signature[:2] + b"\x04" + signature[3:]):
        with pytest.raises(ValueError, match="another element"):
            der.raw_signature(wrong, 32)
