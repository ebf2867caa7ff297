// Pages of a document, one below the other, in an element that scrolls. Only those near what is seen are drawn.

import { t } from "../messages.js";
import { Paper } from "./paper.js";
import { stepBy, zoomFor } from "./zoom.js";

const MARGIN = 12;
// Pages that stay drawn when they are not near any more.
const DRAWN = 12;

export class Sheets {
  // `turned` is told the page that is seen, `zoomed` that the scale is another, `failed` why a page cannot be drawn.
  constructor(told) {
    this.told = told;
    this.element = Object.assign(document.createElement("div"), { className: "sheet", tabIndex: 0 });
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", t("viewer.page"));
    this.papers = [];
    this.zoom = 100;
    this.chosen = null; // the zoom that a person chose
    this.shown = null;
    this.near = new IntersectionObserver((entries) => this.drawNear(entries), { root: this.element, rootMargin: "60% 0px" });
    this.element.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.element.addEventListener("copy", (event) => this.copied(event));
    new ResizeObserver(() => this.resized()).observe(this.element);
  }

  // Shows a document at a page: what the viewer has loaded.
  show(view) {
    if (this.shown?.documentId !== view.documentId || this.shown.layout !== view.layout) this.build(view);
    this.shown = view;
    this.page = view.page;
    for (const paper of this.papers) paper.mark(view);
    this.paper(view.page).draw(view.picture);
    if (view.hasPicture) this.scaleTo(this.chosen ?? zoomFor(view.boxes, this.fitting(), this.room()));
    this.goTo(view.page, view.boxes);
  }

  build(view) {
    this.near.disconnect();
    for (const paper of this.papers) paper.clear();
    this.papers = view.layout.map((size) => new Paper(view, size, this.told.failed));
    this.drawn = [];
    this.element.replaceChildren(...this.papers.map((paper) => paper.element));
    for (const paper of this.papers) this.near.observe(paper.element);
    this.hits = [];
  }

  paper(page) {
    return this.papers[page - 1];
  }

  drawNear(entries) {
    for (const { isIntersecting, target } of entries) {
      const paper = this.papers[Number(target.dataset.page) - 1];
      if (!isIntersecting || paper?.element !== target) continue;
      paper.draw();
      this.drawn = [...this.drawn.filter((each) => each !== paper), paper];
    }
    while (this.drawn.length > DRAWN) {
      const oldest = this.drawn.shift();
      if (!this.isSeen(oldest)) oldest.clear();
      else this.drawn.push(oldest);
      if (this.drawn.every((each) => this.isSeen(each))) break;
    }
  }

  isSeen({ element }) {
    const { scrollTop, clientHeight } = this.element;
    return element.offsetTop < scrollTop + 2 * clientHeight && element.offsetTop + element.offsetHeight > scrollTop - clientHeight;
  }

  // Scrolls to a page, or to what boxes on it hold, in the middle.
  goTo(page, boxes = []) {
    const paper = this.paper(page);
    if (!paper) return;
    const drawn = paper.draw();
    if (boxes.length) this.centre(paper, boxes);
    else this.element.scrollTo(this.element.scrollLeft, Math.max(0, paper.element.offsetTop - MARGIN));
    this.scrolled();
    // Where text stands is known when it is there.
    if (!paper.hasPicture) drawn.then(() => this.page === page && paper.toMark());
  }

  centre(paper, boxes) {
    const scale = this.scale();
    const [left, top, right, bottom] = around(boxes);
    const { offsetLeft, offsetTop } = paper.element;
    const { clientWidth, clientHeight } = this.element;
    const middle = offsetTop + ((top + bottom) / 2) * scale - clientHeight / 2;
    // A quote that is higher than the window is shown from its beginning.
    const y = (bottom - top) * scale > clientHeight ? offsetTop + top * scale - MARGIN : middle;
    this.element.scrollTo(Math.max(0, offsetLeft + this.leftEdge(paper, left * scale, right * scale, clientWidth)), Math.max(0, y));
  }

  // Where the window begins on a page, so that what stands from `left` to `right` is in it, all in pixels.
  leftEdge({ width }, left, right, room) {
    // The middle of the page shows the lines with their beginning and their end, if they are not much wider.
    const middle = (width * this.scale() - room) / 2;
    if (left >= middle + MARGIN && right <= middle + room - MARGIN) return middle;
    return right - left > room - 2 * MARGIN ? left - MARGIN : (left + right) / 2 - room / 2;
  }

  // The page in the middle of what is seen.
  scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.element;
    if (!this.papers.length || !clientHeight) return;
    // The first and the last are seen, where there is no further to scroll, even if they are short.
    const share = scrollTop / Math.max(1, scrollHeight - clientHeight);
    const middle = scrollTop + clientHeight * (scrollHeight <= clientHeight ? 0 : Math.min(1, Math.max(0, share))) * 0.3 + clientHeight * 0.35;
    let [low, high] = [0, this.papers.length - 1];
    while (low < high) {
      const half = Math.ceil((low + high) / 2);
      if (this.papers[half].element.offsetTop <= middle) low = half;
      else high = half - 1;
    }
    this.page = low + 1;
    this.told.turned(this.page);
  }

  // Pixels per point at which the page fits into the width, and the room for it.
  fitting() {
    return this.room().width / (this.shown?.layout[this.shown.page - 1]?.width ?? 612);
  }

  room() {
    return { width: Math.max(160, this.element.clientWidth - 2 * MARGIN), height: this.element.clientHeight };
  }

  scale() {
    return (this.fitting() * this.zoom) / 100;
  }

  zoomBy(steps) {
    if (!this.shown?.hasPicture) return;
    this.chosen = stepBy(this.zoom, steps);
    this.keepingPlace(() => this.scaleTo(this.chosen));
  }

  fit() {
    this.chosen = 100;
    this.keepingPlace(() => this.scaleTo(this.chosen));
  }

  scaleTo(zoom) {
    this.zoom = zoom;
    this.element.style.setProperty("--scale", this.scale());
    this.told.zoomed();
  }

  // The point in the middle stays there.
  keepingPlace(change) {
    const { scrollLeft, scrollTop, clientWidth, clientHeight, scrollWidth, scrollHeight } = this.element;
    const share = [(scrollLeft + clientWidth / 2) / scrollWidth, (scrollTop + clientHeight / 2) / scrollHeight];
    change();
    this.element.scrollTo(share[0] * this.element.scrollWidth - clientWidth / 2, share[1] * this.element.scrollHeight - clientHeight / 2);
  }

  // Another height, as that of a phone whose address bar goes, changes nothing; nor does the first width.
  resized() {
    const [before, width] = [this.width, this.element.clientWidth];
    this.width = width;
    if (!before || !width || before === width || !this.shown?.hasPicture) return;
    const scale = () => this.scaleTo(this.chosen ?? zoomFor(this.shown.boxes, this.fitting(), this.room()));
    if (!this.seesQuote()) return this.keepingPlace(scale);
    scale();
    this.goTo(this.shown.page, this.shown.boxes);
  }

  // Whether what is quoted is in the window, at the scale that the pages have until now.
  seesQuote() {
    const { boxes, page } = this.shown;
    if (!boxes.length) return false;
    const scale = Number(this.element.style.getPropertyValue("--scale"));
    const [, top, , bottom] = around(boxes);
    const { scrollTop, clientHeight } = this.element;
    const start = this.paper(page).element.offsetTop - scrollTop;
    return start + bottom * scale > 0 && start + top * scale < clientHeight;
  }

  // Occurrences of a search; `now` is the one that is looked at.
  found(hits, now) {
    this.hits = hits;
    for (const paper of this.papers) paper.markFound(hits.filter((hit) => hit.page === paper.page), now);
    if (now) this.goTo(now.page, now.boxes);
  }

  // What is selected is copied as the page's own text has it, not as its words stand beside each other.
  copied(event) {
    const selection = getSelection();
    if (selection.isCollapsed || !this.element.contains(selection.anchorNode)) return;
    const texts = this.papers.map((paper) => paper.selected(selection)).filter(Boolean);
    if (!texts.length) return;
    event.clipboardData.setData("text/plain", texts.join("\n\n"));
    event.preventDefault();
  }
}

export function around(boxes) {
  const side = (place, choose) => choose(...boxes.map((box) => box[place]));
  return [side(0, Math.min), side(1, Math.min), side(2, Math.max), side(3, Math.max)];
}
