"""Runs in .venv-checkov; what it finds is judged by tests/integration/infra/test_checkov.py."""
