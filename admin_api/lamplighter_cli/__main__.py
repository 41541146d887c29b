"""`python -m lamplighter_cli`, and what an installed `lamplighter` calls."""

from __future__ import annotations

from lamplighter_cli.app import main

if __name__ == "__main__":
    main()
