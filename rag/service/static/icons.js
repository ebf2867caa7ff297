// Icons: drawings of 24 by 24, in the colour of the text.

import { html, nothing, svg } from "./vendor/lit-html.js";

const PATHS = {
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM15.5 15.5 20 20",
  guide: "M5 4h9l5 5v11H5ZM14 4v5h5M8.5 12.5h7M8.5 16h5",
  close: "M6 6l12 12M18 6 6 18",
  left: "M14.5 6 8.5 12l6 6",
  right: "M9.5 6l6 6-6 6",
  minus: "M6 12h12",
  plus: "M6 12h12M12 6v12",
  link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1-1",
  file: "M14 4h6v6M20 4l-9 9M18 14v5H5V6h5",
  folder: "M4 6h6l2 2.5h8V19H4Z",
  columns: "M4 5h16v14H4ZM12 5v14",
  edit: "M5 19l1-4L16 5l3 3L9 18l-4 1ZM14 7l3 3",
  save: "M12 4v11M7 11l5 5 5-5M5 20h14",
  print: "M7 9V4h10v5M7 18H4v-9h16v9h-3M7 14h10v6H7Z",
  trash: "M5 7h14M10 4h4M7 7l1 13h8l1-13M10 11v5M14 11v5",
  copy: "M9 9h11v11H9ZM15 9V4H4v11h5",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4ZM9 14.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4Z",
};

export const icon = (name) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${svg`<path d=${PATHS[name]}></path>`}</svg>`;

const KINDS = { pdf: "pdf", docx: "doc", md: "md", markdown: "md", html: "web", htm: "web", txt: "txt", text: "txt" };

// A sheet with the kind of a file, by the end of its name.
export function fileIcon(name) {
  const kind = KINDS[name.split(".").at(-1).toLowerCase()];
  return html`
    <svg class="filetype ${kind ?? ""}" viewBox="0 0 32 40" aria-hidden="true">
      <path d="M4 1h17l8 8v27a3 3 0 0 1-3 3H4a3 3 0 0 1-3-3V4a3 3 0 0 1 3-3Z"></path><path class="fold" d="M21 1v8h8"></path>
      ${kind ? svg`<text x="15" y="29" text-anchor="middle">${kind}</text>` : nothing}
    </svg>`;
}
