# SPDX-License-Identifier: MIT
import pytest
from consent_banner.config import ConfigError, from_document
from consent_banner.hosts import is_host_source
from unit.builder.banner_document import banner_document


@pytest.mark.parametrize(
    "value",
    [
        "https://vendor.example",
        "https://vendor.example:8443",
        "https://*.vendor.example",
        "https://xn--bcher-kva.example",
        "http://localhost:8472",
        "http://vendors.localhost:8472",
        "http://*.vendors.localhost:8472",
        "https://127.0.0.1:8443",
    ],
)
def test_a_host_is_a_scheme_a_host_and_perhaps_a_port(value):
    assert is_host_source(value)


@pytest.mark.parametrize(
    "value",
    [
        "http://vendor.example",
        "http://localhost.vendor.example",
        "http://notlocalhost",
        "vendor.example",
        "//vendor.example",
        "https:",
        "https://",
        "*",
        "https://*",
        "https://*.com",
        "https://a.*.example",
        "https://*.*.example",
        "https://*vendor.example",
        "https://vendor.example/",
        "https://vendor.example/a.js",
        "https://vendor.example?x",
        "https://vendor.example:443",
        "https://vendor.example:*",
        "https://Vendor.example",
        "https://vendor.example https://evil.example",
        "https://vendor.example;script-src *",
        "https://user@vendor.example",
        "https://vendor.example\n",
        "wss://vendor.example",
        "data:",
        "'unsafe-inline'",
        "'self'",
        "",
        3,
        None,
        ["https://vendor.example"],
    ],
)
def test_what_could_mean_more_than_one_host_is_refused(value):
    assert not is_host_source(value)


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("wss://vendor.example", True),
        ("wss://*.vendor.example", True),
        ("ws://localhost:8472", True),
        ("https://vendor.example", True),
        ("ws://vendor.example", False),
        ("wss://vendor.example/socket", False),
    ],
)
def test_connections_may_be_web_sockets(value, fits):
    assert is_host_source(value, ("https", "wss")) is fits


def with_hosts(hosts):
    document = banner_document()
    document["category"][1]["service"][0]["hosts"] = hosts
    return document


def test_hosts_are_kept_with_the_service():
    hosts = {"script": ["https://b.example", "https://a.example"], "connect": ["wss://a.example"]}
    service = from_document(with_hosts(hosts)).categories[1].services[0]
    assert service.hosts == {
        "script": ("https://b.example", "https://a.example"),
        "connect": ("wss://a.example",),
    }


def test_each_wrong_host_is_named_with_its_place():
    with pytest.raises(ConfigError) as refused:
        from_document(with_hosts({"script": ["https://a.example", "a.example"], "connect": [1, 2]}))
    here = "category[1].service[0].hosts"
    script = "https://host[:port], or https://*.example.com; http only for localhost"
    connect = (
        f"https://host[:port] or wss://host[:port]{script.removeprefix('https://host[:port]')}"
    )
    assert str(refused.value).splitlines()[1:] == [
        f"  {here}.connect[0]: found 1, expected {connect}",
        f"  {here}.connect[1]: found 2, expected {connect}",
        f'  {here}.script[1]: found "a.example", expected {script}',
    ]
