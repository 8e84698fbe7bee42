"""Single sign-on: people of a tenant come by its own identity provider."""
