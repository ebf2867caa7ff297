// Texts of the page, and the text that is copied.

import { oneLine, plainText } from "./blocks.js";
import { html, nothing } from "./vendor/lit-html.js";

const SURE = 0.9;
// FACT of rag/answering/answer_builder.py: from this confidence on, a sentence is stated as a fact.
const STATED = 0.6;

export { oneLine };

const isPossible = (answer) => answer.certainty === "possible";

// The first sentence, and one without a confidence of its own, are as certain as the answer.
export function isUnsure(sentence, answer) {
  if (sentence.confidence !== null && sentence.confidence < STATED) return true;
  return isPossible(answer) && (sentence.confidence === null || sentence === supported(answer)[0]);
}

// Prefix of a possible answer, in plain text.
const hedge = (answer) => (isPossible(answer) ? "Possibly: " : "");

// Replies that no model has written: how sure they are is not told.
const isCertain = (answer) => ["collection", "chat"].includes(answer.form) || !answer.certainty;

// Class of an answer; what nothing proves, such as a greeting or the list of the documents, is plain.
export function nature(answer) {
  if (!answer.answered) return "abstained";
  return isPossible(answer) ? "possible" : isCertain(answer) ? "plain" : "fact";
}

// Empty where an answer has none.
export function confidence(answer) {
  if (!answer.answered || isCertain(answer) || answer.confidence === null) return "";
  // A summary: no model generated it.
  if (answer.confidence === 1) return "The document's own sentences";
  if (answer.confidence >= SURE) return "Very likely right";
  return isPossible(answer) ? "Possibly right: look at the page" : "Likely right";
}

// Statuses of documents that are completely in the index.
export const isWell = (told) => ["ok", "unchanged", "duplicate"].includes(told);

export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
export const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`;
export const place = (citation) => `${citation.document}, page ${citation.page}${printed(citation)}`;

// The number that is printed on a page, where it is another one.
export function printed({ page, label }) {
  const number = oneLine(label ?? "");
  return number && number !== String(page) ? ` (printed ${number})` : "";
}

export const requestOf = (problem) =>
  problem.requestId ? html`<p class="quiet">Request <code>${problem.requestId}</code></p>` : nothing;

export function size(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

export function ago(time, now = Date.now()) {
  const minutes = Math.round((now - new Date(time)) / 60000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${count(minutes, "minute")} ago`;
  if (minutes < 60 * 36) return `${count(Math.round(minutes / 60), "hour")} ago`;
  return `on ${new Date(time).toLocaleDateString()}`;
}

export function status(turn) {
  switch (turn.phase) {
    case "waiting":
      return `Waiting: number ${turn.position} in line, about ${turn.estimate} s`;
    case "searching":
      return "Searching the documents";
    case "reading":
      return `Reading ${count(turn.passages.length, "passage")}`;
    case "writing":
      return "Writing, and checking each sentence";
    default:
      return "";
  }
}

export const REASONS = {
  not_in_documents: "Not found in these documents",
  no_supported_sentence: "Not found in these documents",
  not_a_question: "",
  not_possible: "",
  section_unknown: "Section not found",
};

export const supported = (answer) => answer.sentences.filter((sentence) => sentence.verdict === "supported");
export const unsupported = (answer) => answer.sentences.filter((sentence) => sentence.verdict === "unsupported");

export const missing = (answer) => (answer.missing.length ? `Nothing was found about: ${answer.missing.join("; ")}` : "");

// The answer as plain text; marksOf(sentence) follows each sentence.
export function said(answer, marksOf) {
  const sentences = supported(answer);
  return answer.answered && sentences.length ? hedge(answer) + plainText(sentences, marksOf) : answer.answer;
}

// The answer with its quotes, as plain text.
export function copied(answer) {
  const marks = (sentence) => sentence.citations.map((id) => ` [${id}]`).join("");
  const quotes = answer.citations.map((each) => `[${each.id}] ${place(each)}: “${oneLine(each.quote)}”`);
  return [said(answer, marks), missing(answer), quotes.join("\n")].filter(Boolean).join("\n\n");
}
