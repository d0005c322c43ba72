from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.models import ApiToken
from core.tokens import make_token


class Command(BaseCommand):
    help = "Make a bearer token and print it once. Only its SHA-256 is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what the token is for; must be new")
        parser.add_argument("--scope", choices=ApiToken.Scope.values, default=ApiToken.Scope.INGEST)

    def handle(self, *args: Any, **options: Any) -> None:
        if ApiToken.objects.filter(name=options["name"]).exists():
            raise CommandError(f'A token named "{options["name"]}" exists. Revoke it in the admin, or take another name.')
        _, text = make_token(name=options["name"], scope=options["scope"], by="command line", now=timezone.now())
        self.stdout.write(text)
