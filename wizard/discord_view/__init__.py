"""Show flows in Discord."""

from wizard.discord_view.view import WizardView

__all__ = ["WizardView"]
