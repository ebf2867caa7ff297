// A quote with its reference: author, year and title where the document's properties have them, file and page.

import { copy } from "../clipboard.js";
import { t } from "../messages.js";
import { state } from "../state.js";
import { oneLine, printed } from "../wording.js";

// As the APA style has it: Author (2024). Title [file.pdf], p. 4.
export function reference(citation) {
  const document = state.documents.find((each) => each.id === citation.document_id);
  const author = oneLine(document?.author ?? "");
  const year = /^\d{4}/.exec(document?.created ?? "")?.[0];
  const title = oneLine(document?.title ?? "");
  const by = author ? `${author}${year ? ` (${year})` : ""}. ` : "";
  // A title that was made of the name says nothing more.
  const named = title && !isMadeOf(title, citation.document) ? `${title} [${citation.document}]` : citation.document;
  return t("reference.page", { source: `${by}${named}`, page: printed(citation) || citation.page });
}

export const isMadeOf = (title, name) => plain(title) === plain(name.split("/").at(-1).replace(/\.[^.]*$/, ""));
const plain = (text) => text.replace(/[\s_]+/g, " ").trim().toLowerCase();

export const quoted = (citation) => t("reference.quote", { quote: oneLine(citation.quote), reference: reference(citation) });

export const copyQuote = (citation) => copy(quoted(citation), t("answer.copiedQuote"));
