// A document is removed: a button, and a question before anything happens.

import { t } from "../messages.js";
import { changedNow, state } from "../state.js";
import { icon } from "../icons.js";
import { html, nothing } from "../vendor/lit-html.js";
import { remove } from "./sending.js";

export function removalButton(name) {
  const label = t("adding.remove", { name });
  const begin = () => {
    changedNow({ removing: { name }, removed: "" });
    document.querySelector(".removal button")?.focus();
  };
  return html`<button type="button" class="icon-button" data-name=${name} aria-label=${label} title=${label} @click=${begin}>${icon("trash")}</button>`;
}

export function removal(name) {
  if (state.removing?.name !== name) return nothing;
  const busy = Boolean(state.adding?.busy);
  const keep = () => {
    changedNow({ removing: null });
    document.querySelector(`.documents button[data-name="${CSS.escape(name)}"]`)?.focus();
  };
  const pressed = (event) => {
    if (event.key !== "Escape" || busy) return;
    event.stopPropagation();
    keep();
  };
  return html`
    <div class="removal" role="group" aria-label=${t("adding.remove", { name })} @keydown=${pressed}>
      <p>${busy ? t("adding.remove.busy") : t("adding.remove.sure")}</p>
      ${state.removing.problem ? html`<p class="fault" role="alert">${state.removing.problem}</p>` : nothing}
      <span class="actions"><button type="button" ?disabled=${busy} @click=${() => remove(name)}>${t("adding.remove.yes")}</button>
        <button type="button" ?disabled=${busy} @click=${keep}>${t("adding.remove.no")}</button></span>
    </div>`;
}
