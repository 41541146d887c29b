"""The CloudFormation templates: what stands still. Never rules or schedules: an update would un-pause jobs."""
