"""Alembic's folder: env.py runs on the connection that schema.py hands over; versions/ holds one module a step."""
