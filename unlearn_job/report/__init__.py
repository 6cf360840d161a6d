"""report.html: the evidence for people, in one file without scripts."""
