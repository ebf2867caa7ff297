// The words of a page, laid over its picture where they stand, invisible: what is selected there is text.
// As the TextLayer of Mozilla's pdf.js has it, each word is stretched to the width that it has.

const FONT = "sans-serif";
// Pixels, at which widths are measured.
const MEASURED = 32;

const canvas = document.createElement("canvas").getContext("2d");
const widths = new Map();

function widthOf(text) {
  if (!widths.has(text)) {
    if (widths.size > 20000) widths.clear();
    canvas.font = `${MEASURED}px ${FONT}`;
    widths.set(text, canvas.measureText(text).width / MEASURED);
  }
  return widths.get(text);
}

export class TextLayer {
  constructor({ width, height }, { text, words }) {
    this.characters = Array.from(text);
    this.words = words;
    this.element = Object.assign(document.createElement("div"), { className: "text-layer" });
    this.element.append(...words.map((word, place) => this.wordAt(word, words[place + 1], width, height)));
  }

  wordAt([start, end, left, top, right, bottom], next, width, height) {
    const text = this.characters.slice(start, end).join("");
    // Up to the next word of its line, so that a selection has no gaps.
    const goesOn = next && next[2] > left && next[3] < bottom && next[5] > top && next[2] - right < 3 * (bottom - top);
    const shown = goesOn && next[0] > end ? `${text} ` : text;
    const span = Object.assign(document.createElement("span"), { textContent: shown });
    span.dataset.start = start;
    const high = bottom - top;
    const wide = (goesOn ? next[2] : right) - left;
    Object.assign(span.style, {
      left: `${(100 * left) / width}%`,
      top: `${(100 * top) / height}%`,
      fontSize: `calc(var(--scale) * ${high.toFixed(2)}px)`,
      transform: `scaleX(${(wide / Math.max(0.01, widthOf(shown) * high)).toFixed(4)})`,
    });
    return span;
  }

  // The part of the page's text that is selected; empty where nothing is.
  selected(selection) {
    const range = selection.getRangeAt(0);
    if (!range.intersectsNode(this.element)) return "";
    const spans = [...this.element.children].filter((span) => range.intersectsNode(span));
    if (!spans.length) return "";
    const from = this.offset(spans[0], range.startContainer, range.startOffset, 0);
    const to = this.offset(spans.at(-1), range.endContainer, range.endOffset, Infinity);
    return this.characters.slice(from, to).join("");
  }

  // Where a selection begins or ends in the text: within a word, or at its side.
  offset(span, node, place, otherwise) {
    const start = Number(span.dataset.start);
    const end = this.words[[...this.element.children].indexOf(span)][1];
    if (!span.contains(node)) return otherwise ? end : start;
    if (node === span) return place ? end : start;
    return Math.min(end, start + Array.from(node.data.slice(0, place)).length);
  }
}
