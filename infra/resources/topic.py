"""The topic that tells people of alarms."""

from __future__ import annotations

from troposphere import Ref, Template
from troposphere.sns import Subscription, Topic, TopicPolicy

from functions import naming
from infra import policies
from infra.deployment import Deployment

TOPIC = "Alarms"
"""Its logical id, in the shared stack."""


def add_topic(template: Template, deployment: Deployment) -> None:
    """Add the topic with its subscriptions to the shared stack, unless the options name another."""
    if deployment.options.alarm_topic_arn is not None:
        return
    # Encrypted on SNS's disks in any case. With AWS's own key for SNS it would be silent: CloudWatch may not use that
    # one, and nobody can allow it ("Key management", SNS). So: kms_key_arn, or no key.
    name = topic_name(deployment.stage)
    emails = [Subscription(Protocol="email", Endpoint=address) for address in deployment.options.alarm_emails]
    topic = template.add_resource(Topic(TOPIC, TopicName=name, DisplayName=name, Subscription=emails))
    allowed = policies.document(policies.publish_alarms(deployment.stage, policies.regional_arn("sns", name)))
    template.add_resource(TopicPolicy("AlarmsPolicy", Topics=[Ref(topic)], PolicyDocument=allowed))


def topic_name(stage: str) -> str:
    """The topic of a stage's alarms."""
    return f"{naming.deployment(stage)}-alarms"
