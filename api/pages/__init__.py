"""The few pages of our own: forms for secrets, and the ways through sign-ins. No scripts, nothing foreign."""
