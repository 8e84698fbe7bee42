"""The REST door: routes, problems and the OpenAPI document, generated from operations."""
