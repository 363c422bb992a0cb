"""Pictures from where they are, into a data set: none twice, none across the split."""
