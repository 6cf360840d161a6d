"""The commands of `unlearn-job` beside `run`, `erase` and `validate`, one file for each group."""
