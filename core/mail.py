"""Mail with a text and an HTML part, from the templates `mail/<name>.txt` and `mail/<name>.html`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import make_msgid
from smtplib import SMTPException, SMTPRecipientsRefused
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


def send(
    *,
    to: Sequence[str],
    subject: str,
    template: str,
    context: Mapping[str, Any],
    key: str = "",
    thread: str = "",
    attachments: Sequence[Attachment] = (),
) -> None:
    """Hand one mail to the server. `key`: the same for every try of the mail, so that receivers tell repeats; `thread`: the key of the mail
    that it follows. Raises MailUnavailable."""
    if not enabled():
        raise MailUnavailable("No mail server is set: EMAIL_URL is empty.", lasting=True)
    known = {"portal": settings.PUBLIC_URL, **context}
    host = urlsplit(settings.PUBLIC_URL).hostname or "tvm.invalid"
    headers = {"Message-ID": f"<{key}@{host}>" if key else make_msgid(domain=host)}
    if thread:
        headers |= {"In-Reply-To": f"<{thread}@{host}>", "References": f"<{thread}@{host}>"}
    mail = EmailMultiAlternatives(" ".join(subject.split()), render_to_string(f"mail/{template}.txt", known), to=list(to), headers=headers)
    mail.attach_alternative(render_to_string(f"mail/{template}.html", known), "text/html")
    for attachment in attachments:
        mail.attach(attachment.name, attachment.text, attachment.kind)
    try:
        mail.send()
    except SMTPException as error:
        code, said = _answer(error)
        raise MailUnavailable(f"The mail server refused it: {said}", lasting=500 <= code < 600) from error
    except OSError as error:
        raise MailUnavailable(f"The mail server does not answer: {error}") from error


def _answer(error: SMTPException) -> tuple[int, str]:
    """The server's code, 0 where there is none, and its words. Recipients are all refused: for good only if every one of them is."""
    if isinstance(error, SMTPRecipientsRefused):
        answers = error.recipients.values()
        words = "; ".join(f"{name}: {code} {text.decode(errors='replace')}" for name, (code, text) in error.recipients.items())
        return min((code for code, _ in answers), default=0), words
    said = getattr(error, "smtp_error", b"")
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    code = int(getattr(error, "smtp_code", 0))
    return code, f"{code} {text}" if code else str(error)
