"""What the options say of every resource of a kind, whichever stack it is in: tags, key, permissions boundary.

One pass over a whole template, so that a resource that is added later cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping

from troposphere import AWSObject, Tags, Template

from infra.options import Options

# Which property of a type names the key that its contents are encrypted with.
_KEY_OF: Mapping[str, str] = {
    "AWS::Lambda::Function": "KmsKeyArn",
    "AWS::Logs::LogGroup": "KmsKeyId",
    "AWS::SNS::Topic": "KmsMasterKeyId",
    "AWS::SQS::Queue": "KmsMasterKeyId",
    "AWS::SecretsManager::Secret": "KmsKeyId",
}
_ROLE = "AWS::IAM::Role"
# Without a key of one's own, queues are encrypted with SQS's, which excludes the other.
_INSTEAD_OF_A_KEY = "SqsManagedSseEnabled"


def finished(template: Template, options: Options) -> Template:
    """The template, each of its resources as the options want all of its kind."""
    for resource in template.resources.values():
        if options.tags and "Tags" in resource.props and "Tags" not in resource.properties:
            # A list of keys and values nearly everywhere; Parameter Store wants a table.
            in_a_table = resource.props["Tags"][0] is dict
            resource.Tags = dict(options.tags) if in_a_table else Tags(dict(options.tags))
        if options.permissions_boundary_arn is not None and resource.resource_type == _ROLE:
            resource.PermissionsBoundary = options.permissions_boundary_arn
        if options.kms_key_arn is not None:
            _encrypt(resource, options.kms_key_arn)
    return template


def _encrypt(resource: AWSObject, key_arn: str) -> None:
    name = _KEY_OF.get(str(resource.resource_type))
    if name is not None:
        resource.properties.pop(_INSTEAD_OF_A_KEY, None)
        setattr(resource, name, key_arn)
