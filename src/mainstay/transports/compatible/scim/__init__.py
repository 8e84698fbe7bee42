"""The door for SCIM 2.0, by which identity providers keep users and groups."""
