"""A file that another package has replaced is found."""

from __future__ import annotations

import sysconfig
import zipfile
from pathlib import Path

import pytest

from installation.shared_files import find_replaced_files
from tests.installation.wheels import write_wheel


def _install(folder: Path, *names: str) -> None:
    """Unpack packages one after the other: the last one's files stay."""
    for name in names:
        write_wheel(folder, name, {"aws_cdk/shared.py": name, f"{name}.py": name})
        wheel = folder / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel) as file:
            file.extractall(folder)


def test_file_of_the_other_package_is_found(tmp_path: Path) -> None:
    _install(tmp_path, "right", "other")

    assert list(find_replaced_files(tmp_path, "right")) == [tmp_path / "aws_cdk/shared.py"]
    assert list(find_replaced_files(tmp_path, "other")) == []


def test_file_that_is_missing_is_found(tmp_path: Path) -> None:
    _install(tmp_path, "other", "right")
    assert list(find_replaced_files(tmp_path, "right")) == []

    (tmp_path / "aws_cdk/shared.py").unlink()

    assert list(find_replaced_files(tmp_path, "right")) == [tmp_path / "aws_cdk/shared.py"]


def test_package_that_is_not_installed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(find_replaced_files(tmp_path, "right"))


def test_this_environment_has_the_files_of_aws_cdk_lib() -> None:
    site_packages = Path(sysconfig.get_paths()["purelib"])

    assert list(find_replaced_files(site_packages, "aws_cdk_lib")) == []
