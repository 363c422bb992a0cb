"""A data set on disk: pictures in the ImageNet layout, each with its annotation, and the splits."""
