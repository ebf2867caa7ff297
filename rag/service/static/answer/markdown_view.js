// Markdown of replies that have no sentences: paragraphs, lists, tables and bold, built as elements; nothing else of
// Markdown is known here, so that a picture, a link or HTML in it is text.

import { html } from "../vendor/lit-html.js";

const ITEM = /^[-*] (.*)$/;
const STEP = /^(\d{1,9})\. (.*)$/;
const ROW = /^\|(.*)\|$/;
const RULE = /^\|(?: *:?-+:? *\|)+$/;

// Consecutive lines of one kind: { kind, lines }.
export function blocksOfText(text) {
  const blocks = [];
  let kind = null;
  for (const line of text.split("\n")) {
    const of = kindOf(line);
    if (of === "blank") kind = null;
    else if (of === kind) blocks.at(-1).lines.push(line);
    else blocks.push({ kind: (kind = of), lines: [line] });
  }
  return blocks;
}

function kindOf(line) {
  if (!line.trim()) return "blank";
  if (ITEM.test(line)) return "items";
  if (STEP.test(line)) return "steps";
  return ROW.test(line) ? "table" : "paragraph";
}

export const markdownView = (text) => html`<div class="said reply">${blocksOfText(text).map(({ kind, lines }) => VIEWS[kind](lines))}</div>`;

const VIEWS = {
  paragraph: (lines) => html`<p class="lines">${inline(lines.join("\n"))}</p>`,
  items: (lines) => html`<ul class="items">${lines.map((line) => html`<li>${inline(ITEM.exec(line)[1])}</li>`)}</ul>`,
  steps: (lines) =>
    html`<ol class="steps" start=${STEP.exec(lines[0])[1]}>${lines.map((line) => html`<li>${inline(STEP.exec(line)[2])}</li>`)}</ol>`,
  table: (lines) => {
    const [head, ...rows] = lines.filter((line) => !RULE.test(line)).map((line) => line.slice(1, -1).split("|"));
    if (!head) return html`<p class="lines">${lines.join("\n")}</p>`;
    return html`
      <div class="wide"><table>
        <thead><tr>${head.map((cell) => html`<th scope="col">${inline(cell.trim())}</th>`)}</tr></thead>
        <tbody>${rows.map((cells) => html`<tr>${cells.map((cell) => html`<td>${inline(cell.trim())}</td>`)}</tr>`)}</tbody>
      </table></div>`;
  },
};

// Text between two pairs of stars is bold; a pair without a mate is text.
function inline(text) {
  const parts = text.split("**");
  if (parts.length % 2 === 0) parts.push(`${parts.splice(-2, 1)}**${parts.pop()}`);
  return parts.map((part, place) => (place % 2 ? html`<b>${part}</b>` : part));
}
