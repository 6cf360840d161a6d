"""A real Kubernetes, S3 and a trained model pair on one machine, for the demo and the tests."""
