"""Pages about accounts."""

from accounts.views.signin import locked_out

__all__ = ["locked_out"]
