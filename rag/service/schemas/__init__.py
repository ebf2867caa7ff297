"""Schemas of HTTP requests and responses: the contract of docs/api.md, in one module for each group of routes."""
