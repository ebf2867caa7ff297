"""Language models. The only home of llama_cpp."""

from rag.models.llm.language_model import Begun, Finish, LanguageModel, Message, Prompt, Token

__all__ = ["Begun", "Finish", "LanguageModel", "Message", "Prompt", "Token"]
