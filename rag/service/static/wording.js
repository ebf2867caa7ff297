// Texts of the page, and the text that is copied.

import { html, nothing } from "./vendor/lit-html.js";

const SURE = 0.9;

export const isPossible = (answer) => answer.certainty === "possible";

// Prefix of a possible answer, in plain text.
export const hedge = (answer) => (isPossible(answer) ? "Possibly: " : "");

export function confidence(answer) {
  // A summary: no model generated it.
  if (answer.confidence === 1) return "The document's own sentences";
  if (answer.confidence >= SURE) return "Very likely right";
  return isPossible(answer) ? "Possibly right: look at the page" : "Likely right";
}

// Statuses of documents that are completely in the index.
export const isWell = (told) => ["ok", "unchanged", "duplicate"].includes(told);

export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
export const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`;
export const place = (citation) => `${citation.document}, page ${citation.page}`;
export const oneLine = (text) => text.replace(/\s+/g, " ").trim();

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
      return "Writing; not checked yet";
    default:
      return "";
  }
}

export const REASONS = {
  not_in_documents: "Not in these documents",
  no_supported_sentence: "Not borne out by these documents",
  not_a_question: "",
  section_unknown: "No such section",
};

export const supported = (answer) => answer.sentences.filter((sentence) => sentence.verdict === "supported");
export const unsupported = (answer) => answer.sentences.filter((sentence) => sentence.verdict === "unsupported");

// The answer with its quotes, as plain text.
export function copied(answer) {
  const marks = (sentence) => sentence.citations.map((id) => ` [${id}]`).join("");
  const facts = supported(answer).map((each) => each.text + marks(each)).join(" ");
  const said = answer.answered ? hedge(answer) + facts : answer.answer;
  const quotes = answer.citations.map((each) => `[${each.id}] ${place(each)}: “${oneLine(each.quote)}”`);
  return [said, ...(quotes.length ? ["", ...quotes] : [])].join("\n");
}
