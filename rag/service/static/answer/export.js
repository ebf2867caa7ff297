// Answers and conversations as Markdown. Text of documents is escaped in it: a program that shows the file must not load
// a picture that a document names.

import { download, fileName } from "../clipboard.js";
import { t } from "../messages.js";
import { missing, oneLine, reason, supported, translated } from "../wording.js";
import { blocksOf, labelled, rowsOf } from "./blocks.js";
import { reference } from "./reference.js";

// Characters that are syntax within a line, by CommonMark and GitHub's dialect; and addresses, which become links there.
const SYNTAX = /[\\`*_[\]<>~|]|!(?=\[)|&(?=#?\w)|(?<=:)\/(?=\/)|(?<=\bwww)\./gi;
const OPENING = /^(?:(\d{1,9})(?=[.)])|(?=[#>+=-]))/;

export const escaped = (text) => oneLine(text).replace(SYNTAX, "\\$&");
const atStart = (text) => escaped(text).replace(OPENING, "$1\\");

const SHAPES = {
  paragraph: ({ sentences }, marks) => sentences.map((each, place) => (place ? escaped : atStart)(each.text) + marks(each)).join(" "),
  steps: ({ sentences, number }, marks) => sentences.map((each, place) => `${number + place}. ${atStart(each.text)}${marks(each)}`).join("\n"),
  items: ({ sentences }, marks) => sentences.map((each) => `- ${item(each)}${marks(each)}`).join("\n"),
  table: (block, marks) => {
    const [head, ...rows] = rowsOf(block).map((cells, number) => `| ${cells.map(escaped).join(" | ")}${marks(block.sentences[number])} |`);
    return [head, `|${" --- |".repeat(rowsOf(block)[0].length)}`, ...rows].join("\n");
  },
};

function item(sentence) {
  const [label, text] = labelled(sentence);
  return label ? `**${escaped(label)}**${escaped(text)}` : atStart(text);
}

// One question with its answer: a heading, the answer, and its sources.
export function answerMarkdown({ question, documents = [], answer }) {
  const marks = (sentence) => sentence.citations.map((id) => ` [${id}]`).join("");
  const sentences = supported(answer);
  const body = answer.answered && sentences.length ? blocksOf(sentences).map((block) => SHAPES[block.shape](block, marks)) : [reply(answer)];
  const title = answer.answered ? "" : reason(answer);
  const head = answer.certainty === "possible" ? [`*${t("answer.possibly")}*`] : [];
  const sources = answer.citations.map((each) => `- [${each.id}] ${escaped(reference(each))}: “${escaped(each.quote)}”`);
  const heading = t(answer.answered ? "export.sources" : "export.nearest");
  return [
    `## ${escaped(question)}`,
    documents.length ? `*${escaped(t("export.only", { documents: documents.join(", ") }))}*` : "",
    title ? `**${title}**` : "",
    ...head,
    ...body,
    escaped(translated(answer)),
    escaped(missing(answer)),
    sources.length ? `**${heading}**\n\n${sources.join("\n")}` : "",
  ].filter(Boolean).join("\n\n");
}

const reply = (answer) => answer.answer.split("\n").map(escaped).join("\n");

export function conversationMarkdown(conversation) {
  const turns = conversation.turns.filter((turn) => turn.answer);
  const title = escaped(conversation.title || turns[0]?.question || t("export.title"));
  return `${[`# ${title}`, ...turns.map(answerMarkdown)].join("\n\n")}\n`;
}

export const saveAnswer = (turn) => download(fileName(turn.question), `${answerMarkdown(turn)}\n`);
export const saveConversation = (conversation) =>
  download(fileName(conversation.title || conversation.turns[0]?.question || ""), conversationMarkdown(conversation));
