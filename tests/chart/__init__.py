"""The Helm chart: its values, what it renders to, and what Kubernetes says to that."""
