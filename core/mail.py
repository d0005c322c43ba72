"""Mail with a text and an HTML part, from the templates `mail/<name>.txt` and `mail/<name>.html`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import make_msgid
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPServerDisconnected
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


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    text: str
    kind: str  # text/csv


def enabled() -> bool:
    """Whether a mail server is set."""
    return bool(settings.EMAIL_HOST)


def address_of(path: str) -> str:
    """The whole address of a page of the portal, for mails and tickets."""
    return f"{settings.PUBLIC_URL}{path}"


def rendered(template: str, context: Mapping[str, Any]) -> tuple[str, str]:
    """The text and the HTML of a mail, to be kept and sent as they are."""
    known = {"portal": settings.PUBLIC_URL, **context}
    return render_to_string(f"mail/{template}.txt", known), render_to_string(f"mail/{template}.html", known)


def one_line(text: str) -> str:
    """A subject without line breaks and other control characters, whatever names are in it."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def hand_over(
    *,
    to: Sequence[str],
    subject: str,
    text: str,
    html: str,
    key: str = "",
    thread: str = "",
    attachments: Sequence[Attachment] = (),
) -> None:
    """Hand one mail to the server. Raises MailUnavailable.

    `key` becomes its Message-ID: the same for every try of the mail, so that receivers tell repeats. `thread`: the key of the mail before.
    """
    if not enabled():
        raise MailUnavailable("No mail server is set: EMAIL_URL is empty.")
    host = urlsplit(settings.PUBLIC_URL).hostname or "tvm.invalid"
    headers = {"Message-ID": f"<{key}@{host}>" if key else make_msgid(domain=host), "Auto-Submitted": "auto-generated"}
    if thread:
        headers |= {"In-Reply-To": f"<{thread}@{host}>", "References": f"<{thread}@{host}>"}
    mail = EmailMultiAlternatives(one_line(subject), text, to=list(to), headers=headers)
    mail.attach_alternative(html, "text/html")
    for attachment in attachments:
        mail.attach(attachment.name, attachment.text, attachment.kind)
    try:
        mail.send()
    except (SMTPException, OSError, ValueError) as error:
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> MailUnavailable:
    """What the server said, in a sentence. Answers from 500 on are lasting."""
    if isinstance(error, SMTPServerDisconnected) or (isinstance(error, OSError) and not isinstance(error, SMTPException)):
        return MailServerSilent(f"The mail server does not answer: {error}")
    if isinstance(error, SMTPException):
        code, said = _answer(error)
        return MailUnavailable(f"The mail server refused it: {said}", lasting=500 <= code < 600)
    return MailUnavailable(f"The mail could not be sent: {error}", lasting=True)


def _answer(error: SMTPException) -> tuple[int, str]:
    """The server's code, 0 where there is none, and its words. Where all recipients are refused: for good only if every one of them is."""
    if isinstance(error, SMTPRecipientsRefused):
        answers = [(name, code, text.decode(errors="replace")) for name, (code, text) in error.recipients.items()]
        words = "; ".join(f"{name}: {code} {text}" if len(answers) > 1 else f"{code} {text}" for name, code, text in answers)
        return min((code for _, code, _ in answers), default=0), words
    said = getattr(error, "smtp_error", b"")
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    code = int(getattr(error, "smtp_code", 0))
    return code, f"{code} {text}" if code else str(error)
