// A document for tests without a browser: elements with children, attributes and listeners, and no more than that.

class FakeElement {
  /** @param {string} tag */
  constructor(tag) {
    this.tag = tag;
    this.children = [];
    this.parent = null;
    this.attributes = {};
    this.listeners = {};
    this.isOpen = false;
    this.style = { setProperty: () => {} };
  }

  set hidden(value) {
    this.attributes.hidden = value;
  }

  get textContent() {
    return this.children.map((child) => (typeof child === "string" ? child : child.textContent)).join("");
  }

  set textContent(words) {
    this.replaceChildren(words);
  }

  setAttribute(name, value) {
    this.attributes[name] = value;
  }

  addEventListener(name, listener) {
    this.listeners[name] = listener;
  }

  append(...children) {
    for (const child of children) if (child instanceof FakeElement) child.parent = this;
    this.children.push(...children);
  }

  replaceChildren(...children) {
    for (const child of this.children) if (child instanceof FakeElement) child.parent = null;
    this.children = [];
    this.append(...children);
  }

  remove() {
    this.parent.children = this.parent.children.filter((child) => child !== this);
    this.parent = null;
  }

  showModal() {
    this.isOpen = true;
  }

  close() {
    this.isOpen = false;
  }

  /** @param {(element: FakeElement) => boolean} matches @returns {FakeElement[]} */
  all(matches) {
    const inner = this.children.flatMap((child) => (child instanceof FakeElement ? child.all(matches) : []));
    return matches(this) ? [this, ...inner] : inner;
  }

  /** @param {string} words @returns {FakeElement | undefined} the button with these words. */
  button(words) {
    return this.all(({ tag, textContent }) => tag === "button" && textContent === words)[0];
  }
}

/** @param {string} tag @returns {FakeElement} */
export const element = (tag) => new FakeElement(tag);

/** @returns {{body: FakeElement, createElement: (tag: string) => FakeElement}} */
export const fakeDocument = () => ({ body: element("body"), createElement: element });
