"""The one public endpoint: composes the services behind it, and forwards what needs no composition."""
