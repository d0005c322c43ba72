"""PoC-in-GitHub: repositories that name a CVE, found by a nightly search. Few of them are exploits.

Layouts: one `{"id": CVE, "repositories": [...]}` a line; the archive of the publisher's repository, with a list of
repositories in `<year>/CVE-....json`. A repository is described as in GitHub's REST API; a count that is missing is 0.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, Any

from weaknesses.feeds.base import FeedKind, Store, Topic
from weaknesses.feeds.reading import BAD_RECORD, CVE, LONGEST_LINE, cve_id, day, lines, members, refused, text
from weaknesses.records import EvidenceRecord, FeedRecord

_PUBLIC = 1  # ExploitEvidence.Level
LARGEST_RECORD = 4 * 2**20  # bytes; the longest known have 56 kB
LEAST_STARS, LEAST_FORKS = 10, 2
MOST_CVES = 3  # in one name and description; more is a collection
# What is no exploit although it names a weakness: in names, descriptions and topics.
_OTHERWISE = re.compile(
    r"""\b(scan\w*|detect\w*|check\w*|finder|hunt\w*|honeypot\w*|ioc|iocs|yara|sigma|snort|suricata|nuclei|nse|nmap|plugin|rules?
    |patch\w*|fix(es|ed|er)?|mitigat\w*|remediat\w*|workaround|hotfix|updat(e|er|es)|vaccine|harden\w*|protect\w*|prevent\w*|validat\w*
    |analysis|analy[sz]\w*|write-?ups?|paper|slides|notes?|blog|article|report|research|summary|overview|guide|tutorial|advisory|demo|lab|labs
    |collection\w*|list|awesome|archive|database|dataset|mirror|fake|scam|malware|rickroll|troll|prank|test(s|er|ing)?|vulnerable|docker
    |environment|playground|ctf|room|sbom|inventory)\b|扫描|检测|分析|复现环境|修复""",
    re.VERBOSE | re.IGNORECASE,
)


def parse(stream: IO[bytes], name: str) -> Iterator[FeedRecord]:
    """A public exploit for each repository that fits the rule of `reason_against`; the others are counted by reason."""
    left_out: Counter[str] = Counter()
    for place, content in _listings(stream, name):
        if content is None or len(content) > LARGEST_RECORD:
            yield refused(place, "The record is too long.")
            continue
        if not content.strip():
            continue
        try:
            cve, repositories = _listing(place, json.loads(content))
        except BAD_RECORD as error:
            yield refused(place, error, content)
            continue
        for repository in repositories:
            try:
                reason = reason_against(cve, repository)
                if reason:
                    left_out[reason] += 1
                else:
                    yield _evidence(cve, repository)
            except BAD_RECORD as error:
                yield refused(cve, error, repository)
    for reason, count in sorted(left_out.items()):
        yield refused("the whole list", f"{count:,} repositories {reason}; left out.")


def _listings(stream: IO[bytes], name: str) -> Iterator[tuple[str, bytes | None]]:
    if not name.lower().endswith(".zip"):
        for number, line in lines(stream):
            yield f"line {number}", line
        return
    for member, content in members(stream):
        if CVE.fullmatch(PurePosixPath(member).stem) and member.endswith(".json"):
            read = content.read(LONGEST_LINE)
            yield member, read if len(read) < LONGEST_LINE else None


def _listing(place: str, listing: Any) -> tuple[str, list[Any]]:
    if isinstance(listing, list):  # a file of the archive is named after its CVE
        return cve_id(PurePosixPath(place).stem), listing
    repositories = listing["repositories"]
    if not isinstance(repositories, list):
        raise TypeError(f"{type(repositories).__name__} where a list of repositories was expected")
    return cve_id(listing["id"]), repositories


def reason_against(cve: str, repository: dict[str, Any]) -> str:
    """Why a repository is not taken for an exploit of this CVE; "" for one that is.

    It names the weakness and few others, is no copy, is not older than the weakness, is not called something else (a
    scanner, a patch, a write-up, a laboratory), and people found it worth keeping: stars and forks.
    """
    topics = " ".join(topic for topic in repository.get("topics") or [] if isinstance(topic, str))
    about = f"{text(repository['name'], 200)} {text(repository.get('description'), 2000)}"
    named = {found.replace("_", "-") for found in re.findall(r"CVE[-_][0-9]{4}[-_][0-9]{4,}", about.upper())}
    created = day(repository.get("created_at"))
    if cve not in named:
        return "do not name the weakness"
    if len(named) > MOST_CVES:
        return "collect many weaknesses"
    if repository.get("fork") is True or repository.get("is_template") is True:
        return "are copies or templates"
    if created is None or created < dt.date(int(cve[4:8]) - 1, 1, 1):
        return "are older than the weakness"
    if _OTHERWISE.search(_spelled_out(f"{about} {topics}")):
        return "are scanners, patches, write-ups or laboratories by their own words"
    if _count(repository.get("stargazers_count")) < LEAST_STARS or _count(repository.get("forks_count")) < LEAST_FORKS:
        return f"have fewer than {LEAST_STARS} stars or {LEAST_FORKS} forks"
    return ""


def _spelled_out(about: str) -> str:
    """Words of names: CVE-2099-1_Scanner, PatchTool -> apart."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", about).replace("_", " ")


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _evidence(cve: str, repository: dict[str, Any]) -> EvidenceRecord:
    full_name = text(repository["full_name"], 200)
    if not re.fullmatch(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+", full_name):
        raise ValueError(f"{full_name[:60]!r} is not the name of a repository.")
    return EvidenceRecord(
        cve=cve,
        reference=full_name,
        level=_PUBLIC,
        title=full_name,
        url=f"https://github.com/{full_name}",
        day=day(repository.get("created_at")),
    )


FEED = FeedKind(
    kind="poc_in_github",
    label="PoC-in-GitHub",
    about="Repositories that hold a proof of concept of a weakness; scanners, write-ups, copies and what nobody kept left out.",
    home="https://github.com/nomi-sec/PoC-in-GitHub",
    licence="None stated; facts about public repositories",
    attribution="PoC-in-GitHub, nomi-sec.",
    taken="CVE id, name and address of a repository, the day it was made; never its content",
    topic=Topic.EXPLOITS,
    store=Store.EVIDENCE,
    parse=parse,
    patterns=("poc-in-github*.jsonl", "poc-in-github*.jsonl.gz", "poc-in-github*.zip"),
    addresses=(("poc-in-github.zip", "https://github.com/nomi-sec/PoC-in-GitHub/archive/refs/heads/master.zip"),),
    complete=True,
)
