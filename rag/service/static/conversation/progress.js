// What is being done for an answer, step by step, and for how long already.

import { t } from "../messages.js";
import { html, nothing } from "../vendor/lit-html.js";
import { open } from "../viewer/viewer.js";
import { oneLine, place, status } from "../wording.js";

const STAGES = ["searching", "reading", "writing"];

export function progressView(turn) {
  const now = STAGES.indexOf(turn.phase);
  const elapsed = Math.floor((Date.now() - turn.began) / 1000);
  return html`
    <div class="progress">
      <p class="status"><span class="dot" aria-hidden="true"></span>${status(turn)}
        ${elapsed ? html`<span class="elapsed">${t("progress.elapsed", { seconds: elapsed })}</span>` : nothing}</p>
      <ol class="stages" aria-hidden="true">${STAGES.map((_, number) => html`<li class=${number < now ? "over" : number === now ? "now" : ""}></li>`)}</ol>
      ${turn.passages.length && !turn.sentences.length ? nearest(turn.passages[0]) : nothing}
      ${turn.passages.length ? passages(turn) : nothing}
    </div>`;
}

// Something to read until the first sentence is verified, which may take a minute.
function nearest(passage) {
  const text = oneLine(passage.text);
  const heading = oneLine(passage.headings.at(-1) ?? "");
  const isHeaded = heading && text.startsWith(`${heading} `);
  return html`
    <figure class="nearest">
      <figcaption>${t("progress.nearest")} <button type="button" class="chip near" @click=${(event) => openPassage(event, passage)}>${place(passage)}</button></figcaption>
      <blockquote>${isHeaded ? html`<b>${heading}</b> ` : nothing}${isHeaded ? text.slice(heading.length + 1) : text}</blockquote>
    </figure>`;
}

function passages(turn) {
  return html`
    <details class="found">
      <summary>${t("progress.passages", { count: turn.passages.length })}</summary>
      <ul class="passages" aria-label=${t("progress.list")}>
        ${turn.passages.map((passage) => html`<li><button type="button" class="chip near" @click=${(event) => openPassage(event, passage)}>${place(passage)}</button></li>`)}
      </ul>
    </details>`;
}

function openPassage(event, passage) {
  const shown = { documentId: passage.document_id, page: passage.page, start: passage.start, end: passage.end };
  open({ ...shown, near: true }, event.currentTarget);
}
