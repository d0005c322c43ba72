import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tvm_portal.settings")
app = Celery("tvm_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

from tvm_portal import task_watching  # noqa: E402, F401 - connects to the signals of the app above
