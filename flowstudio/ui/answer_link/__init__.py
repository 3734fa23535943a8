"""The page of a link that answers: plain HTML, without an account and without scripts."""
