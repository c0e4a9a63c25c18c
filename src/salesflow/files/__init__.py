"""
What salesflow reads and writes as files: stage templates as TOML.

The only room that knows file formats.
"""
