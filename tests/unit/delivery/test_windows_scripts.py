"""What can be said of the Windows scripts without Windows; the project's CI runs them there."""

from __future__ import annotations

import re

from tests.unit.delivery.workflow_files import ROOT

POWERSHELL = (ROOT / "run-loadtest.ps1").read_bytes()
BATCH = (ROOT / "run-loadtest.bat").read_bytes()
BASH = (ROOT / "run-loadtest.sh").read_text(encoding="utf-8")


def test_every_code_page_reads_them_alike() -> None:
    assert POWERSHELL.isascii()
    assert BATCH.isascii()


def test_the_batch_file_has_the_line_ends_that_cmd_needs() -> None:
    attributes = (ROOT / ".gitattributes").read_text(encoding="ascii").splitlines()
    assert "*.bat text eol=crlf" in attributes
    assert BATCH.count(b"\n") == BATCH.count(b"\r\n") > 5


def test_the_batch_file_passes_arguments_and_exit_code_on() -> None:
    *_, call, end = BATCH.decode("ascii").splitlines()
    assert call.endswith('-ExecutionPolicy Bypass -File "%~dp0run-loadtest.ps1" %*')
    assert (
        end == "exit /b %errorlevel%"
    )  # on a line of its own: cmd puts the value in when it gets there


def test_powershell_5_1_can_read_it() -> None:
    code = re.sub(r"(?m)(^|\s)#.*$|'[^'\n]*'", "", POWERSHELL.decode("ascii"))
    assert not re.search(r"&&|\|\||\?\?|\?\.|\s\?\s", code)


def test_all_scripts_install_the_same() -> None:
    for script in (POWERSHELL.decode("ascii"), BASH):
        assert "--editable" in script
        assert "[k6]" in script
        assert ".janbench-installed" in script
        assert "(3, 10)" in script
