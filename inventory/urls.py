from __future__ import annotations

from django.urls import path

from inventory import views

urlpatterns = [path("account/groups/", views.choose_groups, name="choose_groups")]
