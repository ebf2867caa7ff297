"""Language models: llama.cpp in this process, or an OpenAI-compatible server."""
