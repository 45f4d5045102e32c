"""Reports: a result, shown to a person or to a program. Only this package and `cli` print."""
