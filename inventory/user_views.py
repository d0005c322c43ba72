"""Users: who there is, what each may see and do, making them, and letting them choose a password."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.tokens import default_token_generator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core import audit, mail, role_actions, role_queries
from core.access import Permission, require
from core.answers import list_answer
from core.models import User
from core.pager import pager
from core.role_actions import Refused
from inventory.role_forms import GiveUserForm, NewUserForm, PersonForm
from inventory.role_views import group_names, reach_of


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """Every user with their roles."""
    require(request, Permission.ADMINISTER)
    state = role_queries.USERS.read(request.GET)
    total, rows = role_queries.users(state, names=group_names())
    context = {"state": state, "rows": rows, "pager": pager(state, total), "facets": state.facets(role_queries.user_counts())}
    context |= {"columns": dict.fromkeys(state.columns, True)}
    return list_answer(request, "roles/users.html", context, state=state)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make a user; the page that follows gives the link to choose a password by."""
    by = require(request, Permission.ADMINISTER)
    form = NewUserForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "roles/new_user.html", {"form": form}, status=422 if form.is_bound else 200)
    data = form.cleaned_data
    roles = [data["role"]] if data["role"] else []
    try:
        made = role_actions.create_user(
            username=data["username"], name=data["name"], email=data["email"], roles=roles, by=by, now=timezone.now()
        )
    except Refused as refusal:
        form.add_error("username", str(refusal))
        return render(request, "roles/new_user.html", {"form": form}, status=422)
    messages.success(request, f"{made.username} is made. Give them a link to choose a password.")
    return redirect("user", pk=made.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """What a user may see and do, and why; a POST changes their name and address."""
    by = require(request, Permission.ADMINISTER)
    user = _user(pk)
    form = PersonForm(request.POST if request.method == "POST" else None, initial={"name": user.get_full_name(), "email": user.email})
    if request.method == "POST" and form.is_valid():
        role_actions.change_user(user=user, name=form.cleaned_data["name"], email=form.cleaned_data["email"], by=by, now=timezone.now())
        messages.success(request, f"{user.username} is saved.")
        return redirect("user", pk=pk)
    return _answer(request, user, form=form, status=422 if form.is_bound else 200)


@require_POST
def give(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the user hold a role."""
    by = require(request, Permission.ADMINISTER)
    user = _user(pk)
    form = GiveUserForm(request.POST, groups=list(group_names().items()))
    if not form.is_valid():
        return _answer(request, user, give_form=form, status=422)
    try:
        role = form.cleaned_data["role"]
        role_actions.give_role(role=role, user=user, machine_groups=form.machine_groups, names=group_names(), by=by, now=timezone.now())
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _answer(request, user, give_form=form, status=422)
    messages.success(request, f"{user.username} holds {role.name} now.")
    return redirect("user", pk=pk)


@require_POST
def activate(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the user sign in, or not any more."""
    by = require(request, Permission.ADMINISTER)
    user, active = _user(pk), request.POST.get("active") == "yes"
    try:
        role_actions.activate_user(user=user, active=active, by=by, now=timezone.now())
        messages.success(request, f"{user.username} {'may sign in again' if active else 'is signed out, and cannot sign in any more'}.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("user", pk=pk)


@require_POST
@never_cache
def password_link(request: HttpRequest, pk: int) -> HttpResponse:
    """A link to choose a new password by, shown this once, and mailed where that is possible. The old password holds until then."""
    by = require(request, Permission.ADMINISTER)
    user = _user(pk)
    if not user.is_active:
        messages.error(request, f"{user.username} is deactivated. Let them sign in again first.")
        return redirect("user", pk=pk)
    number = urlsafe_base64_encode(force_bytes(user.pk))
    link = mail.address_of(reverse("choose_password", args=[number, default_token_generator.make_token(user)]))
    audit.record(by=by.get_username(), action="user.password_link", object=user, now=timezone.now(), after={"username": user.username})
    sent = ""
    if user.email and mail.enabled():
        try:
            text, html = mail.rendered("password", {"user": user, "link": link})
            mail.hand_over(to=[user.email], subject="Choose a password for TVM Portal", text=text, html=html)
            sent = f"It was also mailed to {user.email}."
        except mail.MailUnavailable as trouble:
            sent = str(trouble)
    return _answer(request, user, link=link, sent=sent)


def _user(pk: int) -> User:
    return get_object_or_404(role_queries.with_roles(User.objects.all()), pk=pk)


def _answer(
    request: HttpRequest,
    user: User,
    *,
    form: PersonForm | None = None,
    give_form: GiveUserForm | None = None,
    link: str = "",
    sent: str = "",
    status: int = 200,
) -> HttpResponse:
    names = group_names()
    give_form = give_form or GiveUserForm(groups=list(names.items()))
    context = {
        "person": user,
        "held": role_queries.held_by(user, names=names),
        "effects": role_queries.effects(user, names=names),
        "form": form or PersonForm(initial={"name": user.get_full_name(), "email": user.email}),
        "give": give_form,
        "reach": reach_of(give_form),
        "link": link,
        "sent": sent,
    }
    return render(request, "roles/user.html", context, status=status)
