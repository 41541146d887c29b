"""When jobs run: schedules, the two trigger backends, and reconcile."""
