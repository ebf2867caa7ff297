"""Fuzzing of what is read from disk or said by a model: any bytes lead to a named error or to a right read."""
