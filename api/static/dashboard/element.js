// Elements, made in one call. Styles are set through the object model: the content security policy forbids attributes.

/**
 * An element with its properties and children.
 *
 * @param {string} tag its name.
 * @param {object} properties `on…` are listeners, `class` and the rest attributes (false and null: none), `style` an object.
 * @param {...(Node|string|number|null|false|Array)} children what it holds; null and false are left out.
 */
export function h(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, to] of Object.entries(value)) made.style.setProperty(key, to);
    else if (name === "value") made.value = value;
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...present(children));
  return made;
}

/** Replace what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...present(children));
  return element;
}

function present(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== false && child !== undefined);
}

/** Ask a yes-or-no question in a dialog; resolves to whether the answer was yes. */
export function confirmed(question, yes) {
  return new Promise((resolve) => {
    const close = (answer) => () => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    const dialog = h(
      "dialog",
      { "aria-label": question, oncancel: close(false) },
      h("p", {}, question),
      h(
        "div",
        { class: "row end" },
        h("button", { type: "button", onclick: close(false) }, "Keep it"),
        h("button", { type: "button", class: "danger", onclick: close(true) }, yes),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Ask for a line of text in a dialog; resolves to null where it was dismissed. */
export function asked(question, label) {
  return new Promise((resolve) => {
    const input = h("input", { type: "password", autocomplete: "off", required: true, id: "asked" });
    const end = (answer) => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    const dialog = h(
      "dialog",
      { "aria-label": question, oncancel: () => end(null) },
      h(
        "form",
        {
          onsubmit: (event) => {
            event.preventDefault();
            end(input.value);
          },
        },
        h("p", {}, question),
        h("label", { for: "asked" }, label),
        input,
        h("div", { class: "row end" }, h("button", { class: "primary" }, "Use it")),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}
