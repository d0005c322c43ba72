"""Rules about files: names, words, vendored files, templates."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
VENDOR = ROOT / "static" / "vendor"
APPS = ("core", "inventory", "weaknesses", "recommendations", "remediation", "exceptions", "tvm_portal")
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PAGES = [file for file in TEMPLATES if file.parent.name != "mail"]  # mails have neither our policy nor our style sheets
VAGUE = {"utils.py", "helpers.py", "services.py", "managers.py", "signals.py", "misc.py", "common.py"}
# Words about how the project is made, or where: it speaks of itself alone.
FOREIGN = re.compile(
    r"/(?:work|root|home/\w+)/\w|\.{2}/shared|\b(?:pypi|npmjs|pythonhosted)\.org\b|\bissue #?\d+\b|\bTODO\b|\bFIXME\b|\bXXX\b"
)
MAY_MENTION = {".ci/run": r"\.{2}/shared"}  # where data for the tests may lie beside a clone


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def _own_text_files() -> list[Path]:
    suffixes = {".py", ".md", ".html", ".css", ".js", ".sql", ".toml", ".txt", ".tsv", ".yml", ".svg", ""}
    here = Path(__file__).resolve()
    return [
        file
        for file in _tracked()
        if file.suffix in suffixes and VENDOR not in file.parents and file != here and "samples" not in file.parts
    ]


def test_the_project_speaks_of_itself_alone() -> None:
    found = []
    for file in _own_text_files():
        name = str(file.relative_to(ROOT))
        text = re.sub(MAY_MENTION.get(name, r"\0"), "", file.read_text(errors="replace"))
        found += [f"{name}: {match[0]}" for match in FOREIGN.finditer(text)]
    assert found == []


def test_no_file_is_named_after_nothing() -> None:
    assert [str(file) for file in _tracked() if file.name in VAGUE] == []


def test_migrations_are_named() -> None:
    names = [file.stem for app in APPS for file in (ROOT / app / "migrations").glob("0*.py")]
    assert names
    assert [name for name in names if "auto" in name or re.fullmatch(r"\d+_\d+.*", name)] == []


def test_vendored_files_are_those_of_the_manifest() -> None:
    listed = {entry["file"]: entry for entry in json.loads((VENDOR / "VENDOR.json").read_text())}
    there = {str(file.relative_to(VENDOR)) for file in VENDOR.rglob("*") if file.is_file()} - {"VENDOR.json"}
    assert there == set(listed)
    for name, entry in listed.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == entry["sha256"], name
        assert re.fullmatch(r".+@\d+\.\d+\.\d+", entry["package"])
        assert entry["licence"]


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT / "templates")))
def test_a_template_has_nothing_the_policy_would_block(file: Path) -> None:
    text = re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", file.read_text(), flags=re.DOTALL)
    scripts = [tag for tag in re.findall(r"<script\b[^>]*>", text) if "src=" not in tag and 'type="application/json"' not in tag]
    assert scripts == []
    assert re.findall(r"<style\b", text) == []
    assert re.findall(r"""\sstyle\s*=\s*["'{]""", text) == []
    assert re.findall(r"\son[a-z]+\s*=\s*[\"'{]", text) == []
    assert re.findall(r"javascript:|hx-on|hx-vals=['\"]js:", text) == []
    assert re.findall(r"""(?:src|href)=["']https?://""", re.sub(r"<a\b[^>]*>", "", text)) == []
    assert "|safe" not in text


FRAME = [ROOT / "templates" / name for name in ("base.html", "components/topbar.html", "search/box.html")]


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: str(file.relative_to(ROOT / "templates")))
def test_a_partial_is_named_like_the_element_it_replaces(file: Path) -> None:
    """An element of the same template, or of the frame around every page (the flyout)."""
    text = "".join(part.read_text() for part in (file, *FRAME))
    for name in re.findall(r"\{%-?\s*partialdef\s+([\w-]+)", text):
        assert re.search(rf'id="{re.escape(name)}"', text), f"{name} is no id in {file.name}"


@pytest.mark.parametrize("file", sorted((ROOT / "static" / "css").glob("*.css")), ids=lambda file: file.name)
def test_every_brace_of_a_style_sheet_has_its_other_half(file: Path) -> None:
    """A stray one silently takes the next rule with it."""
    depth = 0
    for brace in re.findall(r"[{}]", re.sub(r"/\*.*?\*/", "", file.read_text(), flags=re.DOTALL)):
        depth += 1 if brace == "{" else -1
        assert depth >= 0, "closes more than it opens"
    assert depth == 0, "opens more than it closes"
