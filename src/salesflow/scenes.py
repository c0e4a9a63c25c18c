"""The built-in scenes by name, for `SalesFlow(scenes=...)`: see ``salesflow.visibility.scenes``."""

from salesflow.visibility.scenes import default

__all__ = ["default"]
