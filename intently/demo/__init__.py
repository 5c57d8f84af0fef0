"""The demo: a shop on loopback, its simulated shoppers, and the supervisor that runs both flows before your eyes."""
