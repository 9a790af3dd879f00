"""The configuration file shisa.yaml."""
