"""Signing in, and a user's own choices."""

from __future__ import annotations

from django.contrib.auth import views as auth
from django.urls import path

from core import saved_views, styles, views

urlpatterns = [
    path("sign-in/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("sign-out/", auth.LogoutView.as_view(), name="logout"),
    path("styles/<slug:digest>.css", styles.sheet, name="styles"),
    path("account/", views.preferences, name="preferences"),
    path("account/rail/", views.choose_rail, name="choose_rail"),
    path("account/password/", auth.PasswordChangeView.as_view(), name="password_change"),
    path("account/password/done/", auth.PasswordChangeDoneView.as_view(), name="password_change_done"),
    path("account/theme/", views.choose_theme, name="choose_theme"),
    path("account/density/", views.choose_density, name="choose_density"),
    path("views/save/", saved_views.save, name="save_view"),
    path("views/<int:pk>/change/", saved_views.change, name="change_view"),
]
