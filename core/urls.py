"""Signing in, and a user's own choices."""

from __future__ import annotations

from django.contrib.auth import views as auth
from django.urls import path

from core import audit_views, saved_views, styles, views
from core.access import no_role_needed
from core.sign_in import ChangePassword, ChoosePassword, SignIn, SignOut

urlpatterns = [
    path("sign-in/", SignIn.as_view(), name="login"),
    path("sign-out/", no_role_needed(SignOut.as_view()), name="logout"),
    path("sign-in/choose-password/<uidb64>/<token>/", ChoosePassword.as_view(), name="choose_password"),
    path("settings/audit/", audit_views.index, name="audit_log"),
    path("settings/audit/export.csv", audit_views.export, name="audit_log_export"),
    path("settings/audit/<int:pk>/", audit_views.one, name="audit_event"),
    path("styles/<slug:digest>.css", styles.sheet, name="styles"),
    path("account/", no_role_needed(views.preferences), name="preferences"),
    path("account/rail/", no_role_needed(views.choose_rail), name="choose_rail"),
    path("account/password/", no_role_needed(ChangePassword.as_view()), name="password_change"),
    path("account/password/done/", no_role_needed(auth.PasswordChangeDoneView.as_view()), name="password_change_done"),
    path("account/theme/", no_role_needed(views.choose_theme), name="choose_theme"),
    path("account/density/", no_role_needed(views.choose_density), name="choose_density"),
    path("views/save/", saved_views.save, name="save_view"),
    path("views/<int:pk>/change/", saved_views.change, name="change_view"),
]
