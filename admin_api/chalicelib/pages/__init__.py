"""The pages below /admin: views between HTTP and the services, drawn by templates/."""
