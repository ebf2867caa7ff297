// The page before the first question: what it can do, questions to try, and how documents come in.

import { sentencesView } from "../answer/answer_view.js";
import { isMadeOf } from "../answer/reference.js";
import { target } from "../adding/adding_view.js";
import { isEmpty, isEnabled } from "../adding/sending.js";
import { summaryOf, topics } from "../guide/guide_view.js";
import { known, t } from "../messages.js";
import * as service from "../service.js";
import { changed, state } from "../state.js";
import { html, nothing } from "../vendor/lit-html.js";
import { oneLine } from "../wording.js";

// Documents whose headings are looked at: the examples must not cost anything.
const LOOKED_AT = 3;
const MOST_PAGES = 400;
const LONGEST_TITLE = 70;
const MOST = 3;
// Headings of two to six words that name a matter, and are no part of every book.
const HEADING = /^\p{L}[\p{L}\p{N}'’-]*(?: [\p{L}\p{N}'’-]+){1,5}$/u;
const SENTENCE = /^(?:about|after|an?|before|can|do|does|how|i[fn]|is|on|our|the|to|what|when|where|which|who|why|you|your)\b/i;
const EVERYWHERE = /\b(?:contents|introduction|chapter|appendix|section|part|page|table|figure|index|references|copyright|preface|summary)\b/i;

let madeFor = null;

const madeOf = () => `${state.chosen} ${state.index}`;

export function welcome(ask) {
  const count = state.documents.length;
  if (count && madeOf() !== madeFor) examine(state.index);
  const examples = examplesNow();
  return html`
    <section class="welcome">
      <h1>${t("welcome.title")}</h1>
      <p class="lead">${t("welcome.lead")}</p>
      ${state.trouble && !isEmpty() ? html`<p class="notice" role="alert">${state.trouble}</p>` : nothing}
      ${count ? html`<p class="ready">${t("welcome.ready", { count })}</p>` : nothing}
      ${count ? about() : nothing}
      ${isEmpty() ? html`<p class="ready empty">${t("welcome.empty")}</p>${isEnabled() ? target() : html`<p class="notice">${t("page.nowhere")}</p>`}` : nothing}
      ${examples.length ? examplesView(examples, ask) : nothing}
      ${abilities()}
      ${isEnabled() && !isEmpty() ? drop() : nothing}
    </section>`;
}

// Questions that the service has tried come before those that were only made of headings.
function examplesNow() {
  const tried = (state.collection?.questions ?? []).map(({ question }) => question);
  return [...new Set([...tried.slice(0, MOST), ...state.examples])].slice(0, MOST);
}

// What the documents are, and say, as far as their guides are made.
function about() {
  const told = state.collection;
  if (!told?.ready) return nothing;
  const facts = [t("documents.pages", { count: told.pages }), ...told.kinds.map(({ name, count }) => t("guide.count", { count, name: known(`kind.${name}`, name) }))];
  return html`
    <details class="about">
      <summary>${t("guide.about")}</summary>
      <p class="facts">${facts.map((fact) => html`<span>${fact}</span>`)}</p>
      ${told.summary.length ? sentencesView(summaryOf(told)) : nothing}
      ${told.topics.length ? topics(told.topics) : nothing}
    </details>`;
}

function examplesView(examples, ask) {
  return html`
    <h2 id="try">${t("welcome.try")}</h2>
    <ul class="examples" aria-labelledby="try">
      ${examples.map((question) => html`<li><button type="button" class="example" @click=${() => ask(question)}>${question}</button></li>`)}
    </ul>`;
}

function abilities() {
  return html`
    <h2>${t("welcome.can")}</h2>
    <dl class="abilities">
      ${["facts", "forms", "whole"].map((name) => html`<div><dt>${t(`welcome.${name}`)}</dt><dd>${t(`welcome.${name}.text`)}</dd></div>`)}
    </dl>`;
}

function drop() {
  const suffixes = state.info.adding.suffixes.join(", ");
  return html`
    <p class="invitation">${t("welcome.add", { suffixes })}
      <button type="button" class="link" @click=${() => changed({ panel: "adding" })}>${t("welcome.choose")}</button></p>`;
}

// Questions from the titles and headings of some documents; none of these could be read: one about the collection.
async function examine(index) {
  madeFor = madeOf();
  const { chosen } = state;
  changed({ examples: questionsOf(state.documents, []) });
  const some = state.documents.filter((each) => each.pages <= MOST_PAGES).slice(0, LOOKED_AT);
  const looked = await Promise.all(some.map(({ id }) => service.pages(id, index).catch(() => ({ pages: [] }))));
  const headings = looked.map(({ pages }, place) => ({ document: some[place], headings: headingsOf(pages, some[place]) }));
  if (state.index === index && state.chosen === chosen) changed({ examples: questionsOf(state.documents, headings) });
}

// Each once: what stands on many pages is a running header.
function headingsOf(pages, document) {
  const seen = new Map();
  for (const page of pages) for (const { text } of page.headings) seen.set(text, (seen.get(text) ?? 0) + 1);
  const isOwn = ([text, times]) => times === 1 && HEADING.test(text) && !SENTENCE.test(text) && !EVERYWHERE.test(text) && !isIn(text, document.title);
  return [...seen].filter(isOwn).map(([text]) => text);
}

const isIn = (text, title) => text.toLowerCase().split(" ").every((word) => title.toLowerCase().includes(word));

// The title, or where it is long, or none, the name of the file in words.
function titleOf({ title, name }) {
  const words = oneLine(title);
  const file = name.split("/").at(-1);
  if (isMadeOf(words, name)) return file;
  return words.length > LONGEST_TITLE ? oneLine(file.replace(/\.[^.]*$/, "").replace(/_/g, " ")) : words;
}

function questionsOf(documents, looked) {
  const [first] = documents;
  const found = looked.filter((each) => each.headings.length);
  const says = found.at(-1);
  const mention = found[0];
  const middle = says ? says.headings[Math.floor(says.headings.length / 2)] : "";
  // Of a single document, another heading.
  const other = documents.length === 1 && says?.headings.find((heading) => heading !== middle);
  return [
    first ? t("welcome.summarise", { title: titleOf(first) }) : "",
    says ? t("welcome.says", { title: titleOf(says.document), heading: middle }) : "",
    found.length > 1 ? t("welcome.mention", { heading: mention.headings[0] }) : "",
    other ? t("welcome.says", { title: titleOf(first), heading: other }) : "",
    documents.length > 1 ? t("welcome.collection") : "",
    first ? t("welcome.about", { title: titleOf(documents.at(-1)) }) : "",
    first ? t("welcome.collection") : "",
  ].filter((question, place, all) => question && all.indexOf(question) === place).slice(0, MOST);
}
