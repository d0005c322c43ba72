from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "tvm_portal"
