"""One million opportunities of ten thousand people, and three of those who list them: for PERF-5 and PERF-6."""
