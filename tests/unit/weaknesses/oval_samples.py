"""Small OVAL documents in the layout that Canonical and Red Hat publish. Ids, packages and notices are invented."""

from __future__ import annotations

NAMESPACES = (
    'xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5" xmlns:oval="http://oval.mitre.org/XMLSchema/oval-common-5" '
    'xmlns:ind="http://oval.mitre.org/XMLSchema/oval-definitions-5#independent" '
    'xmlns:unix="http://oval.mitre.org/XMLSchema/oval-definitions-5#unix" '
    'xmlns:linux="http://oval.mitre.org/XMLSchema/oval-definitions-5#linux"'
)


def document(*, maker: str, definitions: str, tests: str = "", objects: str = "", states: str = "", variables: str = "") -> bytes:
    return f"""<?xml version="1.0" encoding="utf-8"?>
<oval_definitions {NAMESPACES}>
  <generator><oval:product_name>{maker}</oval:product_name><oval:timestamp>2099-02-04T10:00:00</oval:timestamp></generator>
  <definitions>{definitions}</definitions><tests>{tests}</tests><objects>{objects}</objects><states>{states}</states>
  <variables>{variables}</variables>
</oval_definitions>""".encode()


def usn(number: int = 1, *, cves: str = "", criteria: str = "") -> str:
    """A notice of Ubuntu about Rocket; the first CVE is rated."""
    rated = (
        '<cve href="https://acme.example/CVE-2099-0001" priority="high" cvss_score="9.8"'
        ' cvss_vector="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" cvss_severity="critical">CVE-2099-0001</cve>'
    )
    return f"""<definition id="oval:com.acme:def:{number}" version="1" class="patch"><metadata>
      <title>USN-{number}-1 -- Rocket vulnerabilities</title><affected family="unix"><platform>Ubuntu 22.04 LTS</platform></affected>
      <reference source="USN" ref_id="USN-{number}-1" ref_url="https://acme.example/USN-{number}-1"/>
      <reference source="CVE" ref_id="CVE-2099-0001"/>{cves}<description>Rocket exploded.</description>
      <advisory from="security@acme.example"><severity>High</severity><issued date="2099-02-03"/>{rated}</advisory></metadata>
      <criteria><extend_definition definition_ref="oval:com.acme:def:100" applicability_check="true"/>
      {criteria or '<criteria operator="OR"><criterion test_ref="tst:1" comment="LTS Release"/></criteria>'}</criteria></definition>"""


def ubuntu(*definitions: str) -> bytes:
    release = '<definition class="inventory" id="oval:com.acme:def:100"><metadata><title>Release</title></metadata><criteria/></definition>'
    return document(
        maker="Canonical USN OVAL Generator",
        definitions=release + "".join(definitions or (usn(),)),
        tests='<linux:dpkginfo_test id="tst:1" check_existence="at_least_one_exists" comment="LTS Release">'
        '<linux:object object_ref="obj:1"/><linux:state state_ref="ste:1"/></linux:dpkginfo_test>'
        '<unix:uname_test id="tst:9" comment="Is kernel 6.2 currently running?"><unix:object object_ref="obj:9"/></unix:uname_test>',
        objects='<linux:dpkginfo_object id="obj:1"><linux:name var_ref="var:1" var_check="at least one"/></linux:dpkginfo_object>',
        states='<linux:dpkginfo_state id="ste:1"><linux:evr datatype="debian_evr_string" operation="less than">0:2.5-1ubuntu1</linux:evr>'
        "</linux:dpkginfo_state>",
        variables='<constant_variable id="var:1" datatype="string"><value>librocket1</value><value>rocket</value></constant_variable>',
    )


def rpm_test(number: int, state: str, comment: str = "", exists: str = "at_least_one_exists") -> str:
    reference = f'<linux:state state_ref="{state}"/>' if state else ""
    return (
        f'<linux:rpminfo_test id="tst:{number}" check="at least one" check_existence="{exists}" comment="{comment}">'
        f'<linux:object object_ref="obj:rocket"/>{reference}</linux:rpminfo_test>'
    )


def redhat(criteria: str, *, kind: str = "patch", tests: str = "", states: str = "") -> bytes:
    definition = f"""<definition id="oval:com.acme.rhsa:def:1" class="{kind}"><metadata><title>RHSA-2099:1: rocket (Important)</title>
      <affected family="unix"><platform>Red Hat Enterprise Linux 9</platform></affected>
      <reference ref_id="RHSA-2099:1" ref_url="https://acme.example/RHSA-2099:1" source="RHSA"/>
      <reference ref_id="CVE-2099-0001" source="CVE"/><description>x</description>
      <advisory from="a"><issued date="2099-01-03"/><updated date="2099-02-03"/>
      <cve cvss3="7.5/CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H" impact="important">CVE-2099-0001</cve>
      <cve impact="moderate">CVE-2099-0002</cve></advisory></metadata>{criteria}</definition>"""
    conditions = (
        '<linux:rpmverifyfile_test id="tst:release" comment="Red Hat Enterprise Linux 9 is installed"/>'
        '<ind:textfilecontent54_test id="tst:module" comment="Module rocket:2 is enabled"/>'
    )
    return document(
        maker="Red Hat OVAL Patch Definition Merger",
        definitions=definition,
        tests=conditions + tests,
        objects='<linux:rpminfo_object id="obj:rocket"><linux:name>Rocket</linux:name></linux:rpminfo_object>',
        states='<linux:rpminfo_state id="ste:key"><linux:signature_keyid operation="equals">1</linux:signature_keyid></linux:rpminfo_state>'
        + states,
    )


def rpm_state(name: str, operation: str, version: str) -> str:
    evr = f'<linux:evr datatype="evr_string" operation="{operation}">{version}</linux:evr>'
    return f'<linux:rpminfo_state id="{name}">{evr}</linux:rpminfo_state>'
