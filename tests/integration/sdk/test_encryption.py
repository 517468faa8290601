"""TLS with a certificate made for the test."""

import shutil
import subprocess

import grpc
import pytest

from leitmotif import RetryPolicy, UnavailableError


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Private key and self-signed certificate of localhost, PEM."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, pem = (tmp_path_factory.mktemp("tls") / name for name in ("key.pem", "certificate.pem"))
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    files = ("-keyout", str(key), "-out", str(pem))
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files]
    subprocess.run(command, check=True, capture_output=True)
    return key.read_bytes(), pem.read_bytes()


@pytest.fixture
def encrypted(serve, certificate):
    return serve("127.0.0.1:0", grpc.ssl_server_credentials([certificate]))


def address_of(peer):
    return f"localhost:{peer.address.rpartition(':')[2]}"


def test_a_trusted_server_is_called(connect, encrypted, certificate):
    connect(address_of(encrypted), root_certificates=certificate[1], api_key="k-1").tracks.get("t")
    assert encrypted.calls[0].metadata["authorization"] == "Bearer k-1"


@pytest.mark.parametrize("settings", [{"tls": True}, {}])
def test_neither_a_stranger_nor_plain_text_gets_through(connect, encrypted, settings):
    client = connect(address_of(encrypted), retry=RetryPolicy(attempts=1), api_key="k-1", **settings)
    with pytest.raises(UnavailableError):
        client.tracks.get("t")
    assert encrypted.calls == []
