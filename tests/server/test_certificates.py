"""The local CA and server certificate, and what is checked of given files (rule SEC10)."""

import os
import stat
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from cimsim.server.certificates import LOCAL_NAMES, keep
from cimsim.server.pem import CertificateError, read_certificates, read_identity, read_key
from cimsim.server.state_dir import default_state_dir
from cimsim.server.tls import ServerContext

NOW = 1_750_000_000.0
DAY = 86400.0


def names(folder: Path, *more: str, now: float = NOW, renew: bool = False) -> list[str]:
    return keep(folder, more, now, renew=renew).names


def test_sec10_they_are_made_once_and_keys_are_the_owners_alone(tmp_path: Path) -> None:
    first = keep(tmp_path / "state", ["sim.example"], NOW)
    again = keep(tmp_path / "state", ["sim.example"], NOW + DAY)
    assert first.ca == again.ca
    assert first.server.certificate == again.server.certificate
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in first.ca_path.parent.iterdir()}
    assert modes == {"authority.pem": 0o600, "server.pem": 0o600, "ca.pem": 0o644}
    assert stat.S_IMODE(first.ca_path.parent.stat().st_mode) == 0o700
    assert b"PRIVATE" not in first.ca_path.read_bytes()


def test_the_server_goes_by_its_local_names_and_the_given_ones(tmp_path: Path) -> None:
    assert sorted(names(tmp_path, "sim.example", "10.1.2.3")) == sorted([*LOCAL_NAMES, "sim.example", "10.1.2.3"])


def test_a_new_name_joins_the_others_under_the_same_ca(tmp_path: Path) -> None:
    before = keep(tmp_path, ["one.example"], NOW)
    after = keep(tmp_path, ["two.example"], NOW)
    assert {"one.example", "two.example"} <= set(after.names)
    assert before.ca == after.ca
    assert keep(tmp_path, ["one.example"], NOW).server.certificate == after.server.certificate


def test_a_certificate_about_to_expire_is_renewed_under_the_same_ca(tmp_path: Path) -> None:
    before = keep(tmp_path, [], NOW)
    after = keep(tmp_path, [], NOW + 380 * DAY)
    assert before.server.certificate != after.server.certificate
    assert before.ca == after.ca


def test_an_expired_ca_is_told_and_renewed_only_when_asked(tmp_path: Path) -> None:
    before = keep(tmp_path, [], NOW)
    with pytest.raises(CertificateError, match=r"authority\.pem: the certificate expired on .*--renew makes new ones"):
        keep(tmp_path, [], NOW + 4000 * DAY)
    after = keep(tmp_path, [], NOW + 4000 * DAY, renew=True)
    assert before.ca != after.ca
    assert read_certificates(after.ca_path) == [after.ca]
    after.server.certificate.verify_directly_issued_by(after.ca)


def test_a_damaged_server_certificate_is_replaced_and_a_damaged_ca_is_told(tmp_path: Path) -> None:
    kept = keep(tmp_path, [], NOW)
    kept.server_path.write_bytes(b"rubbish")
    assert set(names(tmp_path)) >= set(LOCAL_NAMES)
    (kept.ca_path.parent / "authority.pem").write_bytes(b"rubbish")
    with pytest.raises(CertificateError, match=r"authority\.pem: no certificate in PEM form"):
        keep(tmp_path, [], NOW)


def test_of_two_servers_that_start_at_once_one_makes_the_ca(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = keep(tmp_path, [], NOW)
    monkeypatch.setattr(Path, "exists", lambda self: False)
    assert keep(tmp_path, [], NOW).ca == other.ca


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CertificateError, match="file"):
        keep(tmp_path / "file", [], NOW)


def test_a_name_that_no_certificate_holds_is_told(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match="host name 'b\xfccher'"):
        keep(tmp_path, ["b\xfccher"], NOW)


def test_the_state_folder_follows_xdg() -> None:
    assert default_state_dir({"XDG_STATE_HOME": "/s"}) == Path("/s/cimsim")
    assert default_state_dir({"XDG_STATE_HOME": "relative"}) == Path.home() / ".local/state/cimsim"


# Given files


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate with its key, as another CA makes them."""
    issued = trustme.CA().issue_cert("localhost")
    certificate, key = tmp_path / "server.crt", tmp_path / "server.key"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    key.chmod(0o600)
    return certificate, key


@pytest.fixture
def now() -> float:
    return 1_900_000_000.0


def refusal(certificate: Path, key: Path, now: float) -> str:
    with pytest.raises(CertificateError) as caught:
        read_identity(certificate, key, now)
    return str(caught.value)


def test_given_files_are_taken(files: tuple[Path, Path], now: float) -> None:
    ServerContext(read_identity(*files, now))


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640])
def test_sec10_a_key_may_be_readable_by_a_group(files: tuple[Path, Path], now: float, mode: int) -> None:
    expected = read_identity(*files, now).certificate
    files[1].chmod(mode)
    assert read_identity(*files, now).certificate == expected


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o602])
def test_sec10_a_key_that_others_may_read_or_change_is_refused(files: tuple[Path, Path], now: float, mode: int) -> None:
    files[1].chmod(mode)
    assert refusal(*files, now) == f"{files[1]}: others may read or change this key (mode {mode:04o}); use chmod 600"


def test_missing_and_wrong_files_are_named(files: tuple[Path, Path], now: float, tmp_path: Path) -> None:
    certificate, key = files
    missing = tmp_path / "missing"
    assert refusal(missing, key, now) == f"{missing}: {os.strerror(2)}"
    assert refusal(certificate, missing, now) == f"{missing}: {os.strerror(2)}"
    assert refusal(key, key, now) == f"{key}: no certificate in PEM form"
    certificate.chmod(0o600)
    assert refusal(certificate, certificate, now) == f"{certificate}: no private key in PEM form"
    broken = tmp_path / "broken"
    broken.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    assert refusal(broken, key, now) == f"{broken}: a certificate in it cannot be read"


def test_a_key_of_another_certificate_is_refused(files: tuple[Path, Path], now: float, tmp_path: Path) -> None:
    other = tmp_path / "other.key"
    trustme.CA().issue_cert("localhost").private_key_pem.write_to_path(other)
    other.chmod(0o600)
    assert refusal(files[0], other, now) == f"{other}: not the key of the certificate in {files[0]}"


def test_an_expired_and_a_future_certificate_are_refused(tmp_path: Path) -> None:
    kept = keep(tmp_path, [], NOW)
    assert "the certificate expired on 2026-" in refusal(kept.server_path, kept.server_path, NOW + 400 * DAY)
    assert "the certificate is not valid before 2025-" in refusal(kept.server_path, kept.server_path, NOW - 2 * DAY)


def test_an_encrypted_and_an_unusual_key_are_refused(tmp_path: Path) -> None:
    key, path = ed25519.Ed25519PrivateKey.generate(), tmp_path / "key"
    path.touch(0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    with pytest.raises(CertificateError, match="encrypted; store it without"):
        read_key(path)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(CertificateError, match="neither RSA nor of an elliptic curve"):
        read_key(path)
