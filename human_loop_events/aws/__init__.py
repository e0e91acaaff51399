"""AWS resources: keys, policies, queues, buckets, and checks of what a caller supplies."""
