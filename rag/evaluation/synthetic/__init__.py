"""Synthetic questions, generated from the user's own documents: for calibration and for drafts of a questions file."""
