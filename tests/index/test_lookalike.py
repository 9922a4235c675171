"""Impostors of official domains are named, honest neighbours are not (reliability.md E3)."""

from __future__ import annotations

import pytest

from index.lookalike import imitated, imitating, registrable

OFFICIAL = ("piyao.org.cn", "www.nmpa.gov.cn", "cfs.gov.hk", "who.int", "nhc.gov.cn", "mem.gov.cn", "cdc.gov")

IMPOSTORS = {
    # sub-domains of somebody else
    "piyao.org.cn.login.example": "piyao.org.cn",
    "www.piyao.org.cn.evil.test": "piyao.org.cn",
    "who.int.example.net": "who.int",
    "nmpa.gov.cn.verify.example.com": "nmpa.gov.cn",
    "cdc.gov.help.example": "cdc.gov",
    # hyphens
    "piyao-org.cn": "piyao.org.cn",
    "www.piyao-org-cn.com": "piyao.org.cn",
    "secure-piyao.com": "piyao.org.cn",
    "pi-yao.cn": "piyao.org.cn",
    "who-int.org": "who.int",
    "login-who-int.example": "who.int",
    "nhc-gov.cn": "nhc.gov.cn",
    "cdc-gov.us": "cdc.gov",
    "nmpa-gov-cn.top": "nmpa.gov.cn",
    "cfs-gov-hk.info": "cfs.gov.hk",
    # another ending
    "piyao.com": "piyao.org.cn",
    "piyao.cc": "piyao.org.cn",
    "nmpa.com.cn": "nmpa.gov.cn",
    "piyaoorgcn.com": "piyao.org.cn",
    "nmpagov.cn": "nmpa.gov.cn",
    "whoint.com": "who.int",
    # letters that look alike
    "рiyao.org.cn": "piyao.org.cn",  # Cyrillic er
    "piyаo.org.cn": "piyao.org.cn",  # Cyrillic a
    "piyaο.org.cn": "piyao.org.cn",  # Greek omicron
    "pìyáo.org.cn": "piyao.org.cn",
    "xn--iyao-f6d.org.cn": "piyao.org.cn",  # the first one in ASCII
    "whο.int": "who.int",
    "who.ïnt": "who.int",
    "nrnpa.gov.cn": "nmpa.gov.cn",
    # digits
    "p1yao.org.cn": "piyao.org.cn",
    "piya0.org.cn": "piyao.org.cn",
    "wh0.int": "who.int",
    # slips
    "piyoa.org.cn": "piyao.org.cn",
    "piyaoo.org.cn": "piyao.org.cn",
    "piao.org.cn": "piyao.org.cn",
}

HONEST = (
    # the domains themselves, in any spelling
    "piyao.org.cn", "www.piyao.org.cn", "PIYAO.ORG.CN.", "a.b.who.int", "ｗｈｏ.int", "www。piyao。org。cn",
    "nmpa.gov.cn", "www.cfs.gov.hk",
    # their neighbours under the same ending
    "www.gov.cn", "nhsa.gov.cn", "ndrc.gov.cn", "mee.gov.cn", "moe.gov.cn", "chp.gov.hk", "ncdc.gov.au", "fda.gov",
    # words that hold a short name
    "whois.com", "whole.international", "whointerviewed.example", "cdcgames.net", "membership.example", "memphis.gov",
    # other words
    "biyao.com", "piaotian.com", "yaopi.org", "miyao.org", "nhctv.example", "nma.com", "npa.go.jp",
    "factcheck.afp.com", "people.com.cn", "xinhuanet.com", "weibo.com", "tfc-taiwan.org.tw", "snopes.com",
    # real names in other scripts
    "辟谣.cn", "中国政府网.政务", "россия.рф", "münchen.de", "日本語.jp", "한국.kr", "ελλάδα.gr", "वेबसाइट.भारत",
    # no names at all
    "127.0.0.1", "192.168.0.1", "::1", "localhost", "example", "", ".", "-", "xn--", "xn--0.cn", "a" * 300, "..." * 50,
)  # fmt: skip


@pytest.mark.parametrize("host", IMPOSTORS)
def test_an_impostor_is_named_with_what_it_imitates(host: str) -> None:
    assert imitated(host, OFFICIAL) == IMPOSTORS[host]


@pytest.mark.parametrize("host", HONEST)
def test_an_honest_host_is_left_alone(host: str) -> None:
    assert imitated(host, OFFICIAL) is None


def made_impostors(domain: str) -> set[str]:
    """Swapped, doubled and look-alike letters in the name, other endings, hyphens, and ways to nest it."""
    name, suffix = domain.split(".", 1)
    alike = {"a": "а", "o": "0", "i": "1", "p": "р", "e": "е", "c": "с", "n": "ո"}
    swapped = {name[:n] + name[n + 1] + name[n] + name[n + 2 :] for n in range(len(name) - 1)}
    doubled = {name[:n] + name[n] + name[n:] for n in range(len(name))}
    replaced = {name.replace(letter, twin) for letter, twin in alike.items() if letter in name}
    found = {f"{other}.{suffix}" for other in (swapped | doubled | replaced) - {name}}
    found |= {f"{name}.{ending}" for ending in ("com", "net", "org", "cc", "top", "info", "online", "cn")}
    squashed = domain.replace(".", "-")
    found |= {f"{domain}.{host}" for host in ("evil.example", "login.example.com", "a.b.example.org")}
    found |= {f"{squashed}.{ending}" for ending in ("com", "net", "top")}
    found |= {f"{part}-{name}.com" for part in ("www", "m", "secure")}
    found |= {f"{name}-{part}.com" for part in ("cn", "app")}
    return found - {domain}


def test_nine_in_ten_made_impostors_are_warned_about_and_none_counts_as_official() -> None:
    official = ("piyao.org.cn", "nmpa.gov.cn", "mygopen.com", "factcheck.org", "sinchew.com.my", "chinanews.com.cn")
    made = {host: domain for domain in official for host in made_impostors(domain)}
    warned = [host for host, domain in made.items() if imitated(host, official)]
    assert len(made) >= 150
    assert len(warned) / len(made) >= 0.9
    assert [host for host in made if registrable(host) in official] == []


def test_only_hosts_of_links_are_looked_at_once_each() -> None:
    urls = [
        "https://piyao-org.cn/a?b=piyao.org.cn",
        "http://piyao-org.cn:8080/c",
        "https://www.piyao.org.cn/",
        "https://user@wh0.int/",
        "https://[::1]/",
        "https://[broken",
        "mailto:a@piyao-org.cn",
        "nonsense",
    ]
    assert imitating(urls, OFFICIAL) == ("piyao-org.cn", "wh0.int")
    assert imitating(urls, ()) == ()


def test_addresses_and_bare_names_in_the_registry_are_imitated_by_nothing() -> None:
    assert imitated("127.0.0.2", ("127.0.0.1", "localhost")) is None
    assert imitated("localhost.example", ("127.0.0.1", "localhost")) is None
