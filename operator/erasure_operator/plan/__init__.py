"""What to do next, decided by a pure function of a snapshot and one "now".

Nothing here reads or writes anything, keeps anything in memory, logs, or has a clock. `plan.py` is the table
of contents; each other module holds one rule.
"""
