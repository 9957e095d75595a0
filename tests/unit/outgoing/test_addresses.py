"""What may be called, and what never."""

from ipaddress import ip_address

import pytest

from turnout.outgoing.addresses import Target, is_public, require_allowed, resolve, resolve_within

PRIVATE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8",
    "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::8.8.8.8",
    "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "2001:10::1", "2002:7f00:1::",
    "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1", "ff0e::1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "172.32.0.1", "192.169.0.1", "2606:4700::1111", "2a00:1450:4001:80b::200e",
          "64:ff9b::8.8.8.8"]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_private_and_reserved_addresses_are_not_public(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("ftp://example.com/", "must be a web address"),
        ("https:///path", "must be a web address"),
        ("https:example.com", "must be a web address"),
        ("//example.com/", "must be a web address"),
        ("https://[::1/", "must be a web address"),
        ("https://example.com:port/", "must be a web address"),
        ("https://example.com:99999/", "must be a web address"),
        ("https://example.com:0/", "port"),
        ("https://ada@example.com/", "user name"),
        ("https://ada:word@example.com/", "user name"),
        ("https://@example.com/", "user name"),
        ("https://public.example.com@127.0.0.1/", "user name"),
        ("https://example.com/#there", "fragment"),
        ("https://example.com/#", "fragment"),
        ("https://example.com\\@127.0.0.1/", "visible ASCII"),
        ("https://example.com/a b", "visible ASCII"),
        ("https://example.com/a\tb", "visible ASCII"),
        ("https://exam\nple.com/", "visible ASCII"),
        ("https://example.com/\r\nX-Evil: 1", "visible ASCII"),
        ("https://bücher.example.com/", "visible ASCII"),
        ("https://example.com/é", "visible ASCII"),
        ("https://127.1/", "host name"),
        ("https://2130706433/", "host name"),
        ("https://0x7f000001/", "host name"),
        ("https://0x7f.1/", "host name"),
        ("https://0177.0.0.1/", "host name"),
        ("https://1.2.3.4.5/", "host name"),
        ("https://example.com./", "host name"),
        ("https://exa_mple.com/", "host name"),
        ("https://-example.com/", "host name"),
        ("https://example..com/", "host name"),
        ("https://exa%6dple.com/", "host name"),
        ("https://" + "a" * 64 + ".com/", "host name"),
        ("https://" + "a." * 127 + "com/", "host name"),
        ("https://[fe80::1%25eth0]/", "network interface"),
        ("https://[v1.abc]/", "web address"),
    ],
)
def test_an_address_that_is_none_is_refused_with_a_reason(url, told):
    with pytest.raises(ValueError, match=told):
        Target.of(url)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://example.com/", "must begin with https://"),
        ("https://localhost/", "known on the internet"),
        ("https://intranet/", "known on the internet"),
        ("https://ada.localhost/", "known on the internet"),
        *(
            (f"https://[{address}]/" if ":" in address else f"https://{address}/", "public address")
            for address in PRIVATE
        ),
    ],
)
def test_what_is_seen_to_be_private_is_refused_at_once(url, told):
    with pytest.raises(ValueError, match=told):
        require_allowed(Target.of(url), private=False)
    require_allowed(Target.of(url), private=True)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_literals_are_allowed(address):
    require_allowed(Target.of(f"https://[{address}]/" if ":" in address else f"https://{address}/"), private=False)


def test_an_address_is_read_into_its_parts():
    assert Target.of("https://Example.COM") == Target("https", "example.com", 443, "/")
    assert Target.of("https://example.com:8443/a/b?c=d&e=%20") == Target("https", "example.com", 8443, "/a/b?c=d&e=%20")
    assert Target.of("https://example.com?") == Target("https", "example.com", 443, "/?")
    assert Target.of("https://xn--bcher-kva.example.com").host == "xn--bcher-kva.example.com"
    assert Target.of("https://[2606:4700:0::1111]/").host == "2606:4700::1111"


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://example.com/", "example.com"),
        ("https://example.com:443/", "example.com"),
        ("https://example.com:80/", "example.com:80"),
        ("http://127.0.0.1:8000/", "127.0.0.1:8000"),
        ("https://[2606:4700::1111]:8443/", "[2606:4700::1111]:8443"),
    ],
)
def test_the_host_header_names_the_port_unless_it_is_the_usual(url, authority):
    assert Target.of(url).authority == authority


def test_the_system_is_asked_for_addresses():
    assert ip_address("127.0.0.1") in resolve("localhost", 80)
    assert resolve("127.0.0.1", 80) == [ip_address("127.0.0.1")]
    with pytest.raises(OSError):
        resolve("nowhere.invalid", 80)


def test_a_name_that_is_not_found_in_time_is_not_waited_for():
    import threading

    never = threading.Event()
    with pytest.raises(TimeoutError):
        resolve_within(0.05, lambda _host, _port: never.wait(30) or [], "slow.example.com", 443)
    never.set()
