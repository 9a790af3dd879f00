"""The only package that connects: sessions, identity, transactions and their fate, client programs."""
