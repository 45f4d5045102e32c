"""What responses say beside their body: redirects and rate limits."""
