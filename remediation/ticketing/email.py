"""Requests by mail, with the machines as CSV. The Message-ID is the key of the ticket: a repeat is recognised by it."""

from __future__ import annotations

from django.urls import reverse

from core import mail
from core.exports import lines
from remediation.ticketing.base import Connection, Device, Field, Finding, Made, Reading, Refused, Request, TryLater

HEADER = ("Machine", "Group", "System", "Page")
TOLD = {"completed": "Completed", "reopened": "In progress again", "noted": "A note"}


class Email:
    key = "email"
    label = "E-mail"
    about = "Mails each request to IT, or to the address of a ticket system, with its steps, a link, and its machines as CSV."
    fields: tuple[Field, ...] = (Field("recipients", "Recipients", "One address a line.", kind="mails"),)
    most_devices: int | None = 10_000
    look_up_after = 0.0
    reads_back = False

    def test(self, connection: Connection) -> list[Finding]:
        if not mail.enabled():
            return [Finding("Mail server", False, "None is set. The setting EMAIL_URL names it.")]
        findings = [Finding("Mail server", True, "Set by EMAIL_URL.")]
        try:
            _send(connection, subject="Test of the connection “E-mail”", template="ticket_test", context={}, key="")
            findings.append(Finding("Mail", True, f"Handed over for {', '.join(recipients(connection))}. See whether it arrives."))
        except (Refused, TryLater) as error:
            findings.append(Finding("Mail", False, str(error)))
        return findings

    def find(self, connection: Connection, request: Request) -> Made | None:
        """A sent mail cannot be looked for; its Message-ID makes a repeat recognisable."""
        return None

    def create(self, connection: Connection, request: Request) -> Made:
        files = [mail.Attachment("machines.csv", _machines(request), "text/csv")] if request.devices else []
        context: dict[str, object] = {"request": request, "due": request.due_on}
        _send(connection, subject=f"Fix requested: {request.title}", template="ticket", context=context, key=request.key, files=files)
        return Made(request.key)

    def read(self, connection: Connection, external_id: str) -> Reading:
        raise Refused("A mail is not asked for its state.")

    def tell(self, connection: Connection, external_id: str, *, key: str, event: str, note: str) -> None:
        what = TOLD.get(event, "News")
        context: dict[str, object] = {"what": what, "note": note}
        _send(connection, subject=f"{what}: fix requested", template="ticket_news", context=context, key=key, thread=external_id)


def recipients(connection: Connection) -> list[str]:
    return [line.strip() for line in connection["recipients"].splitlines() if line.strip()]


def _send(
    connection: Connection,
    *,
    subject: str,
    template: str,
    context: dict[str, object],
    key: str,
    thread: str = "",
    files: list[mail.Attachment] | None = None,
) -> None:
    if not mail.enabled():
        raise Refused("No mail server is set: EMAIL_URL is empty.")
    text, html = mail.rendered(template, context)
    try:
        mail.hand_over(to=recipients(connection), subject=subject, text=text, html=html, key=key, thread=thread, attachments=files or ())
    except mail.MailUnavailable as error:
        if error.lasting:
            raise Refused(str(error)) from error
        raise TryLater(str(error)) from error


def _machines(request: Request) -> str:
    return "".join(lines(HEADER, map(_line, request.devices)))


def _line(device: Device) -> tuple[str, ...]:
    page = mail.address_of(reverse("recommendations:machine", args=[device.machine_id]))
    return (device.name, device.group, device.system, page)
