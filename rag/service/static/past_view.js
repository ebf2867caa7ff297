// Earlier conversations of this browser.

import { begin, reopen } from "./asking.js";
import { forget } from "./history.js";
import { changed, state } from "./state.js";
import { html, nothing } from "./vendor/lit-html.js";
import { ago, count } from "./wording.js";

export function pastConversations() {
  return html`
    <section class="panel" aria-label="Earlier questions">
      <h2>Earlier questions</h2>
      <p class="quiet">Kept in this browser only.</p>
      <ul class="past">
        ${state.past.map(
          (conversation) => html`
            <li>
              <button type="button" class="link name" @click=${() => reopen(conversation)}>${conversation.turns[0]?.question}</button>
              <p class="quiet">${count(conversation.turns.length, "question")}, ${ago(conversation.time)}</p>
            </li>`,
        )}
      </ul>
      ${state.past.length
        ? html`<button type="button" class="link" @click=${forgotten}>Forget all</button>`
        : html`<p class="quiet">None yet.</p>`}
    </section>`;
}

function forgotten() {
  begin();
  changed({ past: forget(), panel: "history" });
}
