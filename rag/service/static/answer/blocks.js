// Blocks of an answer: consecutive sentences that are shown as one element, as rag/answering/markdown_text.py has them.

const SHAPES = { lead: "paragraph", detail: "paragraph", step: "steps", item: "items", row: "table" };
// A text before a colon that is longer is a clause, and no label.
const LABEL = /^[^\s.!?:;|][^.!?:;|]{0,59}(?=:\s)/;

export const oneLine = (text) => text.replace(/\s+/g, " ").trim();

// A lead begins a paragraph. Steps are numbered on after a detail, and from 1 after another lead.
export function blocksOf(sentences) {
  const blocks = [];
  let number = 1;
  for (const sentence of sentences) {
    const shape = SHAPES[sentence.kind] ?? "paragraph";
    if (sentence.kind === "lead") number = 1;
    if (blocks.at(-1)?.shape !== shape || sentence.kind === "lead") blocks.push({ shape, number, sentences: [] });
    blocks.at(-1).sentences.push(sentence);
    if (shape === "steps") number += 1;
  }
  return blocks;
}

// Cells of each row of a table, as many as the head has.
export function rowsOf({ sentences }) {
  const rows = sentences.map((sentence) => cellsOf(sentence.text));
  const columns = rows[0].length;
  return rows.map((cells) => {
    const kept = cells.slice(0, columns);
    if (cells.length > columns) kept[columns - 1] = cells.slice(columns - 1).join(" ");
    while (kept.length < columns) kept.push("");
    return kept;
  });
}

// A bar between two cells stands by itself.
const cellsOf = (text) => ` ${text} `.split(/\s\|(?=\s)/).map(oneLine);

// Label of a list item and the rest of its text: "Standard", ": for hot data".
export function labelled(sentence) {
  const text = oneLine(sentence.text);
  const label = sentence.kind === "item" ? (LABEL.exec(text)?.[0] ?? "") : "";
  return [label, text.slice(label.length)];
}

// The sentences as plain text; marksOf(sentence) follows each.
export function plainText(sentences, marksOf = () => "") {
  const lines = ({ shape, number, sentences: said }) => {
    const texts = said.map((sentence) => oneLine(sentence.text) + marksOf(sentence));
    if (shape === "paragraph") return texts.join(" ");
    return texts.map((text, place) => (shape === "steps" ? `${number + place}. ${text}` : shape === "items" ? `- ${text}` : text)).join("\n");
  };
  return blocksOf(sentences).map(lines).join("\n\n");
}
