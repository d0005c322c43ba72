"""How well matching agrees with ground truth: one module per kind of truth set, run by `manage.py measure_matching`."""
