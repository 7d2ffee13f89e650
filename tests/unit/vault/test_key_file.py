"""The file that holds the wrapping key."""

import os
import stat
from pathlib import Path

import pytest

from domain.errors import VaultError
from vault.keys import KeyFile


def test_a_missing_key_file_is_only_made_when_asked(tmp_path: Path):
    path = tmp_path / "deep" / "key"
    with pytest.raises(VaultError, match="no key file"):
        KeyFile(path)
    assert not path.exists()
    made = KeyFile.create(path)
    assert path.stat().st_size == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KeyFile(path).key_id == KeyFile.create(path).key_id == made.key_id
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_key_file_others_may_read_is_refused_with_the_command_that_helps(tmp_path: Path, mode: int):
    path = tmp_path / "key"
    KeyFile.create(path)
    path.chmod(mode)
    with pytest.raises(VaultError, match="chmod 600"):
        KeyFile(path)
    with pytest.raises(VaultError, match="chmod 600"):
        KeyFile.create(path)


@pytest.mark.parametrize("size", [0, 31, 33, 4096])
def test_a_key_file_of_the_wrong_size_is_refused_and_left_alone(tmp_path: Path, size: int):
    path = tmp_path / "key"
    path.write_bytes(b"x" * size)
    path.chmod(0o600)
    with pytest.raises(VaultError, match=f"holds {size} bytes instead of 32"):
        KeyFile.create(path)
    assert path.read_bytes() == b"x" * size


def test_a_directory_a_pipe_and_an_unwritable_place_are_refused_clearly(tmp_path: Path):
    with pytest.raises(VaultError, match="not a regular file"):
        KeyFile(tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(VaultError, match="not a regular file"):
        KeyFile(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(VaultError, match="cannot be made"):
        KeyFile.create(tmp_path / "file" / "key")


async def test_an_altered_wrapped_key_is_refused(tmp_path: Path):
    provider = KeyFile.create(tmp_path / "key")
    key = await provider.generate({})
    assert await provider.unwrap(key.key_id, key.wrapped, {}) == key.plain
    for at in range(len(key.wrapped)):
        altered = bytearray(key.wrapped)
        altered[at] ^= 1
        with pytest.raises(VaultError):
            await provider.unwrap(key.key_id, bytes(altered), {})
    with pytest.raises(VaultError):
        await provider.unwrap(key.key_id, b"short", {})


async def test_neither_provider_nor_data_key_prints_its_bytes(tmp_path: Path):
    provider = KeyFile.create(tmp_path / "key")
    key = await provider.generate({})
    assert repr(key.plain) not in repr(key)
    assert "bytes" not in repr(provider)
