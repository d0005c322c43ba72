from typing import Any

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

BUILT_IN = (
    ('administrator', 'Administrator', 'Everything, for all machine groups.', ['view', 'remediation', 'exceptions', 'settings', 'curate', 'audit', 'administer']),
    ('security-admin', 'Security admin', 'Decides what is fixed and what is accepted; sets device values and rules for notifications.', ['view', 'remediation', 'exceptions', 'settings']),
    ('it-admin', 'IT admin', 'Carries out what was asked for, and asks for more.', ['view', 'remediation']),
    ('curator', 'Data curator', 'Keeps names, matches and feeds right for everybody.', ['view', 'curate']),
    ('auditor', 'Auditor', 'Sees everything and who changed what; changes nothing.', ['view', 'audit']),
    ('viewer', 'Viewer', 'Sees everything; changes nothing.', ['view']),
)
# What a right of Django's allowed outside its admin, and the role that allows it now.
RIGHTS = {
    ('remediation', 'add_activity'): 'it-admin',
    ('weaknesses', 'add_matchoverride'): 'curator',
    ('recommendations', 'change_inaccuracyreport'): 'curator',
    ('inventory', 'change_machine'): '',
    ('inventory', 'change_machinegroup'): '',
}

APPEND_ONLY = """
CREATE FUNCTION core_refuse_to_rewrite_the_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit log is only ever added to: % is refused.', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER the_audit_log_is_not_rewritten BEFORE UPDATE OR DELETE ON core_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_to_rewrite_the_audit_log();
CREATE TRIGGER the_audit_log_is_not_emptied BEFORE TRUNCATE ON core_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_to_rewrite_the_audit_log();
"""
REWRITABLE = """
DROP TRIGGER the_audit_log_is_not_emptied ON core_auditevent;
DROP TRIGGER the_audit_log_is_not_rewritten ON core_auditevent;
DROP FUNCTION core_refuse_to_rewrite_the_audit_log();
"""


def give_roles(apps: Any, schema_editor: Any) -> None:
    """The built-in roles; whoever is there already keeps what they could do. Superusers need no role."""
    Role, RoleBinding = apps.get_model('core', 'Role'), apps.get_model('core', 'RoleBinding')
    User, Permission = apps.get_model('core', 'User'), apps.get_model('auth', 'Permission')
    for key, name, description, permissions in BUILT_IN:
        Role.objects.get_or_create(key=key, defaults={'name': name, 'description': description, 'permissions': permissions})
    roles = {role.key: role for role in Role.objects.exclude(key='')}

    def give(key: str, **holder: Any) -> None:
        if key not in roles:  # settings alone, which no built-in role allows
            description = 'Made for those who could change machines or machine groups before there were roles.'
            values = {'description': description, 'permissions': ['view', 'settings']}
            roles[key], _ = Role.objects.get_or_create(name='Settings', defaults=values)
        RoleBinding.objects.get_or_create(role=roles[key], **holder)

    for user in User.objects.filter(is_superuser=False):
        give('viewer', user=user)
        if user.is_staff:
            give('security-admin', user=user)
            give('curator', user=user)
    for (app, codename), key in RIGHTS.items():
        for right in Permission.objects.filter(content_type__app_label=app, codename=codename):
            for user in right.user_set.filter(is_superuser=False):
                give(key, user=user)
            for group in right.group_set.all():
                give(key, user_group=group)


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
        ('core', '0005_outgoing_mail'),
    ]

    operations = [
        migrations.CreateModel(
            name='Role',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(blank=True, editable=False, help_text='Of a built-in role; empty for the others.', max_length=20)),
                ('name', models.CharField(max_length=60)),
                ('description', models.CharField(blank=True, max_length=300)),
                ('permissions', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('view', 'View'), ('remediation', 'Handle remediation'), ('exceptions', 'Handle exceptions'), ('settings', 'Manage settings'), ('curate', 'Curate'), ('audit', 'Read the audit log'), ('administer', 'Administer')], max_length=20), default=list, size=None)),
            ],
        ),
        migrations.CreateModel(
            name='RoleBinding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('machine_groups', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, help_text='Ids; a deleted machine group is taken out.', null=True, size=None)),
            ],
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['actor', '-at', '-id'], name='audit_of_one_person'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['action', '-at', '-id'], name='audit_of_one_action'),
        ),
        migrations.AddConstraint(
            model_name='role',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('name'), name='a_role_name_once'),
        ),
        migrations.AddConstraint(
            model_name='role',
            constraint=models.UniqueConstraint(condition=models.Q(('key', ''), _negated=True), fields=('key',), name='a_built_in_role_once'),
        ),
        migrations.AddField(
            model_name='rolebinding',
            name='role',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='bindings', to='core.role'),
        ),
        migrations.AddField(
            model_name='rolebinding',
            name='user',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='role_bindings', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='rolebinding',
            name='user_group',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='role_bindings', to='auth.group'),
        ),
        migrations.AddConstraint(
            model_name='rolebinding',
            constraint=models.CheckConstraint(condition=models.Q(('user__isnull', True), ('user_group__isnull', True), _connector='XOR'), name='a_role_is_held_by_one'),
        ),
        migrations.AddConstraint(
            model_name='rolebinding',
            constraint=models.UniqueConstraint(fields=('role', 'user'), name='a_user_holds_a_role_once'),
        ),
        migrations.AddConstraint(
            model_name='rolebinding',
            constraint=models.UniqueConstraint(fields=('role', 'user_group'), name='a_user_group_holds_a_role_once'),
        ),
        migrations.RunSQL(APPEND_ONLY, REWRITABLE),
        migrations.RunPython(give_roles, migrations.RunPython.noop),
    ]
