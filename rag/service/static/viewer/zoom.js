// How large a page is shown: in percent of the width of the window.

export const ZOOMS = [50, 75, 100, 125, 150, 200, 250, 300, 400];

// Pixels that a line should be high to be read, and the least that is allowed so that a whole line can be seen.
const READABLE = 15;
const LEGIBLE = 12;

// Share of a page's width that its text has, about.
const TEXT_WIDTH = 0.8;

// The zoom at which a quote can be read, with the lines that it stands in: `boxes` in points, `fitting` in pixels per
// point, at which the page is as wide as the room.
export function zoomFor(boxes, fitting, room) {
  if (!boxes.length) return 100;
  const heights = boxes.map(([, top, , bottom]) => bottom - top).sort((one, other) => one - other);
  const height = Math.max(1, heights[Math.floor(heights.length / 2)]);
  const width = Math.max((TEXT_WIDTH * room.width) / fitting, ...boxes.map(([left, , right]) => right - left));
  const needed = (pixels) => (100 * pixels) / (height * fitting);
  const wholeLine = (100 * room.width) / (width * fitting);
  const wanted = Math.max(needed(LEGIBLE), Math.min(needed(READABLE), wholeLine));
  if (wanted <= 100) return 100;
  return ZOOMS.find((zoom) => zoom >= wanted * 0.95) ?? ZOOMS.at(-1);
}

export function stepBy(zoom, steps) {
  const place = ZOOMS.findIndex((each) => each >= zoom);
  return ZOOMS[Math.min(ZOOMS.length - 1, Math.max(0, place + steps))];
}
