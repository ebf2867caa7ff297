"""Language models. The only home of llama_cpp."""

from rag.generation.language_model import Finish, LanguageModel, Message, Prompt, Token

__all__ = ["Finish", "LanguageModel", "Message", "Prompt", "Token"]
