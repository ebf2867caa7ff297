// Under an answer: how sure it is, in words; the number and what it means, the model and the index on demand.

import { running } from "../conversation/asking.js";
import { copy } from "../clipboard.js";
import { t } from "../messages.js";
import { html, nothing } from "../vendor/lit-html.js";
import { confidence, copied, isVerbatim, percent, seconds } from "../wording.js";
import { saveAnswer } from "./export.js";
import { feedback } from "./feedback_view.js";
import { printAnswer } from "./printing.js";

export function foot(turn, retry) {
  const answer = turn.answer;
  return html`
    <footer>
      <span class="facts">${sureness(answer)}${details(turn)}</span>
      <span class="actions">
        <button type="button" class="link" @click=${() => copy(copied(answer), t("answer.copied"))}>${t("answer.copy")}</button>
        <button type="button" class="link" title=${t("answer.markdown.title")} @click=${() => saveAnswer(turn)}>${t("answer.markdown")}</button>
        <button type="button" class="link" title=${t("print.answer.title")} @click=${() => printAnswer(turn)}>${t("print.answer")}</button>
        <button type="button" class="link" ?disabled=${Boolean(running())} @click=${() => retry(turn)}>${t("turn.again")}</button>
      </span>
    </footer>
    ${feedback(turn)}`;
}

function sureness(answer) {
  const words = confidence(answer);
  if (!words) return nothing;
  const number = percent(answer.confidence);
  return html`
    <details class="drop sureness">
      <summary><span class="gauge" aria-hidden="true"></span>${words}</summary>
      <div class="dropped">
        ${answer.confidence === null
          ? html`<p>${t("confidence.uncalibrated.meaning")}</p>`
          : isVerbatim(answer)
          ? html`<p>${t("confidence.own.meaning")}</p>`
          : html`<p class="large">${t("confidence.number", { percent: number })}</p>
              <meter min="0" max="100" low="60" high="90" optimum="100" value=${number} aria-label=${t("details.confidence")}></meter>
              <p>${t("confidence.meaning", { percent: number })}</p>`}
      </div>
    </details>`;
}

function details({ answer }) {
  const rows = [
    [t("details.time"), t("details.seconds", { seconds: seconds(answer.timings_ms.total ?? 0) })],
    [t("details.model"), answer.model],
    [t("details.index"), answer.index],
    [t("details.answer"), answer.id],
  ];
  return html`
    <details class="drop">
      <summary>${t("answer.details")}</summary>
      <dl class="dropped">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    </details>`;
}
