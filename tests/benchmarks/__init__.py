"""`scripts/bench`: one module per benchmark, each with `measure(rounds) -> Comparison`; add its name in command.py."""
