"""The documentation keeps to what there is: its commands run, its pages are all to be found."""
