"""uv reaches what pip is configured to reach."""

from __future__ import annotations

import doctest

from installation import pip_settings
from installation.pip_settings import read_pip_settings, translate_for_uv


def test_examples_hold() -> None:
    result = doctest.testmod(pip_settings)

    assert result.attempted == 3
    assert not result.failed


def test_environment_replaces_files_and_a_command_replaces_all_commands() -> None:
    listed = "\n".join(
        (
            ":env:.find-links='/from-environment'",
            "global.find-links='/from-file'",
            "global.index-url='https://global.example.com'",
            "install.index-url='https://install.example.com'",
            "download.no-index='true'",
        )
    )

    assert read_pip_settings(listed) == {
        "find-links": "/from-environment",
        "index-url": "https://install.example.com",
    }


def test_quotes_and_lines_within_values_are_kept() -> None:
    listed = """global.find-links='\\n/one\\n/two'\nglobal.cert="/it's/here.pem"\n"""

    settings = read_pip_settings(listed)

    assert settings == {"find-links": "\n/one\n/two", "cert": "/it's/here.pem"}
    assert translate_for_uv(settings).arguments[-2:] == ["--find-links=/one", "--find-links=/two"]


def test_passwords_of_an_index_are_not_arguments() -> None:
    address = "https://reader:secret@pypi.example.com/simple"

    settings = translate_for_uv(
        {"index-url": address, "extra-index-url": f"{address}2\n{address}3"}
    )

    assert not any("secret" in each for each in settings.arguments)
    assert settings.environment == {
        "UV_DEFAULT_INDEX": address,
        "UV_INDEX": f"{address}2 {address}3",
    }


def test_no_index_is_taken_in_every_form_that_pip_takes() -> None:
    for value in ("1", "true", "Yes", "on"):
        assert "--no-index" in translate_for_uv({"no-index": value}).arguments
    for value in ("0", "false", "off", ""):
        assert "--no-index" not in translate_for_uv({"no-index": value}).arguments


def test_certificates_hosts_and_times_are_handed_on() -> None:
    settings = translate_for_uv(
        {
            "cert": "/etc/ca.pem",
            "client-cert": "/etc/me.pem",
            "default-timeout": "180",
            "proxy": "http://proxy.example.com:3128",
            "trusted-host": "a.example.com b.example.com",
        }
    )

    assert settings.environment == {
        "ALL_PROXY": "http://proxy.example.com:3128",
        "SSL_CERT_FILE": "/etc/ca.pem",
        "SSL_CLIENT_CERT": "/etc/me.pem",
        "UV_HTTP_TIMEOUT": "180",
        "UV_INSECURE_HOST": "a.example.com b.example.com",
    }
    assert "--system-certs" in settings.arguments
