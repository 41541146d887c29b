"""What a deployment costs in AWS a month, estimated from its definitions and from what its history says."""
