"""One run, live or finished: its steps, results and cost."""
