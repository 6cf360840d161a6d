"""`make demo`: from `kubectl apply` to a new encoder serving, shown."""
