"""Forms, made with Deform from the schemas that validate the API."""
