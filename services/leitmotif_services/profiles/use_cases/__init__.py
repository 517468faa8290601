"""What can be done with profiles, over the store port: the behaviour of the service without its transport."""
