"""What a configuration check is about, by the words of its name: a Configuration.Category value.

The lists are tried in order; a word that is in two of them means the first. Words are whole, in lower case.
"""

from __future__ import annotations

import re

_CATEGORIES = (
    ("os", "partitions? mounts?"),
    (
        "controls",
        r"""audit\w* aide selinux apparmor r?syslog\w* journald? logging logs? antivirus malware integrity fapolicyd usbguard clamav
        mcafee crypto fips defender bitlocker luks edr intrusion""",
    ),
    (
        "network",
        r"""network\w* ssh\w* firewall\w* iptables nftables ufw ipv[46] ipsec tcp\w* udp icmp wireless wifi bluetooth snmpd? telnet\w*
        inetutils rsh rlogin sctp dccp rds tipc smb netbios dns routing redirects? martians?""",
    ),
    (
        "accounts",
        r"""accounts? passwords? passwd pam login logon sudo\w* users? uid gid g?shadow groups? faillock pwquality umask lockout
        credentials? privileges? su root session screensaver tmout""",
    ),
    (
        "application",
        r"""applications? httpd apache\w* nginx mysql mariadb postgres\w* postfix sendmail dovecot vsftpd ftp samba nfs cups squid docker
        podman kube\w* etcd firefox chrome chromium edge java jre office gnome gdm dconf xwindows? ntp\w* chronyd? x?inetd nis tftp
        ldap openldap dhcpd? bind mail web""",
    ),
    (
        "os",
        r"""kernel\w* sysctl grub\w* bootloader boot files? permissions? systemd memory coredumps? updates? yum dnf apt packages? rpm
        modules? filesystems? bios uefi services?""",
    ),
)
_WORDS = [(name, re.compile(rf"(?:^|[^a-z0-9])(?:{'|'.join(words.split())})(?=$|[^a-z0-9])")) for name, words in _CATEGORIES]


def category_of_words(*texts: str, default: str) -> str:
    """The category of the first text that any word of the lists is in; `default` where none says anything."""
    for text in texts:
        spaced = re.sub(r"[_-]", " ", text.lower())
        for category, words in _WORDS:
            if words.search(spaced):
                return category
    return default
