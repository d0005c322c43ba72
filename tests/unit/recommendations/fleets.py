"""Random small fleets for the properties of the scoring model."""

from __future__ import annotations

from hypothesis import strategies as st

from recommendations.records import Effect, ExceptedWeakness, Fleet, FleetCheck, FleetMachine, FleetVersion, Match, ScoredWeakness

CVES = tuple(f"CVE-2026-{n:04}" for n in range(1, 9))
SOFTWARE = ("acme-_-editor", "acme-_-server", "debian-_-openssl")
CHECKS = ("scid-1", "scid-2", "scid-3")
GROUPS = ("default", "servers")

weaknesses = st.builds(
    ScoredWeakness,
    cvss=st.none() | st.integers(0, 100).map(lambda tenths: tenths / 10),
    severity=st.integers(0, 4),
    epss=st.integers(0, 1000).map(lambda thousandths: thousandths / 1000),
    exploit=st.integers(0, 3),
    exploited=st.booleans(),
    alerted=st.booleans(),
)


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    """A consistent fleet: support of a software is over for all of its versions or for none."""
    known = {cve: draw(weaknesses) for cve in CVES}
    versions = {}
    for software in SOFTWARE:
        ended = draw(st.sampled_from((False, False, False, True)))
        for number in range(draw(st.integers(1, 3))):
            found = draw(st.lists(st.sampled_from(CVES), unique=True, max_size=4))
            matches = {cve: draw(st.builds(Match, fixed=st.booleans())) for cve in found}
            versions[f"{software}@{number}"] = FleetVersion(software, ended, draw(st.sampled_from((False, False, True))), matches)
    machines = {f"m{number}": draw(_machine(tuple(versions))) for number in range(draw(st.integers(0, 5)))}
    checks = {name: FleetCheck(impact=draw(st.integers(1, 10)), category="os") for name in CHECKS}
    effects = draw(
        st.lists(
            st.builds(
                Effect,
                recommendation=st.sampled_from([f"va-_-{software}" for software in SOFTWARE] + [f"sca-_-{CHECKS[0]}"]),
                group=st.sampled_from((None, *GROUPS)),
                mitigates=st.booleans(),
            ),
            max_size=2,
            unique_by=lambda effect: (effect.recommendation, effect.group),
        )
    )
    return Fleet(machines=machines, versions=versions, weaknesses=known, checks=checks, effects=tuple(effects))


excepted_weaknesses = st.lists(
    st.builds(
        ExceptedWeakness,
        weakness=st.sampled_from(CVES[:4]),
        software=st.sampled_from((None, None, *SOFTWARE[:2])),
        group=st.sampled_from((None, *GROUPS)),
    ),
    max_size=3,
    unique=True,
).map(tuple)


@st.composite
def _machine(draw: st.DrawFn, versions: tuple[str, ...]) -> FleetMachine:
    return FleetMachine(
        group=draw(st.sampled_from(GROUPS)),
        value=draw(st.integers(0, 2)),
        internet_facing=draw(st.booleans()),
        alerted=draw(st.sampled_from((False, False, False, True))),
        active=draw(st.sampled_from((True, True, True, False))),
        versions=frozenset(draw(st.lists(st.sampled_from(versions), max_size=5))),
        checks={check: draw(st.booleans()) for check in draw(st.lists(st.sampled_from(CHECKS), unique=True))},
    )
