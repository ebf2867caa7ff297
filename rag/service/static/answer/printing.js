// An answer or a conversation on paper, or as a PDF by the browser's own dialog: it shapes every script, and needs no
// library. Behind the answers come the pages that they cite, each once, with the quotes marked and numbered.

import { t } from "../messages.js";
import * as service from "../service.js";
import { say, state } from "../state.js";
import { html, nothing, render, svg } from "../vendor/lit-html.js";
import { missing, oneLine, place, reason, supported } from "../wording.js";
import { sentencesView } from "./answer_view.js";
import { markdownView } from "./markdown_view.js";
import { reference } from "./reference.js";

// Pictures that service.js keeps at a time; further pages are named.
const MOST_PAGES = 20;
const LOADING = 10000;

export const printAnswer = (turn) => print(turn.question, [turn]);
export const printConversation = (conversation, name) => print(name, conversation.turns.filter((turn) => turn.answer));

async function print(title, turns) {
  say(t("print.preparing"));
  const pages = await Promise.all(citedPages(turns).slice(0, MOST_PAGES).map(loaded));
  document.querySelector(".printed")?.remove();
  const sheet = document.body.appendChild(Object.assign(document.createElement("section"), { className: "printed" }));
  render(view(title, turns, pages), sheet);
  const pictures = [...sheet.querySelectorAll("image")].map((image) => new Promise((done) => ["load", "error"].forEach((name) => image.addEventListener(name, done))));
  await Promise.race([Promise.all(pictures), new Promise((done) => setTimeout(done, LOADING))]);
  const before = document.title;
  // The dialog takes it as the name of the file.
  document.title = title.slice(0, 80);
  addEventListener("afterprint", () => {
    sheet.remove();
    document.title = before;
  }, { once: true });
  window.print();
}

// The cited pages in the order of the answers, with the citations on each. An abstention proves nothing.
function citedPages(turns) {
  const pages = new Map();
  turns.forEach(({ answer }, turn) => {
    for (const citation of answer.answered ? answer.citations : []) {
      const key = `${citation.document_id} ${citation.page}`;
      if (!pages.has(key)) pages.set(key, { ...citation, marks: [] });
      pages.get(key).marks.push({ ...citation, number: numberOf(turns, turn, citation) });
    }
  });
  return [...pages.values()];
}

// Of several answers, "2.1" is citation 1 of the second.
const numberOf = (turns, turn, { id }) => (turns.length > 1 ? `${turn + 1}.${id}` : String(id));

// A page with its picture and size; without, where it has none, or has left the index.
async function loaded(page) {
  try {
    const [layout, picture] = await Promise.all([service.pages(page.document_id, state.index), service.decodedPicture(page.document_id, page.page)]);
    const { width, height } = layout.pages[page.page - 1];
    return { ...page, picture, width, height };
  } catch {
    return page;
  }
}

function view(title, turns, pages) {
  return html`
    <h1>${title}</h1>
    ${turns.map((turn, number) => turnView(turn, turns.length > 1 ? `${number + 1}. ` : "", title))}
    ${pages.filter((page) => page.picture).map(pageView)}
    <p class="quiet">${t("print.foot", { date: new Date().toLocaleDateString() })}</p>`;
}

function turnView({ question, documents = [], answer }, number, title) {
  const head = answer.answered ? "" : reason(answer);
  return html`
    <article class="answer">
      ${number || question !== title ? html`<h2>${number}${question}</h2>` : nothing}
      ${documents.length ? html`<p class="quiet">${t("box.only", { documents: documents.join(", ") })}</p>` : nothing}
      ${head ? html`<h3>${head}</h3>` : nothing}
      ${answer.answered && supported(answer).length ? sentencesView(answer) : markdownView(answer.answer)}
      ${answer.missing.length ? html`<p>${missing(answer)}</p>` : nothing}
      ${answer.citations.length ? html`<h3>${t(answer.answered ? "export.sources" : "export.nearest")}</h3>` : nothing}
      <ul class="references">${answer.citations.map((each) => html`<li>${answer.answered ? html`<b>[${each.id}]</b> ` : nothing}${reference(each)}: <q>${oneLine(each.quote)}</q></li>`)}</ul>
    </article>`;
}

function pageView({ picture, width, height, marks, ...page }) {
  return html`
    <figure>
      <figcaption>${place(page)}: ${t("print.quotes", { count: marks.length, numbers: marks.map(({ number }) => `[${number}]`).join(" ") })}</figcaption>
      <svg viewBox="0 0 ${width} ${height}" role="img" aria-label=${t("viewer.picture", { page: page.page, name: page.document })}>
        <image href=${picture} width=${width} height=${height}></image>
        ${marks.map(markView)}
      </svg>
    </figure>`;
}

function markView({ boxes, number }) {
  const [first] = boxes;
  return svg`
    ${boxes.map(([left, top, right, bottom]) => svg`<rect x=${left} y=${top} width=${right - left} height=${bottom - top}></rect>`)}
    ${first ? svg`<text x=${Math.max(2, first[0] - 4)} y=${first[3] - 2} text-anchor="end">${number}</text>` : nothing}`;
}
