// Settings of the person at this browser, the keys of the keyboard, and what this service is.

import { copy } from "./clipboard.js";
import { t, takeLanguage } from "./messages.js";
import { CHOICES, prefer, preference } from "./preferences.js";
import { changed, state } from "./state.js";
import { html, nothing } from "./vendor/lit-html.js";
import { size } from "./wording.js";

const KEYS = { question: ["/"], close: ["Esc"], turn: ["←", "→"], zoom: ["+", "−"] };
const LENGTHS = ["short", "normal", "full"];
const STRICTNESSES = ["strict", "normal", "lenient"];

export function settings() {
  return html`
    <section class="panel settings" aria-label=${t("settings.title")}>
      <h2>${t("settings.title")}</h2>
      <p class="quiet">${t("settings.kept")}</p>
      ${choice("length", LENGTHS, (value) => t(`settings.length.${value}.text`))}
      ${choice("strictness", STRICTNESSES, (value) => t(`settings.strictness.${value}.text`))}
      ${state.info ? model(state.info.language_model) : nothing}
      ${choice("language", CHOICES.language, undefined, async (value) => {
        prefer("language", value);
        await takeLanguage();
        changed();
      })}
      ${choice("theme", CHOICES.theme)}
      ${choice("size", CHOICES.size)}
      <h3>${t("settings.keys")}</h3>
      <dl class="keys">${Object.entries(KEYS).map(
        ([name, keys]) => html`<div><dt>${keys.map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${t(`settings.keys.${name}`)}</dd></div>`,
      )}</dl>
      ${state.info ? service() : nothing}
    </section>`;
}

function choice(name, values, hint, choose = (value) => changed(prefer(name, value))) {
  return html`
    <fieldset>
      <legend>${t(`settings.${name}`)}</legend>
      ${values.map(
        (value) => html`<label class="choice"><input type="radio" name=${name} value=${value} .checked=${preference(name) === value}
          @change=${() => choose(value)}> <span>${t(`settings.${name}.${value}`)}${hint ? html` <span class="quiet">${hint(value)}</span>` : nothing}</span></label>`,
      )}
    </fieldset>`;
}

// One model is loaded, so that there is nothing to choose here: what answers, and what could.
function model({ name, title, licence, kind, measured, better }) {
  return html`
    <section class="model" aria-labelledby="model-title">
      <h3 id="model-title">${t("settings.model")}</h3>
      <p><b class="title">${title ?? name}</b>${licence ? html` <span class="quiet">${t("settings.model.licence", { licence })}</span>` : nothing}</p>
      <p class="quiet">${t(`settings.model.${kind}`)} ${t(measured ? "settings.model.measured" : "settings.model.unmeasured")}</p>
      ${better ? betterModel(better) : html`<p class="quiet">${t("settings.model.one")}</p>`}
    </section>`;
}

function betterModel({ title, licence, download_bytes: bytes, measured, commands }) {
  return html`
    <details>
      <summary class="quiet">${t("settings.model.better", { title })}</summary>
      <p class="quiet">${t("settings.model.one")} ${t("settings.model.try", { size: size(bytes), licence })}
        ${measured ? nothing : t("settings.model.judged")}</p>
      <pre class="commands"><code>${commands.join("\n")}</code></pre>
      <button type="button" class="link" @click=${() => copy(commands.join("\n"), t("settings.model.copied"))}>${t("settings.model.copy")}</button>
    </details>`;
}

function service() {
  const rows = [[t("settings.version"), state.info.version], [t("details.index"), state.index ?? "–"]];
  return html`
    <h3>${t("settings.service")}</h3>
    <dl class="dropped">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
