/**
 * The glyphs that pdf.js draws on a page, each with its font and two points of it on the page as it is shown, in
 * shares of its width and height: read from the drawing instructions, not from the text layer.
 */
import * as pdfjs from "./pdf.mjs";

pdfjs.GlobalWorkerOptions.workerSrc = new URL("./pdf.worker.mjs", import.meta.url).href;

const { OPS } = pdfjs;
const IDENTITY = [1, 0, 0, 1, 0, 0];
/** A glyph is marked when it is at both of these heights above its baseline, in font sizes. */
const HEIGHTS = [0.08, 0.45];
/** TeX's large signs hang below their baseline. */
const HANGING = [-0.2, -0.7];
let open = { address: "", pdf: null };

export async function glyphsOf(address, cMapUrl, number) {
  if (open.address !== address) {
    await open.pdf?.loadingTask.destroy();
    const given = { url: address, cMapUrl, cMapPacked: true, verbosity: 0 };
    open = { address, pdf: await pdfjs.getDocument(given).promise };
  }
  const page = await open.pdf.getPage(number);
  const list = await page.getOperatorList();
  for (const name of fontNames(list)) {
    while (!page.commonObjs.has(name)) await new Promise((done) => setTimeout(done, 10));
  }
  return shown(page, list);
}

function fontNames({ fnArray, argsArray }) {
  const names = new Set();
  for (const [index, code] of fnArray.entries()) {
    if (code === OPS.setFont) names.add(argsArray[index][0]);
    if (code === OPS.setGState)
      for (const [key, value] of argsArray[index][0]) if (key === "Font") names.add(value[0]);
  }
  return names;
}

function shown(page, { fnArray, argsArray }) {
  const viewport = page.getViewport({ scale: 1 });
  const found = [];
  const stack = [];
  let state = {
    matrix: IDENTITY, font: null, size: 0, direction: 1, character: 0, word: 0, across: 1,
    leading: 0, rise: 0, text: IDENTITY, x: 0, y: 0, lineX: 0, lineY: 0,
  };
  const font = (name, size) => {
    state.font = page.commonObjs.get(name);
    state.direction = size < 0 ? -1 : 1;
    state.size = Math.abs(size);
  };
  const move = (x, y) => {
    state.x = state.lineX += x;
    state.y = state.lineY += y;
  };
  const show = (glyphs) => {
    const scale = state.size * (state.font?.fontMatrix ?? [0.001])[0];
    const isVertical = state.font?.vertical ?? false;
    let at = 0;
    for (const glyph of glyphs) {
      if (typeof glyph === "number") {
        at += ((isVertical ? 1 : -1) * glyph * state.size) / 1000;
        continue;
      }
      const spacing = (glyph.isSpace ? state.word : 0) + state.character;
      const metric = glyph.vmetric ?? state.font?.defaultVMetrics;
      const width = (isVertical ? -(metric?.[0] ?? glyph.width) : glyph.width) * scale;
      const advance = width + (isVertical ? -1 : state.direction) * spacing;
      const middle = at + width / 2;
      const heights = /CMEX/i.test(state.font?.name ?? "") ? HANGING : HEIGHTS;
      const points = heights.map((height) =>
        isVertical
          ? [state.x, state.y - middle]
          : [
              state.x + middle * state.across * state.direction,
              state.y + state.rise + state.size * height,
            ],
      );
      const matrix = product(state.matrix, state.text);
      found.push({
        text: named(glyph.unicode),
        font: state.font?.name ?? "",
        points: points.map((at) => placed(viewport, matrix, at)),
      });
      at += advance;
    }
    if (isVertical) state.y -= at;
    else state.x += at * state.across;
  };
  for (const [index, code] of fnArray.entries()) {
    const given = argsArray[index];
    switch (code) {
      case OPS.save: stack.push({ ...state }); break;
      case OPS.restore: state = stack.pop() ?? state; break;
      case OPS.transform: state.matrix = product(state.matrix, given); break;
      case OPS.paintFormXObjectBegin:
        stack.push({ ...state });
        if (given[0]) state.matrix = product(state.matrix, given[0]);
        break;
      case OPS.paintFormXObjectEnd: state = stack.pop() ?? state; break;
      case OPS.beginAnnotation:
        stack.push({ ...state });
        state.matrix = product(product(IDENTITY, given[2]), given[3]);
        break;
      case OPS.endAnnotation: state = stack.pop() ?? state; break;
      case OPS.beginText:
        Object.assign(state, { text: IDENTITY, x: 0, y: 0, lineX: 0, lineY: 0 });
        break;
      case OPS.setCharSpacing: state.character = given[0]; break;
      case OPS.setWordSpacing: state.word = given[0]; break;
      case OPS.setHScale: state.across = given[0] / 100; break;
      case OPS.setLeading: state.leading = -given[0]; break;
      case OPS.setTextRise: state.rise = given[0]; break;
      case OPS.setFont: font(given[0], given[1]); break;
      case OPS.setGState:
        for (const [key, value] of given[0]) if (key === "Font") font(value[0], value[1]);
        break;
      case OPS.moveText: move(given[0], given[1]); break;
      case OPS.setLeadingMoveText: state.leading = given[1]; move(given[0], given[1]); break;
      case OPS.nextLine: move(0, state.leading); break;
      case OPS.setTextMatrix:
        Object.assign(state, { text: [...(given.length === 1 ? given[0] : given)], x: 0, y: 0, lineX: 0, lineY: 0 });
        break;
      case OPS.showText: show(given[0]); break;
    }
  }
  return found;
}

/** What a glyph means; a box for one of which its font does not say it. */
function named(text) {
  return /^[\p{Cc}\p{Co}\p{Cn}]*$/u.test(text) ? "\u25a1" : text;
}

function product(one, other) {
  return [
    one[0] * other[0] + one[2] * other[1], one[1] * other[0] + one[3] * other[1],
    one[0] * other[2] + one[2] * other[3], one[1] * other[2] + one[3] * other[3],
    one[0] * other[4] + one[2] * other[5] + one[4], one[1] * other[4] + one[3] * other[5] + one[5],
  ];
}

function placed(viewport, matrix, [x, y]) {
  const user = [matrix[0] * x + matrix[2] * y + matrix[4], matrix[1] * x + matrix[3] * y + matrix[5]];
  const [left, top] = viewport.convertToViewportPoint(...user);
  return { x: left / viewport.width, y: top / viewport.height };
}
