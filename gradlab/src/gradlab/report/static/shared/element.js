// Elements, made in one call. Styles are set through the object model: the content security policy forbids attributes.

/**
 * Make an element with its properties and children.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties} [properties] `on…` are listeners, `style` is an object, the rest attributes; false and null are
 *   left out.
 * @param {...Child} children null and false are left out.
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) setProperty(element, name, value);
  element.append(...present(children));
  return element;
}

/**
 * Replace the children of an element.
 *
 * @template {Element} Parent
 * @param {Parent} element
 * @param {...Child} children null and false are left out.
 */
export function fill(element, ...children) {
  element.replaceChildren(...present(children));
  return element;
}

/** @param {string} text @returns {Child[]} the text, with what stands between backticks as code. */
export const withCode = (text) => text.split("`").map((part, i) => (i % 2 ? h("code", {}, part) : part));

/** @param {HTMLElement} element @param {string} name @param {any} value */
function setProperty(element, name, value) {
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "style") for (const [key, to] of Object.entries(value)) element.style.setProperty(key, String(to));
  else if (name === "value") /** @type {HTMLInputElement} */ (element).value = value;
  else if (value === true) element.setAttribute(name, "");
  else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
}

/** @param {Child[]} children @returns {(Node | string)[]} */
function present(children) {
  const flat = /** @type {any[]} */ (children).flat(Infinity);
  return /** @type {(Node | string)[]} */ (
    flat.filter((child) => child !== null && child !== false && child !== undefined)
  );
}
