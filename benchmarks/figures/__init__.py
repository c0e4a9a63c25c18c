"""What PERF-10 measures on: tables of many events, and the SQL that somebody would write over them."""
