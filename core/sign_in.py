"""Signing in and out, and changing one's own password: Django's views, with an entry in the audit log."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import views
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils import timezone

from core import audit
from core.models import User


class SignIn(views.LoginView):
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        user = form.get_user()
        audit.record(by=user.get_username(), action="user.sign_in", object=user, now=timezone.now())
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        """Refused: kept under the name only if somebody has it, as people type passwords there. Not while the address is locked out."""
        name = str(form.data.get("username", ""))[:150]
        if not getattr(self.request, "axes_locked_out", False) and form.non_field_errors():
            user = User.objects.filter(username=name).first()
            audit.record(by=name if user else "", action="user.sign_in_refused", object=user or "user ", now=timezone.now())
        return super().form_invalid(form)


class SignOut(views.LogoutView):
    def post(self, request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        if isinstance(request.user, User):
            audit.record(by=request.user.get_username(), action="user.sign_out", object=request.user, now=timezone.now())
        return super().post(request, *arguments, **named)


class ChangePassword(views.PasswordChangeView):
    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        user = self.request.user
        if isinstance(user, User):
            audit.record(by=user.get_username(), action="user.change_password", object=user, now=timezone.now())
        return response


class ChoosePassword(views.PasswordResetConfirmView):
    """By a link that an administrator made. It leads once, for three days, and no longer once the password is another."""

    template_name = "registration/choose_password.html"
    success_url = reverse_lazy("login")

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        user = form.user
        audit.record(by=user.get_username(), action="user.choose_password", object=user, now=timezone.now())
        messages.success(self.request, "Your password is set. Sign in with it.")
        return response
