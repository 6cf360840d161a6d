"""Robust: search for prompts that bring the concept back, erase them too, until a search finds none."""
