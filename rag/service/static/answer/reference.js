// A quote with its reference: author, year and title where the document's properties have them, file and page.

import { copy } from "../clipboard.js";
import { t } from "../messages.js";
import { documentOf } from "../state.js";
import { oneLine, printed } from "../wording.js";

// As the APA style has it: Author (2024). Title [file.pdf], p. 4.
export function reference(citation) {
  const document = documentOf(citation.document_id);
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

// Whether the document's properties have more than its name.
export function hasReference({ document_id: id, document: name }) {
  const document = documentOf(id);
  return Boolean(oneLine(document?.author ?? "") || (oneLine(document?.title ?? "") && !isMadeOf(oneLine(document.title), name)));
}

// An entry of BibTeX, with the quote as its note.
export function bibtex(citation) {
  const { author = "", title = "", created = "" } = documentOf(citation.document_id) ?? {};
  const [name, year] = [oneLine(author ?? ""), /^\d{4}/.exec(created ?? "")?.[0] ?? ""];
  const key = `${name.split(/[\s,]+/).at(-1) || citation.document.replace(/\.[^.]*$/, "")}${year}p${citation.page}`.replace(/[^\p{L}\p{N}]+/gu, "");
  const fields = [
    ["author", name],
    ["title", oneLine(title ?? "") || citation.document],
    ["year", year],
    ["howpublished", citation.document],
    ["pages", printed(citation) || String(citation.page)],
    ["note", `\u201c${oneLine(citation.quote)}\u201d`],
  ];
  const lines = fields.filter(([, value]) => value).map(([field, value]) => `  ${field} = {${inBibtex(value)}},`);
  return [`@misc{${key},`, ...lines, "}"].join("\n");
}

const inBibtex = (text) => text.replace(/\\/g, "\\textbackslash ").replace(/[{}%&$#_]/g, "\\$&").replace(/~/g, "\\textasciitilde ").replace(/\^/g, "\\textasciicircum ");

export const copyBibtex = (citation) => copy(bibtex(citation), t("answer.copiedBibtex"));

export const copyQuote = (citation) => copy(quoted(citation), t("answer.copiedQuote"));
