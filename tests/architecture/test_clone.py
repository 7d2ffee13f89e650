"""A clone is whole: nothing that a room needs stays behind on the machine where it was written."""

import subprocess

from tests.architecture.house import ROOMS, ROOT


def test_git_ignores_no_file_of_a_room():
    if not (ROOT / ".git").exists():
        return  # an unpacked archive has what it has
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--ignored", "--exclude-standard", "--", *ROOMS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [path for path in listed.stdout.splitlines() if "__pycache__" not in path] == []
