"""The pages in a real browser: Chromium against the API over HTTP, PostgreSQL, AWS and real function processes."""
