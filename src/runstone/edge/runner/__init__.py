"""Runs leased Tasks in the customer's network: secrets are resolved here and masked in everything that leaves."""
