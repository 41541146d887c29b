"""Everything that speaks SQL: one module per table family."""
