"""What adapters share: limits, retries for reads, polling, error classification."""
