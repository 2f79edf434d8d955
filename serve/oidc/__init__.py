"""Signing in by OpenID Connect: an organisation's own provider says who somebody is."""
