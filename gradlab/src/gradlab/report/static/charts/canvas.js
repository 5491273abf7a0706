// The common needs of drawings on a canvas.

/**
 * The context that draws on a canvas.
 *
 * @param {HTMLCanvasElement} canvas
 */
export function penOf(canvas) {
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("This browser does not draw on a canvas.");
  return pen;
}

/**
 * Give a canvas a size, empty it, and draw in units of the style sheet's pixels.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
export function cleared(canvas, width, height) {
  const ratio = pixelRatio();
  [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
  const pen = penOf(canvas);
  pen.scale(ratio, ratio);
  return pen;
}

/** The pixels of the screen in one pixel of the style sheet, along an edge. */
export const pixelRatio = () => devicePixelRatio || 1;

/**
 * Draw an image at another size.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {ImageData} image
 * @param {[number, number, number, number]} box left, top, width and height.
 * @param {boolean} smooth false draws every pixel as a rectangle.
 */
export function drawScaled(pen, image, [left, top, width, height], smooth) {
  const small = new OffscreenCanvas(image.width, image.height);
  const context = small.getContext("2d");
  if (!context) throw new Error("This browser does not draw on a canvas.");
  context.putImageData(image, 0, 0);
  pen.imageSmoothingEnabled = smooth;
  pen.drawImage(small, left, top, width, height);
}

/**
 * Act once before the next frame, however often it is asked for.
 *
 * @param {() => void} act
 * @param {AbortSignal} signal ends it.
 */
export function oncePerFrame(act, signal) {
  /** @type {number | null} */
  let waiting = null;
  return () => {
    waiting ??= requestAnimationFrame(() => {
      waiting = null;
      if (!signal.aborted) act();
    });
  };
}

/** @type {AbortSignal | undefined} of the page on which is drawn; a report's one page is left by closing it. */
let page;

/**
 * Name the page to which the charts belong that are made from now on.
 *
 * @param {AbortSignal} signal of the page: once it is left, its charts are drawn no more, and nothing holds them.
 */
export function drawOn(signal) {
  page = signal;
}

/** @param {() => unknown} redraw is called when the page has another theme, until it is left. */
export function redrawOnTheme(redraw) {
  window.addEventListener("themechange", () => redraw(), { signal: page });
}

/**
 * Draw again when an element has another size, or the page another theme.
 *
 * @param {Element} element
 * @param {() => unknown} redraw
 */
export function redrawOnChange(element, redraw) {
  new ResizeObserver(() => redraw()).observe(element);
  redrawOnTheme(redraw);
}
