"""Generated parts of the Helm chart: the schema of its values, and what it renders to."""
