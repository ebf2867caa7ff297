// One page: its picture, what is marked on it, and its words, which can be selected; or, without a picture, its text.

import { t } from "../messages.js";
import * as service from "../service.js";
import { html, nothing, render, svg } from "../vendor/lit-html.js";
import { TextLayer } from "./text_layer.js";

export class Paper {
  constructor({ documentId, name, hasPicture }, { page, width, height }, failed) {
    Object.assign(this, { documentId, name, hasPicture, page, width, height, failed });
    this.element = Object.assign(document.createElement("div"), { className: hasPicture ? "paper" : "paper text" });
    this.element.dataset.page = page;
    this.element.style.setProperty("--width", width);
    this.element.style.setProperty("--height", height);
    Object.assign(this, { picture: null, text: null, layer: null, problem: null, drawing: false });
    Object.assign(this, { quote: null, others: [], hits: [], hit: null });
  }

  // `picture` is the address of its picture, where it has been loaded already.
  async draw(picture) {
    if (picture) this.picture = picture;
    if (this.hasPicture ? this.picture && this.layer : this.text !== null) return this.render();
    if (this.drawing) return this.render();
    this.drawing = true;
    this.render();
    try {
      if (this.hasPicture && !this.picture) {
        this.picture = await service.decodedPicture(this.documentId, this.page);
        this.render();
      }
      const words = await service.words(this.documentId, this.page);
      // It has been cleared meanwhile.
      if (!this.drawing) return;
      this.text = words.text;
      if (this.hasPicture) this.layer = new TextLayer(this, words);
      this.problem = null;
    } catch (problem) {
      this.problem = problem;
      this.failed(problem);
    }
    this.drawing = false;
    this.render();
  }

  // A page that is far away costs nothing but its place.
  clear() {
    Object.assign(this, { picture: null, layer: null, drawing: false });
    if (this.hasPicture) render(nothing, this.element);
  }

  // The citation that is shown, and the others of its answer.
  mark({ page, start, end, boxes, near, citations, documentId, text }) {
    this.quote = page === this.page && end ? { start, end, boxes, near } : null;
    if (page === this.page && !this.hasPicture) this.text = text;
    this.others = (citations ?? []).filter(
      (each) => each.document_id === documentId && each.page === this.page && !(page === this.page && each.start === start && each.end === end),
    );
    this.renderAgain();
  }

  markFound(hits, now) {
    if (!hits.length && !this.hits.length) return;
    Object.assign(this, { hits, hit: now });
    this.renderAgain();
  }

  // What has not been drawn yet is marked when it is.
  renderAgain() {
    if (this.picture || this.text !== null) this.render();
  }

  render() {
    if (this.hasPicture) render(this.picture || this.problem ? this.drawn() : nothing, this.element);
    else render(this.words(), this.element);
  }

  drawn() {
    if (this.problem) return html`<p class="unshown">${t("viewer.notRendered")} ${this.problem.message}</p>`;
    return html`
      <img src=${this.picture} alt=${t("viewer.picture", this)} width=${this.width} height=${this.height}>
      <svg class="marks" viewBox="0 0 ${this.width} ${this.height}" aria-hidden="true">
        ${this.others.map((each) => each.boxes.map((box) => rectangle(box, "other")))}
        ${this.hits.map((each) => each.boxes.map((box) => rectangle(box, each === this.hit ? "found now" : "found")))}
        ${this.quote?.boxes.map((box) => rectangle(box, this.quote.near ? "quote near" : "quote")) ?? nothing}
      </svg>
      ${this.layer?.element ?? nothing}`;
  }

  // Offsets count characters; strings of JavaScript are cut by units of UTF-16.
  words() {
    if (this.text === null) return html`<p class="quiet">${t("viewer.loading")}</p>`;
    const characters = Array.from(this.text);
    const marks = [...(this.quote ? [{ ...this.quote, name: this.quote.near ? "quote near" : "quote" }] : []),
      ...this.hits.map((each) => ({ ...each, name: each === this.hit ? "found now" : "found" }))];
    let at = 0;
    const parts = [];
    for (const { start, end, name } of marks.sort((one, other) => one.start - other.start)) {
      if (start < at) continue;
      parts.push(characters.slice(at, start).join(""), html`<mark class=${name}>${characters.slice(start, end).join("")}</mark>`);
      at = end;
    }
    return html`<pre>${parts}${characters.slice(at).join("")}</pre>`;
  }

  // Scrolls to what is marked in a text.
  toMark() {
    const mark = this.element.querySelector("mark.now") ?? this.element.querySelector("mark.quote");
    mark?.scrollIntoView({ block: "center" });
  }

  // The text of what is selected of it; empty where nothing is.
  selected(selection) {
    return this.layer?.selected(selection) ?? "";
  }
}

function rectangle([left, top, right, bottom], name) {
  return svg`<rect class=${name} x=${left} y=${top} width=${right - left} height=${bottom - top} rx="1.5"></rect>`;
}
