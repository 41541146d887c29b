"""The admin API's own code: blueprints speak HTTP, services do the work, serializers know the wire names."""
