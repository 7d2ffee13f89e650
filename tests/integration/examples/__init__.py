"""Hold what vendors document of requests and answers, as data with its source."""
