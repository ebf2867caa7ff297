// Texts of the page that depend on an answer, a document or a number.

import { oneLine, plainText } from "./answer/blocks.js";
import { t } from "./messages.js";
import { DEFAULT } from "./service.js";
import { state } from "./state.js";
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

// Replies that no model has written: how sure they are is not told.
const isCertain = (answer) => ["collection", "chat"].includes(answer.form) || !answer.certainty;

// Class of an answer; what nothing proves, such as a greeting or the list of the documents, is plain.
export function nature(answer) {
  if (!answer.answered) return answer.citations.length || answer.reason !== "not_a_question" ? "abstained" : "plain";
  return isPossible(answer) ? "possible" : isCertain(answer) || answer.certainty === "uncalibrated" ? "plain" : "fact";
}

// Empty where an answer has none.
export function confidence(answer) {
  if (!answer.answered || isCertain(answer)) return "";
  if (answer.certainty === "uncalibrated") return t("confidence.uncalibrated");
  if (answer.confidence === null) return "";
  if (isVerbatim(answer)) return t("confidence.own");
  if (answer.confidence >= SURE) return t("confidence.very");
  return t(isPossible(answer) ? "confidence.possible" : "confidence.likely");
}

// A summary: no model generated it.
export const isVerbatim = (answer) => answer.confidence === 1;

// Rounded down: 0.999 is not certain.
export const percent = (share) => Math.floor(share * 100);

// Details of problems begin in lower case, as part of a line of a log.
export const asSentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// Statuses of documents that are completely in the index.
export const isWell = (told) => ["ok", "unchanged", "duplicate"].includes(told);

export const seconds = (milliseconds) => (milliseconds / 1000).toFixed(1);

export const collectionName = (name) => (name === DEFAULT ? t("collections.default") : name);

// The collection of a document, where it is not the chosen one; empty otherwise.
export const elsewhere = ({ collection }) => (collection && collection !== state.chosen ? collectionName(collection) : "");

export function place({ document: file, page, label, collection }) {
  const number = printed({ page, label });
  const home = elsewhere({ collection });
  const document = home ? t("place.in", { collection: home, document: file }) : file;
  return number ? t("place.printed", { document, page, label: number }) : t("place.page", { document, page });
}

// The number that is printed on a page, where it is another one.
export function printed({ page, label }) {
  const number = oneLine(label ?? "");
  return number && number !== String(page) ? number : "";
}

export const requestOf = (problem) =>
  problem.requestId ? html`<p class="quiet">${t("turn.request")} <code>${problem.requestId}</code></p>` : nothing;

export function size(bytes) {
  if (bytes < 1e6) return t("size.kilobytes", { size: Math.max(1, Math.round(bytes / 1e3)) });
  return t("size.megabytes", { size: (bytes / 1e6).toFixed(1) });
}

export function ago(time, now = Date.now()) {
  const minutes = Math.round((now - new Date(time)) / 60000);
  if (minutes < 1) return t("time.now");
  if (minutes < 60) return t("time.minutes", { count: minutes });
  if (minutes < 60 * 36) return t("time.hours", { count: Math.round(minutes / 60) });
  return t("time.on", { date: new Date(time).toLocaleDateString() });
}

export function status(turn) {
  switch (turn.phase) {
    case "waiting":
      return t("progress.waiting", turn);
    case "searching":
      return t("progress.searching");
    case "reading":
      return t("progress.reading", { count: turn.passages.length });
    case "writing":
      return t("progress.writing");
    default:
      return "";
  }
}

const REASONS = {
  not_in_documents: "answer.notFound",
  no_supported_sentence: "answer.notFound",
  section_unknown: "answer.noSection",
};

// Title of what is no answer; empty where its text tells all.
export const reason = (answer) => (answer.reason in REASONS ? t(REASONS[answer.reason]) : "");

export const supported = (answer) => answer.sentences.filter((sentence) => sentence.verdict === "supported");
export const unsupported = (answer) => answer.sentences.filter((sentence) => sentence.verdict === "unsupported");

export const missing = (answer) => (answer.missing.length ? t("answer.missing", { parts: answer.missing.join("; ") }) : "");

// Tells that sentences are the model's translation, which proves less than a quote does; empty where none is.
export const translated = ({ sentences }) => (sentences.some((sentence) => sentence.original) ? t("answer.translated") : "");

// The answer as plain text; marksOf(sentence) follows each sentence.
export function said(answer, marksOf) {
  const sentences = supported(answer);
  if (!answer.answered || !sentences.length) return answer.answer;
  const text = plainText(sentences, marksOf);
  return isPossible(answer) ? t("answer.possibly.prefix", { text }) : text;
}

// The answer with its quotes, as plain text.
export function copied(answer) {
  const marks = (sentence) => sentence.citations.map((id) => ` [${id}]`).join("");
  const quotes = answer.citations.map((each) => `[${each.id}] ${place(each)}: “${oneLine(each.quote)}”`);
  return [said(answer, marks), translated(answer), missing(answer), quotes.join("\n")].filter(Boolean).join("\n\n");
}
