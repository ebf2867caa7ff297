"""Access to the service: keys with scopes and expiry dates, the file that holds them, and limits on their requests."""
