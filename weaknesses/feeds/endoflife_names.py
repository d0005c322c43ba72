"""Names in vulnerability data of products for which endoflife.date states none. Its own identifiers are kept beside them.

Left out are devices, services and standards, which no machine reports, and products whose release lines are not how their
versions begin (SharePoint's years, NVIDIA's branches, Oracle Database's letters).
"""

from __future__ import annotations

from typing import Final

NAMES: Final[dict[str, tuple[str, ...]]] = {
    "apache-activemq-artemis": ("cpe:a:apache:activemq_artemis",),
    "apache-hop": ("cpe:a:apache:hop",),
    "apache-subversion": ("cpe:a:apache:subversion",),
    "argo-cd": ("cpe:a:argoproj:argo_cd",),
    "citrix-vad": ("cpe:a:citrix:virtual_apps_and_desktops",),
    "cockroachdb": ("cpe:a:cockroachlabs:cockroachdb",),
    "pan-cortex-xdr": ("cpe:a:paloaltonetworks:cortex_xdr_agent",),
    "dotnetfx": ("cpe:a:microsoft:.net_framework",),
    "elixir": ("cpe:a:elixir-lang:elixir",),
    "erlang": ("cpe:a:erlang:erlang/otp",),
    "eslint": ("npm:eslint",),
    "etcd": ("cpe:a:etcd:etcd",),
    "filemaker": ("cpe:a:claris:filemaker_pro", "cpe:a:filemaker:filemaker"),
    "fluent-bit": ("cpe:a:treasuredata:fluent_bit",),
    "internet-explorer": ("cpe:a:microsoft:internet_explorer",),
    "isc-dhcp": ("cpe:a:isc:dhcp",),
    "joomla": ("cpe:a:joomla:joomla!",),
    "kotlin": ("cpe:a:jetbrains:kotlin",),
    "mautic": ("cpe:a:acquia:mautic",),
    "meilisearch": ("cpe:a:meilisearch:meilisearch",),
    "microsoft-build-of-openjdk": ("cpe:a:microsoft:openjdk",),
    "mule-runtime": ("cpe:a:mulesoft:mule_runtime",),
    "nix": ("cpe:a:nixos:nix",),
    "notepad-plus-plus": ("cpe:a:notepad-plus-plus:notepad++",),
    "openbao": ("cpe:a:openbao:openbao",),
    "opentofu": ("cpe:a:opentofu:opentofu",),
    "openvpn": ("cpe:a:openvpn:openvpn",),
    "oracle-graalvm": ("cpe:a:oracle:graalvm", "cpe:a:oracle:graalvm_for_jdk"),
    "otobo": ("cpe:a:rotheross:otobo",),
    "pan-os": ("cpe:o:paloaltonetworks:pan-os",),
    "red-hat-jboss-eap": ("cpe:a:redhat:jboss_enterprise_application_platform",),
    "red-hat-satellite": ("cpe:a:redhat:satellite",),
    "rocket-chat": ("cpe:a:rocket.chat:rocket.chat",),
    "sonarqube-server": ("cpe:a:sonarsource:sonarqube",),
    "telegraf": ("cpe:a:influxdata:telegraf",),
    "thumbor": ("pypi:thumbor",),
    "twig": ("composer:twig/twig",),
    "veeam-backup-and-replication": ("cpe:a:veeam:veeam_backup_&_replication",),
    "veeam-one": ("cpe:a:veeam:one",),
    "visual-studio": (
        "cpe:a:microsoft:visual_studio_2017",
        "cpe:a:microsoft:visual_studio_2019",
        "cpe:a:microsoft:visual_studio_2022",
    ),
    "vmware-harbor-registry": ("cpe:a:linuxfoundation:harbor",),
    "youtrack": ("cpe:a:jetbrains:youtrack",),
    "dbt-core": ("pypi:dbt-core",),
}
