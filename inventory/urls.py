from __future__ import annotations

from django.urls import path

from inventory import role_views, user_views, views

urlpatterns = [
    path("account/groups/", views.choose_groups, name="choose_groups"),
    path("settings/roles/", role_views.index, name="roles"),
    path("settings/roles/new/", role_views.edit, name="role_new"),
    path("settings/roles/<int:pk>/", role_views.edit, name="role"),
    path("settings/roles/<int:pk>/give/", role_views.give, name="role_give"),
    path("settings/roles/<int:pk>/delete/", role_views.delete, name="role_delete"),
    path("settings/roles/held/<int:pk>/take/", role_views.take, name="role_take"),
    path("settings/roles/users/", user_views.index, name="users"),
    path("settings/roles/users/new/", user_views.new, name="user_new"),
    path("settings/roles/users/<int:pk>/", user_views.one, name="user"),
    path("settings/roles/users/<int:pk>/give/", user_views.give, name="user_give"),
    path("settings/roles/users/<int:pk>/activate/", user_views.activate, name="user_activate"),
    path("settings/roles/users/<int:pk>/password/", user_views.password_link, name="user_password"),
]
