"""What is wrong with a data set: looked for, shown to a person, and put aside if confirmed."""
