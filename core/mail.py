"""Mail with a text and an HTML part, from the templates `mail/<name>.txt` and `mail/<name>.html`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.utils import make_msgid
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException, SMTPServerDisconnected
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string


class MailUnavailable(Exception):
    """The mail was not taken; the text says why. `lasting`: another try would end the same."""

    def __init__(self, sentence: str, *, lasting: bool = False) -> None:
        super().__init__(sentence)
        self.lasting = lasting


class MailServerSilent(MailUnavailable):
    """The server cannot be reached, or hung up: the next mail would fare no better now."""


def enabled() -> bool:
    """Whether a mail server is set."""
    return bool(settings.EMAIL_HOST)


def address_of(path: str) -> str:
    """The whole address of a page of the portal, for mails and tickets."""
    return f"{settings.PUBLIC_URL}{path}"


def send(*, to: Sequence[str], subject: str, template: str, context: Mapping[str, Any], key: str = "") -> None:
    """Hand one mail to the server. `key`: the same for every try of the mail, so that receivers tell repeats. Raises MailUnavailable."""
    if not enabled():
        raise MailUnavailable("No mail server is set: EMAIL_URL is empty.", lasting=True)
    known = {"portal": settings.PUBLIC_URL, **context}
    host = urlsplit(settings.PUBLIC_URL).hostname or "tvm.invalid"
    reference = f"<{key}@{host}>" if key else make_msgid(domain=host)
    mail = EmailMultiAlternatives(
        " ".join(subject.split()), render_to_string(f"mail/{template}.txt", known), to=list(to), headers={"Message-ID": reference}
    )
    mail.attach_alternative(render_to_string(f"mail/{template}.html", known), "text/html")
    try:
        mail.send()
    except SMTPException as error:
        code = getattr(error, "smtp_code", 0)
        raise MailUnavailable(f"The mail server refused it: {error}", lasting=500 <= code < 600) from error
    except OSError as error:
        raise MailUnavailable(f"The mail server does not answer: {error}") from error


def rendered(template: str, context: Mapping[str, Any]) -> tuple[str, str]:
    """The text and the HTML of a mail, to be kept and sent as they are."""
    known = {"portal": settings.PUBLIC_URL, **context}
    return render_to_string(f"mail/{template}.txt", known), render_to_string(f"mail/{template}.html", known)


def one_line(text: str) -> str:
    """A subject without line breaks and other control characters, whatever names are in it."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def hand_over(*, to: str, subject: str, text: str, html: str, key: str) -> None:
    """Hand a mail that was made before to the server; `key` becomes its Message-ID. Raises MailUnavailable."""
    if not enabled():
        raise MailUnavailable("No mail server is set: EMAIL_URL is empty.")
    host = urlsplit(settings.PUBLIC_URL).hostname or "tvm.invalid"
    headers = {"Message-ID": f"<{key}@{host}>", "Auto-Submitted": "auto-generated"}
    mail = EmailMultiAlternatives(one_line(subject), text, to=[to], headers=headers)
    mail.attach_alternative(html, "text/html")
    try:
        mail.send()
    except (SMTPException, OSError, ValueError) as error:
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> MailUnavailable:
    """What the server said, in a sentence. Answers from 500 on are lasting."""
    if isinstance(error, SMTPRecipientsRefused):
        return _refused(*next(iter(error.recipients.values())))
    if isinstance(error, SMTPResponseException):
        return _refused(error.smtp_code, error.smtp_error)
    if isinstance(error, SMTPServerDisconnected) or not isinstance(error, (SMTPException, ValueError)):
        return MailServerSilent(f"The mail server does not answer: {error}")
    return MailUnavailable(f"The mail could not be sent: {error}", lasting=isinstance(error, ValueError))


def _refused(code: int, said: bytes | str) -> MailUnavailable:
    words = said.decode(errors="replace") if isinstance(said, bytes) else said
    return MailUnavailable(f"The mail server refused it: {code} {words}", lasting=500 <= code < 600)
